package cli_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// example is a script that shows a part of k6 as its documentation does, run by both.
type example struct {
	name   string
	script string // under testdata/compat
	env    string // of the script, A=1 B=2
	flags  string // k6's own
	k6     int    // exit code
	timed  bool   // how much it does depends on the machine
	says   string // pattern that brunt's output has
	hides  string // must not be in what brunt says or stores
}

// examples leave out what needs a host outside (imports by https, cloud) and k6/browser, which needs a Chromium.
func examples() []example {
	return []example{
		{name: "methods, bodies, headers and what a response can be asked", script: "requests.js"},
		{name: "http.batch", script: "batch.js"},
		{name: "cookies", script: "cookies.js"},
		{name: "cookies that stay", script: "cookies.js", env: "KEEP=1"},
		{name: "redirects", script: "redirects.js"},
		{name: "files in a form", script: "upload.js"},
		{name: "SharedArray, open, CSV and fs", script: "data.js"},
		{name: "setup and teardown with data", script: "lifecycle.js"},
		{name: "groups and tags", script: "groups.js"},
		{name: "metrics of all types", script: "metrics.js"},
		{name: "k6/execution", script: "execution.js"},
		{name: "TypeScript", script: "typed.ts"},
		{name: "k6/ws", script: "ws.js", timed: true}, // as many pings as there is time for
		{name: "k6/websockets", script: "websockets.js"},
		{name: "what is still called experimental", script: "experimental.js"},
		{name: "gRPC by a .proto file", script: "grpc.js"},
		{name: "gRPC by reflection", script: "grpc.js", env: "REFLECT=1"},
		{name: "promises and timers", script: "async.js"},
		{name: "k6/encoding, k6/crypto and Web Crypto", script: "encodings.js"},
		{name: "k6/html", script: "html.js"},
		{name: "all executors", script: "executors.js", timed: true},
		{name: "options of many kinds", script: "options.js"},
		{name: "stages", script: "stages.js", timed: true},
		{name: "modules", script: "modules.mjs"},
		{name: "k6/secrets", script: "secrets.js", flags: "--secret-source=mock=oven=four-one-nine", hides: "four-one-nine"},
		{name: "handleSummary", script: "summary.js", says: "(?m)^pizzas: 4$"},
		{name: "handleSummary of a run that fails", script: "summary.js", env: "BAD=1", k6: k6Thresholds, says: "(?m)^pizzas: 4$"},
		{name: "handleSummary of a load that a threshold ends", script: "early.js", k6: k6Thresholds, timed: true,
			says: "(?m)^in time: true, held: false$"},
	}
}

// TestTheExamplesOfK6sDocumentationRun runs each under k6 and under brunt. They must end alike, do the same, and say the same;
// and what brunt records must be what an output of k6's beside it writes.
func TestTheExamplesOfK6sDocumentationRun(t *testing.T) {
	t.Parallel()
	host := newPizzeria(t)
	for _, row := range examples() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.compare(t, host)
		})
	}
}

// TestAnArchiveRunsAsItsScriptDoes makes an archive of a script and what it imports, and takes the script's folder away.
func TestAnArchiveRunsAsItsScriptDoes(t *testing.T) {
	t.Parallel()
	host := newPizzeria(t)
	for _, script := range []string{"typed.ts", "summary.js"} {
		t.Run(script, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.tar")
			if made := command(t, t.TempDir(), "k6", "archive", "-O", path, "-e", "URL="+host.url, compatScript(t, script)); made.code != 0 {
				t.Fatalf("%+v", made)
			}
			example{script: path}.compare(t, host)
		})
	}
}

