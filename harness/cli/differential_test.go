package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// k6's exit codes, as its documentation has them.
const (
	k6Pass       = 0
	k6Thresholds = 99
	k6Setup      = 100 // took too long
	k6Config     = 104
	k6Exception  = 107 // in init, setup or teardown
	k6Aborted    = 108
	k6Failed     = 110
)

// bruntFor is how `brunt run` must end where `k6 run` ends with code.
func bruntFor(code int) int {
	switch code {
	case k6Pass:
		return 0
	case k6Thresholds, k6Aborted, k6Failed:
		return 1
	case k6Config, k6Exception:
		return 2
	}
	return -1
}

// duel is a script that k6 and brunt both run.
type duel struct {
	name   string
	script string // under testdata/k6, or the text of one
	env    string // of the script, A=1 B=2
	flags  string // k6's own
	k6     int    // exit code
	brunt  int    // exit code where bruntFor does not hold, for the reason that the row's name says
	says   string // pattern that brunt's output has
	within time.Duration
}

// duels are rows whose values lie far from every bound, so that both must come to the same end whatever the machine does.
func duels() []duel {
	return []duel{
		{name: "checks hold", script: "checks.js"},
		{name: "a tagged check does not", script: "checks.js", env: "BAD=1", k6: k6Thresholds, says: `checks\{about:body\}: rate>0\.9`},
		{name: "groups are quick", script: "groups.js"},
		{name: "a group is slow", script: "groups.js", env: "BAD=1", k6: k6Thresholds, says: `group_duration\{group:::borrow::search\}`},

		{name: "metrics of all types hold", script: "metrics.js"},
		{name: "a counter does not", script: "metrics.js", env: "BAD=counter", k6: k6Thresholds, says: `books_borrowed: count<60`},
		{name: "none does", script: "metrics.js", env: "BAD=counter,gauge,rate,trend", k6: k6Thresholds},

		{name: "metrics that are called as brunt's own", script: "names.js"},
		{name: "metrics that are called as brunt's own do not hold", script: "names.js", env: "BAD=1", k6: k6Thresholds},

		{name: "setup and teardown count", script: "lifecycle.js"},
		{name: "more than the iterations is counted", script: "lifecycle.js", env: "BAD=1", k6: k6Thresholds},
		{name: "tags select", script: "tags.js"},
		{name: "a request's own tag selects what is slow", script: "tags.js", env: "BAD=endpoint", k6: k6Thresholds},
		{name: "several tags together do, and k6's own", script: "tags.js", env: "BAD=several,status", k6: k6Thresholds},

		{name: "abortOnFail ends the load", script: "abort.js", env: "DURATION=60s RECOVERS=1e9 TOKEN=abort", k6: k6Thresholds,
			says: `spoiled: rate<0\.5`, within: 40 * time.Second},
		{name: "abortOnFail holds", script: "abort.js", env: "DURATION=1s RECOVERS=0 TOKEN=hold"},
		{name: "abortOnFail ends the load after its delay", script: "abort.js", env: "DURATION=60s DELAY=1s RECOVERS=1e9 TOKEN=delay",
			k6: k6Thresholds, within: 40 * time.Second},
		{name: "a bad start within the delay is forgiven", script: "abort.js", env: "DURATION=4s DELAY=30s RECOVERS=1 TOKEN=recover"},
		{name: "what is bad within the delay fails at the end", script: "abort.js", env: "DURATION=1s DELAY=30s RECOVERS=1e9 TOKEN=end",
			k6: k6Thresholds},

		{name: "TypeScript", script: "typed.ts"},
		{name: "TypeScript fails", script: "typed.ts", env: "BAD=1", k6: k6Thresholds},
		{name: "k6/ws", script: "socket.js"},
		{name: "k6/ws fails", script: "socket.js", env: "BAD=1", k6: k6Thresholds},
		{name: "k6/websockets", script: "sockets.js"},
		{name: "k6/websockets fails", script: "sockets.js", env: "BAD=1", k6: k6Thresholds},
		{name: "all executors", script: "scenarios.js"},
		{name: "one of them fails", script: "scenarios.js", env: "BAD=1", k6: k6Thresholds, says: `iterations\{scenario:each\}: count==5`},
		{name: "http.batch", script: "batch.js"},
		{name: "http.batch fails", script: "batch.js", env: "BAD=1", k6: k6Thresholds},
		{name: "cookies are reset", script: "cookies.js"},
		{name: "cookies stay", script: "cookies.js", env: "BAD=1", k6: k6Thresholds},
		{name: "redirects", script: "redirects.js"},
		{name: "redirects fail", script: "redirects.js", env: "BAD=1", k6: k6Thresholds},
		{name: "SharedArray and open in another folder", script: "deep/scripts/shared.js"},
		{name: "SharedArray and open fail", script: "deep/scripts/shared.js", env: "BAD=1", k6: k6Thresholds},
		{name: "a summary of its own", script: "summary.js"},
		{name: "a summary of a failure", script: "summary.js", env: "BAD=1", k6: k6Thresholds},
		{name: "failed requests", script: "requests.js"},
		{name: "failed requests that nobody expected", script: "requests.js", env: "BAD=1", k6: k6Thresholds},
		{name: "promises", script: "async.js"},
		{name: "promises fail", script: "async.js", env: "BAD=threshold", k6: k6Thresholds},
		{name: "no iteration is dropped", script: "dropped.js", env: "VUS=30"},
		{name: "iterations are dropped", script: "dropped.js", env: "VUS=1", k6: k6Thresholds},
		{name: "CommonJS with few system tags", script: "commonjs.js"},
		{name: "CommonJS with few system tags fails", script: "commonjs.js", env: "BAD=1", k6: k6Thresholds},
		{name: "no thresholds", script: "plain.js", says: "the script has no thresholds"},
	}
}

