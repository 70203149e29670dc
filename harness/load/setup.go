package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
)

// mayHaveSetup fits a script that names setup or teardown, or hands on exports that it does not name.
var mayHaveSetup = regexp.MustCompile(`\b(setup|teardown)\b|export\s*\*|module\.exports`)

// SetsUp says whether a script exports setup or teardown, which k6 calls once for all that it loads. Of a script that is not what it
// is when it is loaded as a module, the text decides.
func SetsUp(ctx context.Context, exe string, s Script) (bool, error) {
	if s.Requests != nil {
		return false, nil // no script
	}
	path, err := absolute(s)
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("read the script: %w", err)
	}
	if !mayHaveSetup.Match(text) {
		return false, nil
	}
	const sign = "brunt_setup"
	s.Bare, s.Path, s.Builds = true, "-", nil
	in, err := inspect(ctx, exe, s, fmt.Sprintf(`import * as script from %s;
import { Counter } from 'k6/metrics';
import 'k6/x/brunt';
if (script.setup || script.teardown) new Counter(%s);
export default function () {}
`, quoted((&url.URL{Scheme: "file", Path: path}).String()), quoted(sign)))
	if errors.As(err, new(*ScriptError)) {
		return bytes.Contains(text, []byte("setup")) || bytes.Contains(text, []byte("teardown")), nil
	}
	return in.Metrics[sign] != "", err
}