func compatScript(t *testing.T, name string) string {
	t.Helper()
	if filepath.IsAbs(name) {
		return name
	}
	path, err := filepath.Abs(filepath.Join("testdata", "compat", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (e example) compare(t *testing.T, host pizzeria) {
	t.Helper()
	k6Dir, bruntDir := t.TempDir(), t.TempDir()
	script := compatScript(t, e.script)
	env := []string{"-e", "URL=" + host.url, "-e", "TLS=" + host.tls, "-e", "GRPC=" + host.grpc}
	for _, pair := range strings.Fields(e.env) {
		env = append(env, "-e", pair)
	}
	flags := append(strings.Fields(e.flags), "--out", "json=samples.json")

	theirs := command(t, k6Dir, concat([]string{"k6", "run", "--quiet", "--address=", "--no-usage-report", "--log-format=json",
		"--summary-export", "summary.json"}, env, flags, []string{script})...)
	if theirs.code != e.k6 {
		t.Fatalf("k6 ended with %d, want %d\n%s", theirs.code, e.k6, theirs.text)
	}
	ours := command(t, bruntDir, concat([]string{"run", "--quiet", "--json", "report.json", script}, env, []string{"--"}, flags)...)
	if want := bruntFor(e.k6); ours.code != want {
		t.Fatalf("brunt ended with %d, want %d where k6 ends with %d\n%s", ours.code, want, e.k6, ours.text)
	}
	if !regexp.MustCompile(e.says).MatchString(ours.text) {
		t.Errorf("brunt does not say %s:\n%s", e.says, ours.text)
	}
	if e.hides != "" && (strings.Contains(ours.text, e.hides) || slices.ContainsFunc(filesIn(t, bruntDir), contains(t, e.hides))) {
		t.Errorf("%s is not hidden:\n%s", e.hides, ours.text)
	}
	bounds := k6Bounds(t, filepath.Join(k6Dir, "summary.json"))
	if diff := cmp.Diff(bounds, bruntBounds(t, filepath.Join(bruntDir, "report.json"))); diff != "" || len(bounds) == 0 {
		t.Errorf("thresholds differ (-k6 +brunt):\n%s\n%s", diff, ours.text)
	}
	if diff := cmp.Diff(k6Console(t, theirs.text), bruntConsole(ours.text)); diff != "" && !e.timed {
		t.Errorf("the script's console differs (-k6 +brunt):\n%s", diff)
	}
	k6Samples, bruntSamples := readSamples(t, filepath.Join(k6Dir, "samples.json")), readSamples(t, filepath.Join(bruntDir, "samples.json"))
	if diff := cmp.Diff(k6Samples.counts(), bruntSamples.counts()); diff != "" && !e.timed {
		t.Errorf("samples differ (-k6 +brunt):\n%s", diff)
	}
	bruntSamples.recorded(t, bruntDir)
	const handled = "kitchen.json" // what summary.js writes
	if diff := cmp.Diff(readSummary(t, filepath.Join(k6Dir, handled)), readSummary(t, filepath.Join(bruntDir, handled))); diff != "" {
		t.Errorf("handleSummary was told something else (-k6 +brunt):\n%s", diff)
	}
}

// readSummary is what a handleSummary was told, without times and what follows from them. There is none where none was written.
func readSummary(t *testing.T, path string) map[string]any {
	t.Helper()
	var data map[string]any
	readJSON(t, path, &data)
	delete(data, "state")
	metrics, _ := data["metrics"].(map[string]any)
	for _, m := range metrics {
		m := m.(map[string]any)
		for name, v := range m["values"].(map[string]any) {
			if timed := name == "rate" && m["type"] == "counter" || m["contains"] == "time" && name != "count"; timed {
				m["values"].(map[string]any)[name] = v != nil
			}
		}
	}
	return data
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return paths
}

func contains(t *testing.T, text string) func(path string) bool {
	return func(path string) bool {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return bytes.Contains(raw, []byte(text))
	}
}

// k6Console are the lines of the script's console in k6's log, sorted.
func k6Console(t *testing.T, text string) []string {
	t.Helper()
	var said []string
	for line := range strings.Lines(text) {
		var entry struct{ Level, Msg, Source string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Source == "console" {
			said = append(said, strings.ToUpper(entry.Level[:4])+" "+entry.Msg)
		}
	}
	slices.Sort(said)
	return said
}

var consoleLine = regexp.MustCompile(`(?m)^(?:DEBU|INFO|WARN|ERRO) .*$`)

// bruntConsole are the same of what brunt says.
func bruntConsole(text string) []string {
	said := consoleLine.FindAllString(text, -1)
	slices.Sort(said)
	return said
}

// bruntsOwn are the metrics that brunt measures and k6 does not know.
func bruntsOwn() []string { return []string{"http_req_errors", "latency", "lateness", "offered"} }

func near(a, b, share float64) bool { return math.Abs(a-b) <= share*max(math.Abs(a), math.Abs(b)) }
