package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// k6's summary keeps every value of every trend, about 160 bytes a request, for as long as it runs. It is off, then, unless
// somebody is there to read it: a bare script's handleSummary, or who asks for it by a flag. k6 then judges the thresholds as
// well as brunt does, because handleSummary is told of them. In an experiment it stays off: its load may last for hours.

const handleSummary = "handleSummary"

// mayHandleSummary fits a script that names handleSummary, or hands on exports that it does not name.
var mayHandleSummary = regexp.MustCompile(handleSummary + `|export\s*\*|module\.exports`)

// handlesSummary says whether a script exports handleSummary, as k6 itself reads it.
func handlesSummary(ctx context.Context, exe string, s Script) (bool, error) {
	path, err := absolute(s)
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, nil // not a file: k6 has loaded it from the network
	}
	named := bytes.Contains(text, []byte(handleSummary))
	if filepath.Ext(path) == archive || !mayHandleSummary.Match(text) {
		return named, nil
	}
	exported, err := exportsSummary(ctx, exe, s, path)
	if errors.As(err, new(*ScriptError)) {
		return named, nil // as a module it is not what it is as a script
	}
	return exported, err
}

// archive is the extension of what `k6 archive` makes of a script.
const archive = ".tar"

// exportsSummary lets k6 load the script as a module. k6 tells of a script's metrics and of nothing else it defines, so that
// a metric is what says it.
func exportsSummary(ctx context.Context, exe string, s Script, path string) (bool, error) {
	const sign = "brunt_" + handleSummary
	s.Bare, s.Path = true, "-"
	in, err := inspect(ctx, exe, s, fmt.Sprintf(`import * as script from %s;
import { Counter } from 'k6/metrics';
import 'k6/x/brunt';
if (script.%[2]s || (script.default || {}).%[2]s) new Counter(%[3]s);
export default function () {}
`, quoted((&url.URL{Scheme: "file", Path: path}).String()), handleSummary, quoted(sign)))
	return in.Metrics[sign] != "", err
}

// summaryOn says whether k6's own summary is on in runs of the script. The last word of the flags counts; where they say
// nothing, it is for the script to say.
func (s Script) summaryOn(handled bool) bool {
	on := handled && s.Bare
	for i, flag := range s.Flags {
		name, value, inside := strings.Cut(flag, "=")
		if !inside && i+1 < len(s.Flags) {
			value = s.Flags[i+1]
		}
		switch {
		case name == "--no-summary" && (!inside || value == "true"):
			return false // k6 lets it go before all else
		case name == "--summary-mode":
			on = value != "disabled"
		case name == "--summary-export" && value != "":
			on = true
		}
	}
	return on
}

// summaryArguments leave out of k6 what costs memory and nobody reads.
func (in Inspection) summaryArguments() []string {
	if in.Summary {
		return []string{"--summary-mode=compact"} // a mode of the user's own comes after it
	}
	return []string{"--no-thresholds"}
}