// endings are rows of scripts that end themselves, or throw.
func endings() []duel {
	return []duel{
		{name: "it goes through", script: "execution.js"},
		{name: "it fails by a threshold alone", script: "execution.js", env: "BAD=1", k6: k6Thresholds},
		{name: "abort in an iteration", script: "execution.js", env: "WHERE=iteration HOW=abort", k6: k6Aborted, says: "ended in iteration"},
		{name: "abort beside a threshold that fails", script: "execution.js", env: "WHERE=iteration HOW=abort BAD=1", k6: k6Aborted},
		{name: "abort in setup", script: "execution.js", env: "WHERE=setup HOW=abort", k6: k6Aborted, says: "ended in setup"},
		{name: "abort in teardown", script: "execution.js", env: "WHERE=teardown HOW=abort", k6: k6Aborted, says: "ended in teardown"},
		{name: "abort in init", script: "execution.js", env: "WHERE=init", k6: k6Aborted, brunt: 2, says: "in init"},
		{name: "fail in an iteration", script: "execution.js", env: "WHERE=iteration HOW=fail", k6: k6Failed, says: "marked as failed"},
		{name: "fail in setup", script: "execution.js", env: "WHERE=setup HOW=fail", k6: k6Failed},
		{name: "fail in teardown", script: "execution.js", env: "WHERE=teardown HOW=fail", k6: k6Failed},
		{name: "fail beside a threshold that fails", script: "execution.js", env: "WHERE=iteration HOW=fail BAD=1", k6: k6Failed},

		{name: "an iteration that throws never passes", script: "throws.js", brunt: 1, says: "nobody is not defined"},
		{name: "nor one that calls fail", script: "throws.js", env: "HOW=fail", brunt: 1, says: "it is not there"},
		{name: "nor one that throws in a group", script: "throws.js", env: "HOW=group", brunt: 1, says: "exception"},
		{name: "nor one that throws a string", script: "throws.js", env: "HOW=string", brunt: 1, says: "a string"},
		{name: "nor one with a promise that nobody catches", script: "async.js", env: "BAD=rejected", brunt: 1, says: "nobody caught this"},
		{name: "it throws and fails by a threshold", script: "throws.js", env: "BAD=1", k6: k6Thresholds},
	}
}

// untouched are rows of thresholds on metrics without a sample: k6 lets a rate pass whatever its bound, and takes all else for 0.
func untouched() []duel {
	const (
		rates = `"rated":["rate<0.1","rate>0.9"],"rated{kind:novel}":["rate>0.9"],"checks":["rate>0.9"],"http_req_failed":["rate>0.9"]`
		hold  = `"counted":["count<1","count==0","rate<1"],"counted{kind:novel}":["rate<1"],"gauged":["value<1"],"measured":["p(95)<1","avg<1","med<1"],` +
			`"http_reqs{name:x}":["rate<1","count<1"],"dropped_iterations":["count==0"]`
		fail = `"counted":["count>0","rate>0"],"counted{kind:novel}":["rate>0"],"gauged":["value>0"],"gauged{kind:novel}":["value>0"],` +
			`"measured":["max>0"],"measured{kind:novel}":["p(99)>0"],"http_req_duration{name:x}":["avg>0"],"http_reqs":["rate>0"]`
	)
	return []duel{
		{name: "rates", script: "untouched.js", env: "THRESHOLDS={" + rates + "}"},
		{name: "bounds that hold 0", script: "untouched.js", env: "THRESHOLDS={" + hold + "," + rates + "}"},
		{name: "bounds that do not", script: "untouched.js", env: "THRESHOLDS={" + fail + "," + rates + "}", k6: k6Thresholds},
		{name: "a counter's rate alone", script: "untouched.js", env: `THRESHOLDS={"counted":["rate>0"]}`, k6: k6Thresholds},
	}
}

