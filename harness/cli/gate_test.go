package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// basketExperiment asks a service, a script in its repository, of two endpoints.
const basketExperiment = `
name: baskets
target:
  command: [./serve]
  port: 8080
  ready: {http: /healthz}
  env: {DATABASE_URL: "${db.url}", CACHE: "${cache.address}"}
dependencies: {db: {kind: postgres}, cache: {kind: redis}}
load:
  requests:
    - {name: basket, path: /basket}
    - {name: look, path: /postgres/seq/1}
    - {name: hot, path: /redis/seq/2}
  rate: 20/s
  duration: 30s
warmup: 1s
slos: ["rate(http_req_failed) < 1%"]
`

// bakery is a git repository with an experiment and a service of which a basket costs two queries, in a place.
type bakery struct {
	*place
	dir string
}

func newBakery(t *testing.T) *bakery {
	t.Helper()
	s := &bakery{place: newPlace(t, topology.ProviderLocal)}
	s.dir = filepath.Join(s.place.dir, "shop")
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("init", "--quiet", "--initial-branch=main")
	s.put("experiment.yaml", basketExperiment)
	s.costs("2")
	s.git("add", ".")
	s.git("commit", "--quiet", "-m", "a basket costs two queries") // in all tests at once the same commit
	return s
}

func (s *bakery) git(args ...string) {
	s.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func (s *bakery) put(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o755); err != nil {
		s.Fatal(err)
	}
}

// costs is how many queries a basket costs from now on.
func (s *bakery) costs(queries string) {
	s.Helper()
	s.put("serve", "#!/bin/sh\nexec server -redis \"$CACHE\" -basket "+queries+"\n")
}

func (s *bakery) gate(code int, more ...string) *victim {
	s.Helper()
	return s.gated(code, append([]string{"gate", s.dir, "--costs", "--provider", s.provider, "--seed", "7"}, more...)...)
}

