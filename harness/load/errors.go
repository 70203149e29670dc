package load

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// ErrorKind is what is wrong with a script.
type ErrorKind string

// The kinds of script errors.
const (
	KindMissing   ErrorKind = "missing"   // there is no such file
	KindParse     ErrorKind = "parse"     // it, or what it imports, can't be read or parsed
	KindInit      ErrorKind = "init"      // it throws in the init context, in setup or in teardown
	KindThreshold ErrorKind = "threshold" // a threshold that can't be read, or does not fit its metric
	KindMetric    ErrorKind = "metric"    // a metric that neither k6 nor the script defines
	KindConfig    ErrorKind = "config"    // options, scenarios or flags that k6 refuses
)

// ScriptError says that the script, not the machine, is at fault.
type ScriptError struct {
	Kind    ErrorKind
	Script  string // path
	Message string // one line; with file, line and column where k6 knows them
	Said    []Line // what the script's init code wrote to its console before, the last of it
}

func (e *ScriptError) Error() string {
	if strings.HasPrefix(e.Message, e.Script+":") {
		return "script " + e.Message
	}
	return fmt.Sprintf("script %s: %s", e.Script, e.Message)
}

// k6's exit codes that matter here.
const (
	exitThresholds   = 99
	exitSetupTimeout = 100
	exitTeardownTime = 101
	exitConfig       = 104
	exitInterrupted  = 105
	exitException    = 107
	exitAborted      = 108
	exitFailed       = 110
	exitOther        = 255
)

// scriptError maps an exit of k6 before or around the load to what is wrong with the script; nil when it is not at fault.
func scriptError(s Script, code int, last entry) error {
	kind := ErrorKind("")
	switch {
	case code == exitException && last.Hint == "script exception", code == exitSetupTimeout, code == exitTeardownTime, code == exitAborted:
		kind = KindInit
	case code == exitException:
		kind = KindParse
	case code == exitConfig && strings.Contains(last.Message, "no metric name"):
		kind = KindMetric
	case code == exitConfig && strings.Contains(last.Message, "threshold"):
		kind = KindThreshold
	case code == exitConfig:
		kind = KindConfig
	case code == exitOther && strings.Contains(last.Message, "could not initialize"):
		kind = KindParse
	case code == exitOther:
		kind = KindConfig
	default:
		return nil
	}
	message := cleaned(last.Message)
	if message == "" {
		message = fmt.Sprintf("k6 refused it with exit code %d and said nothing", code)
	}
	return &ScriptError{Kind: kind, Script: s.Path, Message: message}
}

var (
	initializing = regexp.MustCompile(`^could not initialize '[^']*': (could not load JS test '[^']*': )?`)
	fileURL      = regexp.MustCompile(`file://[^\s'"()]*`)
	parserPlace  = regexp.MustCompile(`(file://\S+): Line (\d+):(\d+) `)
	stackFrame   = regexp.MustCompile(`(file://[^\s()]+?:\d+:\d+)\(\d+\)`)
)

// maxMessage bounds the one line that is told of what k6 said, in bytes, without the place in the script.
const maxMessage = 1000

// cleaned is one line of what k6 said: the error, and the first place in the script that its stack names.
func cleaned(text string) string {
	text = initializing.ReplaceAllString(strings.TrimSpace(text), "")
	lines := strings.Split(text, "\n")
	message := strings.TrimSpace(lines[0])
	if strings.HasSuffix(message, ":") && len(lines) > 1 { // a heading, and a list under it
		items := make([]string, 0, len(lines)-1)
		for _, l := range lines[1:] {
			items = append(items, strings.TrimPrefix(strings.TrimSpace(l), "- "))
		}
		message = strings.Join(items, "; ")
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	if place := stackFrame.FindStringSubmatch(text); place != nil && !strings.Contains(message, place[1]) {
		message += " (" + place[1] + ")"
	}
	message = parserPlace.ReplaceAllString(message, "$1:$2:$3: ")
	return plainPaths(message)
}

// plainPaths writes files as people do, not as URLs.
func plainPaths(text string) string {
	return fileURL.ReplaceAllStringFunc(text, func(u string) string {
		path := strings.TrimPrefix(u, "file://")
		if plain, err := url.PathUnescape(path); err == nil {
			return plain
		}
		return path
	})
}

var errNoWire = errors.New("the k6 child ended before it said what the script holds")
