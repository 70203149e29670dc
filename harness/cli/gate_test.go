package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
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
	s.git("commit", "--quiet", "-m", "a basket costs two queries")
	return s
}

func (s *bakery) git(args ...string) {
	s.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	cmd.Dir = s.dir
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
	return s.run(code, append([]string{"gate", s.dir, "--costs", "--provider", s.provider, "--seed", "7"}, more...)...)
}

// TestTheGateNamesTheQueryThatIsNew holds a changed working tree against its last commit, and that against itself.
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
	checkCosts(t, run, "GET /postgres/seq/{id}", "queries", 1, 1, results.Same)
	checkCosts(t, run, "GET /redis/seq/{id}", "Redis commands", 2, 2, results.Same)
	if len(run.Builds) != 2 || run.Builds[0].SHA == "" || run.Builds[0].Ref != "main" {
		t.Errorf("the builds are %+v", run.Builds)
	}
	if changes := run.Verdict.CostChanges; len(changes) != 1 || changes[0].Text != "SELECT $1" || changes[0].Candidate.Calls != 3 {
		t.Errorf("what changed is %+v", changes)
	}
	s.run(1, "rejudge", run.ID)

	s.costs("2")
	s.gate(0, "--baseline", "main")
	if left, _ := filepath.Glob(filepath.Join(s.cache, "brunt", "trees", run.Builds[0].SHA)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
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

func TestTheGateRefusesWhatItCanNotCompare(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	for _, row := range []struct {
		args []string
		says string
	}{
		{[]string{"gate", s.dir, "--mode", "mirror", "--baseline", "main"}, "requests without a script can't be made to two builds at once"},
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