// TestTheGateNamesTheQueryThatIsNew holds a changed working tree against its last commit, and that against itself. The latter names a
// folder for the summary of its step, which fails nothing.
func TestTheGateNamesTheQueryThatIsNew(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	s.costs("3")
	v := s.gate(1, "--baseline", "main")
	if first, _, _ := strings.Cut(v.stdout.String(), "\n"); !strings.HasPrefix(first, "FAIL baskets") || !strings.Contains(first, "+1 query") || !strings.HasSuffix(first, "per GET /basket") {
		t.Errorf("the first line is %q", first)
	}
	run := s.runs()[0]
	checkCosts(t, run, "GET /basket", "queries", 2, 3, results.Worse)
	checkTrips(t, run, "GET /basket", 2, 3)
	checkCosts(t, run, "GET /postgres/seq/{id}", "queries", 1, 1, results.Same)
	checkTrips(t, run, "GET /redis/seq/{id}", 2, 2)
	checkCosts(t, run, "GET /redis/seq/{id}", "Redis commands", 2, 2, results.Same)
	if len(run.Builds) != 2 || run.Builds[0].SHA == "" || run.Builds[0].Ref != "main" {
		t.Errorf("the builds are %+v", run.Builds)
	}
	if c := run.Builds[1]; c.SHA != run.Builds[0].SHA || !c.Dirty || c.Ref != "main" {
		t.Errorf("the candidate is the changed working tree of the services' repository, not %+v", c)
	}
	if changes := run.Verdict.CostChanges; len(changes) != 1 || changes[0].Text != "SELECT $1" || changes[0].Candidate.Calls != 3 {
		t.Errorf("what changed is %+v", changes)
	}
	s.run(1, "rejudge", run.ID)

	s.costs("2")
	s.env = append(s.env, "GITHUB_STEP_SUMMARY="+s.place.dir)
	if v := s.gate(0, "--baseline", "main"); !strings.Contains(v.stderr(), "the summary of the step was not written") {
		t.Errorf("it says %q", v.stderr())
	}
	for _, r := range s.runs() {
		if left, _ := filepath.Glob(filepath.Join(s.cache, "brunt", "trees", r.Builds[0].SHA+"-"+r.ID+"*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// closed puts a second experiment there, closed.yaml, whose script is on an executor of k6's own.
func (s *bakery) closed() {
	s.Helper()
	before, load, _ := strings.Cut(basketExperiment, "load:")
	_, after, _ := strings.Cut(load, "warmup:")
	s.put("closed.yaml", before+"load: {script: closed.js, env: {URL: \"${target.url}\"}}\nwarmup:"+after)
	s.put("closed.js", "import http from 'k6/http';\nexport const options = { vus: 1, duration: '40s' };\nexport default function () { http.get(__ENV.URL + '/basket'); }\n")
}

func checkCosts(t *testing.T, run results.Run, endpoint, count string, baseline, candidate float64, outcome results.ComparisonOutcome) {
	t.Helper()
	for _, c := range run.Verdict.Costs {
		if c.Endpoint != endpoint || c.Count != count {
			continue
		}
		if c.Baseline != baseline || c.Candidate != candidate || c.Outcome != outcome || !c.Exact {
			t.Errorf("%s of %s: %+v", count, endpoint, c)
		}
		return
	}
	t.Errorf("%s of %s were not compared: %+v", count, endpoint, run.Verdict.Costs)
}

// checkTrips is checkCosts of round trips. A connection that has been idle for a second is pinged before it is used, which is a round
// trip more on a machine that lets it wait so long, and makes the count no exact one.
func checkTrips(t *testing.T, run results.Run, endpoint string, baseline, candidate float64) {
	t.Helper()
	for _, c := range run.Verdict.Costs {
		if c.Endpoint != endpoint || c.Count != "round trips" {
			continue
		}
		if c.Baseline < baseline || c.Candidate < candidate || c.Exact && (c.Baseline != baseline || c.Candidate != candidate) {
			t.Errorf("round trips of %s: %+v", endpoint, c)
		}
		return
	}
	t.Errorf("round trips of %s were not compared: %+v", endpoint, run.Verdict.Costs)
}

func TestTheGateRefusesWhatItCanNotCompare(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	s.put("both.yaml", strings.NewReplacer(
		"target:\n  command: [./serve]\n  port: 8080\n  ready: {http: /healthz}\n  env:",
		"services:\n  more: {reference: restapi, port: 8080}\n  api:\n    command: [./serve]\n    port: 8080\n    env:", "load:", "load:\n  target: api",
	).Replace(basketExperiment))
	s.closed()
	s.put("short.js", "export const options = { vus: 1, duration: '2s' };\nexport default function () {}\n")
	s.put("short.yaml", strings.Replace(s.read("closed.yaml"), "closed.js", "short.js", 1))
	for _, row := range []struct {
		args []string
		says string
	}{
		{[]string{"gate", "--costs"}, "one experiment or more"},
		{[]string{"gate", s.dir, "--costs", "--pairs", "3"}, "--budget and --pairs are of the timing gate"},
		{[]string{"gate", s.dir, "--costs", "--budget", "3m"}, "--budget and --pairs are of the timing gate"},
		{[]string{"gate", s.dir, "--costs", "--sha", "zzz"}, "--sha is a commit"},
		{[]string{"gate", filepath.Join(s.dir, "both.yaml"), "--costs", "--baseline", "main"}, "built from two repositories"},
		{[]string{"gate", s.dir, filepath.Join(s.dir, "nowhere.yaml"), "--costs"}, "there is no such experiment"},
		{[]string{"gate", filepath.Join(s.dir, "closed.yaml"), "--mode", "mirror", "--baseline", "main"}, "the script's scenarios are not on brunt-arrival"},
		{[]string{"gate", filepath.Join(s.dir, "short.yaml"), "--baseline", "main"}, "nothing of the load is left after the warm-up"},
		{[]string{"gate", "script.js", "--costs"}, "not a bare script"},
		{[]string{"gate", s.dir, "--costs", "--baseline", "nowhere"}, "nowhere is no commit"},
		{[]string{"gate", s.dir, "--costs", "--baseline", "variant:fixed"}, "no service of the experiment is a reference target"},
		{[]string{"gate", s.dir, "--costs", "--baseline", "shop@sha256:1"}, "is not started from an image"},
		{[]string{"gate", s.dir, "--costs", "--candidate-set", "load.rate=5/s"}, "only services can differ"},
	} {
		if v := s.run(2, row.args...); !strings.Contains(v.stderr(), row.says) || !strings.Contains(v.stderr(), "hint: ") {
			t.Errorf("brunt %v says %q, not %q", row.args[2:], v.stderr(), row.says)
		}
	}
	if runs := s.runs(); len(runs) > 0 {
		t.Errorf("%d runs were stored", len(runs))
	}
}

// TestTheGateRefusesALoadThatStaysConnected has a script that listens on a WebSocket.
func TestTheGateRefusesALoadThatStaysConnected(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	s.put("experiment.yaml", listening)
	s.put("script.js", "import ws from 'k6/ws';\nexport default function () { ws.connect(__ENV.URL.replace('http', 'ws') + '/news', {}, (s) => s.close()); }\n")
	v := s.gate(2, "--baseline", "main")
	for _, want := range []string{"GET /news opens a connection that stays open", "hint: "} {
		if !strings.Contains(v.stderr(), want) {
			t.Errorf("it does not say %q:\n%s", want, v.stderr())
		}
	}
}

// listening is an experiment whose script stays connected.
const listening = `
name: news
target: {command: [./serve], port: 8080, ready: {http: /healthz}, env: {DATABASE_URL: "${db.url}", CACHE: "${cache.address}"}}
dependencies: {db: {kind: postgres}, cache: {kind: redis}}
load: {script: script.js, env: {URL: "${target.url}"}, shape: smoke, duration: 10s}
slos: ["rate(http_req_failed) < 1%"]
`

// accepting is basketExperiment where a basket may cost a query more until that day.
func accepting(name, until string) string {
	text := strings.Replace(basketExperiment, "name: baskets", "name: "+name, 1) + "\naccept:\n"
	for _, count := range []string{"queries", "round trips", "rows", "answer", "buffers", "WAL"} {
		text += "  - {metric: " + count + ", endpoint: GET /basket, reason: the price is looked up anew, expires: " + until + "}\n"
	}
	return text
}

// TestTheGateSaysWhatIsAccepted in one call for several gates: one passes by what is accepted, one fails as it is accepted no longer, and
// one can't be measured.
func TestTheGateSaysWhatIsAccepted(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	s.costs("3")
	s.put("accepted.yaml", accepting("accepted", "2999-12-31"))
	s.put("experiment.yaml", accepting("baskets", "2020-01-31"))
	cheap := strings.ReplaceAll(basketExperiment, "    - {name: basket, path: /basket}\n", "")
	s.put("dead.yaml", strings.NewReplacer("name: baskets", "name: dead", "{http: /healthz}", "{log: never said, timeout: 2s}").Replace(cheap))
	files := []string{filepath.Join(s.dir, "accepted.yaml"), filepath.Join(s.dir, "dead.yaml"), s.dir}
	junit, summary := filepath.Join(s.place.dir, "junit.xml"), filepath.Join(s.place.dir, "summary.md")
	s.env = append(s.env, "GITHUB_STEP_SUMMARY="+summary)
	if err := os.WriteFile(summary, []byte("of an earlier step\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	v := s.gated(1, slices.Concat([]string{"gate"}, files, []string{"--costs", "--provider", s.provider, "--baseline", "main", "--junit", junit})...)
	first, rest, _ := strings.Cut(v.stdout.String(), "\n")
	if !strings.HasPrefix(first, "FAIL gate of accepted, dead, baskets: 1 of 3 pass; broken dead: ") || !strings.Contains(first, "; fail baskets: +1 query") {
		t.Errorf("the first line is %q", first)
	}
	for _, want := range []string{"\nPASS accepted", "\nFAIL baskets", "\nBROKEN dead"} {
		if !strings.Contains(rest, want) {
			t.Errorf("it does not say %q:\n%s", want, rest)
		}
	}
	if !strings.Contains(v.stderr(), "brunt: "+files[1]+": ") {
		t.Errorf("it does not say why one is broken:\n%s", v.stderr())
	}
	if text := s.read(junit); strings.Count(text, "<testsuite ") != 3 || !strings.Contains(text, `type="broken"`) {
		t.Errorf("junit.xml is\n%s", text)
	}
	if text := s.read(summary); !strings.HasPrefix(text, "of an earlier step\n**FAIL** gate of accepted, dead, baskets: ") {
		t.Errorf("the summary is\n%s", text)
	}
	for _, run := range s.runs() {
		if command := strings.Join(run.Command, " "); strings.Count(command, s.dir) != 1 || !strings.Contains(command, "--seed=") {
			t.Errorf("%s is repeated by %s", run.Experiment, command)
		}
	}
	s.saidOfAccepted()
	s.put("experiment.yaml", strings.ReplaceAll(accepting("baskets", "2999-12-31"), "queries", "querys"))
	if v := s.run(2, "gate", s.dir, "--costs"); !strings.Contains(v.stderr(), `experiment.yaml:20: accept.0.metric: "querys" is nothing that builds are compared by (did you mean queries?)`) {
		t.Errorf("it says %q", v.stderr())
	}
}

// saidOfAccepted judges the stored gates again: each says what is accepted, and no longer.
func (s *bakery) saidOfAccepted() {
	s.Helper()
	for _, run := range s.runs() {
		var code int
		var says []string
		switch run.Experiment {
		case "accepted":
			says = []string{"PASS accepted", "nothing costs more but what is accepted: +1 query", "Accepted until 2999-12-31: more queries per GET /basket: the price is looked up anew"}
		case "baskets":
			code = 1
			says = []string{"FAIL baskets", "Accepted no longer than 2020-01-31: more queries per GET /basket", "was accepted until 2020-01-31 and counts no more"}
		default:
			continue
		}
		v := s.run(code, "rejudge", run.ID)
		for _, want := range says {
			if !strings.Contains(v.stdout.String(), want) {
				s.Errorf("%s does not say %q:\n%s", run.Experiment, want, v.stdout.String())
			}
		}
	}
}

func (s *bakery) read(name string) string {
	s.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.dir, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}
