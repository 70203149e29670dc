package topology

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	o, engine := dockerOptions(t, experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}},
		Faults:       []experiment.Fault{{Name: "gone", Node: "db", Kind: "kill"}},
	})
	top, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Sweep(context.Background(), o.RunID) })
	pauser, err := site.As[site.Pauser](top.Site().Node("cache"))
	if err != nil {
		t.Fatal(err)
	}
	if err := pauser.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := inEngine(t, engine, o.RunID); len(got) != 4 {
		t.Errorf("in the engine are %v; want two nodes, the holder and the volume", got)
	}
	runs, err := RunsLeft(t.Context())
	if err != nil || !slices.Contains(runs, o.RunID) {
		t.Errorf("RunsLeft = %v, %v; want %s among them", runs, err, o.RunID)
	}
	if dead, err := RunsOfTheDead(t.Context()); err != nil || slices.Contains(dead, o.RunID) {
		t.Errorf("RunsOfTheDead = %v, %v; %s, whose owner is this process, lives", dead, err, o.RunID)
	}
	began := time.Now()
	for range 2 { // the second finds nothing
		if err := Sweep(t.Context(), o.RunID); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("swept in %d ms", time.Since(began).Milliseconds())
	noContainers(t, engine, o.RunID)
	if err := top.Stop(t.Context()); err != nil {
		t.Errorf("stop after the sweep: %v", err)
	}
}

func TestWithoutAnEngineSweepHasNothingToDo(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	if err := Sweep(t.Context(), "any"); err != nil {
		t.Errorf("Sweep: %v", err)
	}
	if runs, err := RunsLeft(t.Context()); err != nil || len(runs) != 0 {
		t.Errorf("RunsLeft = %v, %v", runs, err)
	}
	if e := EngineInfo(t.Context()); e.OK || e.Reason == "" {
		t.Errorf("EngineInfo = %+v", e)
	}
	_, err := BuildImages(t.Context(), nil)
	if missing := (*EngineError)(nil); !errors.As(err, &missing) || !missing.Missing {
		t.Errorf("BuildImages: %v", err)
	}
}

func TestAnEngineThatHangsCountsAsNone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "mute.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it accepts connections, by the backlog, and never answers
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	ctx, cancel := context.WithTimeout(t.Context(), 4*engineDeadline)
	defer cancel()
	e := EngineInfo(ctx)
	if e.OK || !strings.Contains(e.Reason, "did not answer") || ctx.Err() != nil {
		t.Errorf("EngineInfo = %+v, %v", e, ctx.Err())
	}
}
