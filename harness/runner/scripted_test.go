package runner

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// asking is a load whose script asks for faults.
type asking struct {
	loadOf
	asks chan FaultAsk
}

func (a asking) FaultAsks() <-chan FaultAsk { return a.asks }

// ask waits for the answer, as a script does.
func (a asking) ask(fault string, lift bool) string {
	answer := make(chan error, 1)
	a.asks <- FaultAsk{Fault: fault, Lift: lift, Answer: func(err error) { answer <- err }}
	if err := <-answer; err != nil {
		return err.Error()
	}
	return "done"
}

// scripted runs a trial with the fault `slow` of that length, and what its script does.
func scripted(t *testing.T, length time.Duration, script func(asking)) (results.Trial, []string) {
	t.Helper()
	s := newStage(time.Minute)
	load := asking{loadOf{s}, make(chan FaultAsk)}
	parts := s.parts()
	start := parts.Load
	parts.Load = func(ctx context.Context, at *site.Site) (Load, error) {
		_, err := start(ctx, at)
		go func() {
			script(load)
			load.Stop()
		}()
		return load, err
	}
	f := slow(0, length)
	f.Scripted = true
	p := plan(f)
	p.Duration = time.Minute
	trial, err := Conduct(t.Context(), p, parts)
	if err != nil {
		t.Fatal(err)
	}
	return trial, slices.DeleteFunc(s.seen(), func(e string) bool { return !strings.Contains(e, "slow") })
}

func TestAFaultWaitsForTheScript(t *testing.T) {
	t.Parallel()
	var answers []string
	trial, events := scripted(t, 100*time.Millisecond, func(a asking) {
		answers = append(answers,
			a.ask("slow", true), // nothing to lift
			a.ask("slow", false), a.ask("slow", false), a.ask("slow", true),
			a.ask("fast", false),
			a.ask("slow", false), // while the probe still watches the time after
		)
		time.Sleep(200 * time.Millisecond) // it ends by its length
		answers = append(answers, a.ask("slow", true))
	})
	want := []string{"done", "done", "it is in force already", "done", "no fault with at: script is named fast: there are slow", "done", "done"}
	if !slices.Equal(answers, want) {
		t.Errorf("answers %q, want %q", answers, want)
	}
	if want := []string{"apply slow", "lift slow", "apply slow", "lift slow"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	if len(trial.Faults) != 2 {
		t.Fatalf("faults %+v", trial.Faults)
	}
	for i, f := range trial.Faults {
		if f.Name != "slow" || f.Occurrence != i+1 || !f.Applied || !f.Removed || f.Effect == nil || f.End < f.Start || f.PlannedStart > f.Start {
			t.Errorf("time %d: %+v", i+1, f)
		}
	}
	if first, second := trial.Faults[0], trial.Faults[1]; first.End-first.Start > 0.09 || second.End-second.Start < 0.09 {
		t.Errorf("the first was lifted by the script, the second by its length: %+v", trial.Faults)
	}
}

func TestAScriptsFaultEndsWithTheLoad(t *testing.T) {
	t.Parallel()
	trial, events := scripted(t, time.Hour, func(a asking) { a.ask("slow", false) })
	if want := []string{"apply slow", "lift slow"}; !slices.Equal(events, want) || len(trial.Faults) != 1 || !trial.Faults[0].Removed {
		t.Errorf("events %v, faults %+v", events, trial.Faults)
	}
}

func TestAFaultThatTheScriptNeverAskedForIsTold(t *testing.T) {
	t.Parallel()
	trial, events := scripted(t, time.Hour, func(asking) { time.Sleep(50 * time.Millisecond) })
	if len(events) != 0 || len(trial.Faults) != 1 || trial.Faults[0].Applied || trial.Faults[0].Error != "the script never asked for it" {
		t.Errorf("events %v, faults %+v", events, trial.Faults)
	}
}

func TestAnExperimentWithoutScriptedFaultsRefusesWhatTheScriptAsks(t *testing.T) {
	t.Parallel()
	tl := &timeline{trial: &trial{plan: plan(experiment.Fault{Name: "planned"})}}
	if err := tl.unknownFault("planned"); err == nil || !strings.Contains(err.Error(), "the experiment has none with at: script") {
		t.Error(err)
	}
}
