package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
)

// TestWhatBruntWritesIsNoPartOfABuild: a store and reports in the root of a repository, and the file of somebody else beside them.
func TestWhatBruntWritesIsNoPartOfABuild(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "--quiet")
	git("commit", "--quiet", "--allow-empty", "-m", "nothing")
	report := "gate.json"
	var o runOptions
	o.store.dsn, o.outputs.files = "sqlite:"+filepath.Join(dir, "brunt.db"), map[string]*string{"json": &report}
	inv := &invocation{app: &app{Process: Process{Dir: dir, Environ: os.Environ()}, redactor: provenance.NewRedactor(nil)}, options: o}
	write := func(name string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("x"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, own := range []string{"brunt.db", "brunt.db-wal", "brunt.db-shm", "artifacts/run/recording-1.brunt", "gate.json"} {
		write(own)
	}
	if b, err := inv.measuredNow(t.Context()); err != nil || b.SHA == "" || b.Dirty {
		t.Errorf("%+v, %v", b, err)
	}
	write("junit.xml")
	if b, err := inv.measuredNow(t.Context()); err != nil || !b.Dirty || b.DiffDigest == "" {
		t.Errorf("with the file of another: %+v, %v", b, err)
	}

	if err := inv.unchanged(t.Context()); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	write("main.go")
	measured := []results.Trial{{Status: results.StatusComplete}}
	inv.question.experiment.Services = []experiment.Service{{Name: "api", Command: []string{"go", "run", "."}}}
	err := inv.unchanged(t.Context(), measured...)
	if err == nil || !strings.HasSuffix(err.Error(), "main.go changed meanwhile") || measured[0].Status != results.StatusBroken || !strings.Contains(hintFor(err), ".gitignore") {
		t.Errorf("%v, of the trial %+v", err, measured[0])
	}
	git("add", "main.go")
	git("commit", "--quiet", "-m", "a file")
	if err := inv.unchanged(t.Context()); err == nil || !strings.Contains(err.Error(), "is checked out, and not") {
		t.Errorf("of another commit: %v", err)
	}
	inv.question.experiment.Services = nil
	if err := inv.unchanged(t.Context()); err != nil {
		t.Errorf("nothing is built from it: %v", err)
	}
}

// TestAnImageThatMovesEndsTheRun: by its name it may be another in each pair.
func TestAnImageThatMovesEndsTheRun(t *testing.T) {
	of := func(build int, digest string) results.Trial {
		return results.Trial{Build: build, Status: results.StatusComplete, Nodes: []results.Node{{Name: "api", Image: "shop:latest", ImageDigest: digest}}}
	}
	inv := &invocation{app: &app{redactor: provenance.NewRedactor(nil)}, run: results.Run{Trials: []results.Trial{of(0, "sha256:1"), of(1, "sha256:2")}}}
	same, moved := []results.Trial{of(1, "sha256:2"), of(0, "sha256:1")}, []results.Trial{of(0, "sha256:1"), of(1, "sha256:3")}
	if err := inv.unchanged(t.Context(), same...); err != nil || same[0].Status != results.StatusComplete {
		t.Errorf("of the same images: %v", err)
	}
	if err := inv.unchanged(t.Context(), moved...); err == nil || !strings.Contains(err.Error(), "shop:latest of api is sha256:3, and not sha256:2") || !isCutOff(moved[0]) {
		t.Errorf("of another image: %v", err)
	}
	inv.question.experiment.Services = []experiment.Service{{Name: "api", Reference: "restapi"}}
	if err := inv.sameImages(moved); err != nil {
		t.Errorf("of one that is built for the run: %v", err)
	}
}