// loads are rows about how much load there is, and k6's own flags.
func loads() []duel {
	const few, many = `{"iterations":["count<8"]}`, `{"iterations":["count==12"],"iteration_duration":["min>=40"]}`
	return []duel{
		{name: "iterations by options", script: "load.js", env: `THRESHOLDS=` + few + ` OPTIONS={"vus":2,"iterations":7}`},
		{name: "iterations by flags", script: "load.js", env: `THRESHOLDS=` + many, flags: "--vus 3 --iterations 12"},
		{name: "flags go before options", script: "load.js", env: `THRESHOLDS=` + few + ` OPTIONS={"vus":2,"iterations":7}`,
			flags: "-u 3 -i 12", k6: k6Thresholds},
		{name: "a duration", script: "load.js", env: `THRESHOLDS={"iterations":["count>1","rate>1","rate<500"],"vus":["value<3"]}`,
			flags: "--vus=2 --duration=1200ms"},
		{name: "stages", script: "load.js", env: `THRESHOLDS={"iterations":["count>1000"],"vus_max":["value==3"]}`,
			flags: "--stage 400ms:3,400ms:0", k6: k6Thresholds, says: "iterations: count>1000"},
		{name: "a variable of the flags", script: "load.js", flags: `-i 12 -e THRESHOLDS=` + many},
		{name: "a tag of the flags", script: "load.js", env: `THRESHOLDS={"iterations{shelf:top}":["count==5"]}`, flags: "-i 5 --tag shelf=top"},
		{name: "a flag that k6 does not know", script: "load.js", env: `THRESHOLDS={}`, flags: "--nosuch", k6: 255, brunt: 2, says: "unknown flag: --nosuch"},
	}
}

// wrongs are rows of scripts that can't be run as they are.
func wrongs() []duel {
	const body = "\nexport default function () {}\n"
	options := func(text string) string { return "export const options = { " + text + " };" + body }
	return []duel{
		{name: "syntax", script: "export default function () {\n  const = 1;\n}", k6: k6Exception, says: `/script\.js:2:9: Unexpected token`},
		{name: "an exception in init", script: "\nthrow new Error('no fixture');" + body, k6: k6Exception, says: `no fixture \(.*/script\.js:2:7`},
		{name: "a file that is not there", script: "open('./nosuch.json');" + body, k6: k6Exception, says: "nosuch.json"},
		{name: "an unknown executor", script: options("scenarios: { a: { executor: 'nosuch' } }"), k6: k6Config, says: "unknown executor type 'nosuch'"},
		{name: "fewer iterations than VUs", script: options("vus: 5, iterations: 2"), k6: k6Config, says: "less than the number of VUs"},
		{name: "a function that is not there", k6: k6Config, says: "'nosuch' not found",
			script: options("scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', exec: 'nosuch' } }")},
		{name: "a threshold that can't be read", script: options("thresholds: { http_reqs: ['count<<3'] }"), k6: k6Config, says: "count<<3"},
		{name: "a statistic that the metric has not", script: options("thresholds: { http_reqs: ['p(95)<3'] }"), k6: k6Config, says: "unsupported aggregation"},
		{name: "a metric that nobody defines", script: options("thresholds: { nosuch: ['count<3'] }"), k6: k6Config, says: "nosuch"},
		// What happens in setup and teardown happens during a run: it could not measure, which is not the same as a wrong script.
		{name: "an exception in setup", script: "export function setup() { throw new Error('no data'); }" + body, k6: k6Exception, brunt: 3, says: "no data"},
		{name: "an exception in teardown", script: "export function teardown() { throw new Error('no way'); }" + body, k6: k6Exception, brunt: 3, says: "no way"},
		{name: "a setup that takes too long", k6: k6Setup, brunt: 3, says: `setup\(\) execution timed out`,
			script: "import { sleep } from 'k6';\nexport function setup() { sleep(30); }\n" + options("setupTimeout: '200ms'")},
	}
}

