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

// answerer answers with a file that stands beside it in its image.
const answerer = `package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "/answer") })
	if err := http.ListenAndServe(os.Getenv("HOST")+":"+os.Getenv("PORT"), nil); err != nil {
		os.Exit(1)
	}
}
`

// answerExperiment asks for the answer, of a service that is started as SOURCE says. Its port is one that nobody here takes on all
// addresses, as an image might.
const answerExperiment = `
name: answers
target: {SOURCE, port: 18473, ready: {http: /}}
load:
  requests: [{name: ask, path: /ask}]
  rate: 20/s
  duration: 30s
slos: ["rate(http_req_failed) < 1%"]
`

// TestTheGateBuildsImagesOfACommit has a Dockerfile in a repository, of which the last commit is held against a changed tree; and then
// the image of the one against that of the other, by its id, which is what there is of an image that is at no registry.
func TestTheGateBuildsImagesOfACommit(t *testing.T) {
	t.Parallel()
	s := &bakery{place: newPlace(t, topology.ProviderDocker)}
	s.dir = filepath.Join(s.place.dir, "shop")
	if err := os.MkdirAll(filepath.Join(s.dir, "service"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("init", "--quiet", "--initial-branch=main")
	s.put("service/main.go", answerer)
	s.put("service/go.mod", "module answerer\n\ngo 1.24\n")
	compile := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", "serve", ".")
	compile.Dir, compile.Env = filepath.Join(s.dir, "service"), append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.put("service/Dockerfile", "FROM scratch\nCOPY serve /serve\nCOPY answer /answer\nENTRYPOINT [\"/serve\"]\n")
	s.put("service/answer", "one")
	s.put("experiment.yaml", strings.ReplaceAll(answerExperiment, "SOURCE", "build: {context: service}"))
	s.git("add", ".")
	s.git("commit", "--quiet", "-m", "a short answer in "+s.dir)
	s.put("service/answer", "three")

	v := s.gate(1, "--baseline", "main")
	if first, _, _ := strings.Cut(v.stdout.String(), "\n"); !strings.HasPrefix(first, "FAIL answers") || !strings.HasSuffix(first, ": +2 B answer per GET /ask") {
		t.Errorf("the first line is %q", first)
	}
	run := s.runs()[0]
	checkCosts(t, run, "GET /ask", "answer", 3, 5, results.Worse)
	baseline, candidate := run.Trials[0].Nodes[0], run.Trials[1].Nodes[0]

	s.put("experiment.yaml", strings.ReplaceAll(answerExperiment, "SOURCE", `image: "`+candidate.Image+`"`))
	s.gate(1, "--baseline", baseline.ImageDigest)
	run = s.runs()[0]
	checkCosts(t, run, "GET /ask", "answer", 3, 5, results.Worse)
	if got := run.Builds[0].ImageDigest; got != baseline.ImageDigest || run.Trials[0].Nodes[0].ImageDigest != got {
		t.Errorf("the baseline is %q, not %q", got, baseline.ImageDigest)
	}
	// What is called by a digest has to be at its registry, and this machine is none.
	if v := s.gate(3, "--baseline", "127.0.0.1:9/shop@"+baseline.ImageDigest); !strings.Contains(v.stderr(), "can't be had") || !strings.Contains(v.stderr(), "hint: pull the image") {
		t.Errorf("it says %q", v.stderr())
	}
}