func TestBruntEndsAsK6Does(t *testing.T) {
	t.Parallel()
	s := newLibrary(t)
	for name, rows := range map[string][]duel{
		"scripts": duels(), "endings": endings(), "untouched metrics": untouched(), "loads": loads(), "wrong scripts": wrongs(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, row := range rows {
				t.Run(row.name, func(t *testing.T) {
					t.Parallel()
					row.fight(t, s)
				})
			}
		})
	}
}

// fight runs both, and compares how they end and what they say of each threshold.
func (d duel) fight(t *testing.T, s *library) {
	dir := t.TempDir()
	script := d.path(t, dir)
	env := []string{"-e", "URL=" + s.url}
	for _, pair := range strings.Fields(d.env) {
		env = append(env, "-e", pair)
	}
	flags := strings.Fields(d.flags)
	want := d.brunt
	if want == 0 {
		want = bruntFor(d.k6)
	}

	summary := filepath.Join(dir, "summary.json")
	theirs := command(t, dir, concat([]string{"k6", "run", "--quiet", "--address=", "--no-usage-report", "--summary-export", summary}, env, flags, []string{script})...)
	if theirs.code != d.k6 {
		t.Fatalf("k6 ended with %d, want %d\n%s", theirs.code, d.k6, theirs.text)
	}
	report := filepath.Join(dir, "report.json")
	ours := command(t, dir, concat([]string{"run", "--quiet", "--json", report, script}, env, []string{"--"}, flags)...)
	if ours.code != want {
		t.Fatalf("brunt ended with %d, want %d where k6 ends with %d\n%s\nk6 said\n%s", ours.code, want, d.k6, ours.text, theirs.text)
	}
	if !regexp.MustCompile(d.says).MatchString(ours.text) {
		t.Errorf("brunt does not say %s:\n%s", d.says, ours.text)
	}
	for who, took := range map[string]time.Duration{"k6": theirs.took, "brunt": ours.took} {
		if d.within > 0 && took > d.within {
			t.Errorf("%s took %v", who, took)
		}
	}
	if token := variable(d.env, "TOKEN"); token != "" && s.visits(token) != 2 {
		t.Errorf("teardown ran %d times, want once each", s.visits(token))
	}
	if diff := cmp.Diff(k6Bounds(t, summary), bruntBounds(t, report)); diff != "" {
		t.Errorf("thresholds differ (-k6 +brunt):\n%s\n%s", diff, ours.text)
	}
}

// path is the script's file: of testdata, or written from its text.
func (d duel) path(t *testing.T, dir string) string {
	if strings.Contains(d.script, "\n") {
		path := filepath.Join(dir, "script.js")
		if err := os.WriteFile(path, []byte(d.script), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path, err := filepath.Abs(filepath.Join("testdata", "k6", d.script))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func variable(env, name string) string {
	for _, pair := range strings.Fields(env) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

func concat(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// ended is how a command ended.
type ended struct {
	code int
	text string // both streams
	took time.Duration
}

// command runs brunt in dir, with a machine of its own as far as locks and leases go, so that rows may run side by side:
// what they measure is far from every bound.
func command(t *testing.T, dir string, args ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "brunt", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir, "BRUNT_STORE=sqlite:"+filepath.Join(dir, "store.db"))
	began := time.Now()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ended{cmd.ProcessState.ExitCode(), string(out), time.Since(began)}
}

// k6Bounds are the thresholds in k6's summary, and whether they held. There is none where nothing was run.
func k6Bounds(t *testing.T, path string) map[string]bool {
	t.Helper()
	var summary struct {
		Metrics map[string]struct{ Thresholds map[string]bool }
	}
	readJSON(t, path, &summary)
	held := map[string]bool{}
	for name, m := range summary.Metrics {
		for text, failed := range m.Thresholds {
			held[plainName(name)+": "+text] = !failed
		}
	}
	return held
}

// bruntBounds are the same of brunt's report.
func bruntBounds(t *testing.T, path string) map[string]bool {
	t.Helper()
	var report struct {
		Evidence []struct{ What, Phase, Outcome string }
	}
	readJSON(t, path, &report)
	held := map[string]bool{}
	for _, e := range report.Evidence {
		if e.Phase == "whole run" {
			metric, bound, _ := cutLast(e.What, ": ")
			held[plainName(metric)+": "+bound] = e.Outcome == "pass"
		}
	}
	return held
}

// plainName is a threshold's name without what k6 leaves out of its summary: space around the selector.
func plainName(name string) string {
	metric, selector, ok := strings.Cut(name, "{")
	if !ok {
		return name
	}
	return metric + "{" + strings.TrimSpace(strings.TrimSuffix(selector, "}")) + "}"
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
