package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// stepped is a load that breaks while a fault of 20 or more is in force, and tells what it did at once.
type stepped struct {
	loadOf
	strength *float64
}

func (s stepped) Look(step results.Step) (results.StepOutcome, float64, bool) {
	o := results.StepOutcome{Step: step, Outcome: results.Pass}
	if *s.strength >= 20 {
		o.Outcome = results.Fail
	}
	o.CPUPercent = 12
	return o, time.Since(s.zero).Seconds(), time.Since(s.zero).Seconds() > step.End
}

// tries is a probing of some strengths, one after another.
func tries(strength *float64, all ...float64) *Probing {
	return &Probing{
		Record: results.Probing{Aim: results.AimTolerance, Kind: "latency", Unit: "ms", Rate: 10},
		Next: func(tried []results.FaultOutcome) (Try, results.SearchEnd) {
			if len(tried) == len(all) {
				return Try{}, results.SearchFound
			}
			*strength = all[len(tried)]
			return Try{Label: "latency", Strength: *strength, Fault: experiment.Fault{Link: "api->cache", Kind: "latency"}}, ""
		},
		Weigh: func(s results.FaultStep, o results.StepOutcome) results.FaultOutcome {
			f := results.FaultOutcome{StepOutcome: o, Link: s.Link, Strength: s.Strength}
			if s.Error != "" {
				f.Outcome, f.Reason = results.Inconclusive, s.Error
			}
			return f
		},
		Length: 2 * time.Second, Rest: 100 * time.Millisecond,
	}
}

// probe conducts a trial that tries those strengths.
func probe(ctx context.Context, s *stage, all ...float64) (results.Trial, []results.FaultOutcome, error) {
	var strength float64
	var told []results.FaultOutcome
	plan := plan(slow(0, time.Second)) // whose own faults are left alone
	plan.Duration, plan.Probing = time.Minute, tries(&strength, all...)
	plan.Probing.Told = func(o results.FaultOutcome) { told = append(told, o) }
	parts := s.parts()
	start := parts.Load
	parts.Load = func(ctx context.Context, at *site.Site) (Load, error) {
		l, err := start(ctx, at)
		return stepped{l.(loadOf), &strength}, err
	}
	trial, err := Conduct(ctx, plan, parts)
	return trial, told, err
}

func TestAProbingTriesFaultsUntilNothingIsLeftToTry(t *testing.T) {
	t.Parallel()
	s := newStage(time.Minute)
	began := time.Now()
	trial, told, err := probe(t.Context(), s, 0, 10, 30)
	if err != nil || trial.Status != results.StatusComplete {
		t.Fatalf("%s, %v", trial.Status, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the load went on after the last step: %v", took)
	}
	want := []string{"start topology", "start load", "apply latency #2", "lift latency #2", "apply latency #3", "lift latency #3", "stop load", "ledgers",
		"evidence of cache", "log cache", "stop topology"}
	if diff := cmp.Diff(want, s.seen()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p := trial.Probing
	if p == nil || len(p.Steps) != 3 || p.Ended != results.SearchFound || len(trial.Faults) != 0 {
		t.Fatalf("%+v, faults %v", p, trial.Faults)
	}
	for i, step := range p.Steps {
		judged := step.End - step.From
		cut := step.Strength == 30
		if step.Effect == nil || step.Error != "" || step.CPUPercent != 12 || cut != (judged < 1.5) || step.Lifted < step.End-0.001 {
			t.Errorf("step %d: %+v", i, step)
		}
		if i > 0 && step.Start-p.Steps[i-1].Lifted < 0.1 {
			t.Errorf("step %d did not rest: %+v", i, step)
		}
	}
	if len(told) != 3 || told[1].Outcome != results.Pass || told[2].Outcome != results.Fail {
		t.Errorf("%+v", told)
	}
	var phases []results.PhaseName
	for _, phase := range trial.Phases {
		phases = append(phases, phase.Name)
	}
	if !slices.Equal(phases, []results.PhaseName{results.PhaseSteady, results.PhaseFault, results.PhaseSteady, results.PhaseFault, results.PhaseSteady}) {
		t.Errorf("%+v", trial.Phases)
	}
}

// marking is a load that notes its marks, and until when it was asked.
type marking struct {
	stepped
	marks, asked *[]float64 // seconds from t = 0
}

func (m marking) Mark(at time.Time, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.marks = append(*m.marks, at.Sub(m.zero).Seconds())
	return nil
}

func (m marking) Look(step results.Step) (results.StepOutcome, float64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.asked = append(*m.asked, step.End)
	return m.stepped.Look(step)
}

// TestAProbingAsksForWholeFrames: what ends within a frame would be waited for in vain.
func TestAProbingAsksForWholeFrames(t *testing.T) {
	t.Parallel()
	s := newStage(time.Minute)
	var strength float64
	var marks, asked []float64
	plan := plan(slow(0, time.Second))
	plan.Duration, plan.Probing = time.Minute, tries(&strength, 0, 10)
	parts := s.parts()
	start := parts.Load
	parts.Load = func(ctx context.Context, at *site.Site) (Load, error) {
		l, err := start(ctx, at)
		return marking{stepped{l.(loadOf), &strength}, &marks, &asked}, err
	}
	if _, err := Conduct(t.Context(), plan, parts); err != nil {
		t.Fatal(err)
	}
	for _, end := range asked {
		if !slices.ContainsFunc(marks, func(m float64) bool { return m-end < 1e-6 && end-m < 1e-6 }) {
			t.Fatalf("asked until %v; marks are at %v", end, marks)
		}
	}
	if len(asked) == 0 {
		t.Error("nothing was asked")
	}
}

func TestAProbingGoesOnAfterTheStepsOfAnEarlierTrial(t *testing.T) {
	t.Parallel()
	s := newStage(time.Minute)
	var strength float64
	plan := plan(slow(0, time.Second))
	plan.Duration, plan.Probing = time.Minute, tries(&strength, 0, 10, 30)
	plan.Probing.Record.Earlier = []results.FaultOutcome{{Strength: 0}, {Strength: 10}}
	parts := s.parts()
	start := parts.Load
	parts.Load = func(ctx context.Context, at *site.Site) (Load, error) {
		l, err := start(ctx, at)
		return stepped{l.(loadOf), &strength}, err
	}
	trial, err := Conduct(t.Context(), plan, parts)
	if err != nil {
		t.Fatal(err)
	}
	if p := trial.Probing; len(p.Steps) != 1 || p.Steps[0].Strength != 30 || len(p.Earlier) != 2 {
		t.Errorf("%+v", p)
	}
}

func TestAProbingThatIsInterruptedKeepsItsStepsAndLiftsItsFault(t *testing.T) {
	t.Parallel()
	s := newStage(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for !slices.Contains(s.seen(), "apply latency #2") {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	trial, told, err := probe(ctx, s, 0, 10, 30)
	if err == nil || trial.Status != results.StatusAborted || len(trial.Probing.Steps) != 1 || trial.Probing.Ended != "" || len(told) != 1 {
		t.Errorf("%s, %v: %+v", trial.Status, err, trial.Probing)
	}
	if !slices.Contains(s.seen(), "lift latency #2") {
		t.Errorf("the fault was left in force: %v", s.seen())
	}
}

func TestAFaultOfAProbingThat(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		arrange func(*stage)
		status  results.Status
		steps   int
		reason  string // of the trial or of the step
	}{
		{"can't be applied says nothing of its strength", func(s *stage) { s.failApply = errors.New("boom") }, results.StatusComplete, 1, "apply: boom"},
		{"can't be lifted breaks the trial", func(s *stage) { s.failLift = errors.New("boom") }, results.StatusBroken, 0, "latency was not lifted: boom"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(time.Minute)
			row.arrange(s)
			trial, _, _ := probe(t.Context(), s, 10)
			reason := trial.Reason
			if len(trial.Probing.Steps) > 0 {
				reason += trial.Probing.Steps[0].Error
			}
			if trial.Status != row.status || len(trial.Probing.Steps) != row.steps || !strings.Contains(reason, row.reason) {
				t.Errorf("%s, %q: %+v", trial.Status, reason, trial.Probing)
			}
		})
	}
}

func TestALoadThatCantBeJudgedIsNotProbed(t *testing.T) {
	t.Parallel()
	var strength float64
	plan := plan()
	plan.Probing = tries(&strength, 0)
	trial, err := Conduct(t.Context(), plan, newStage(time.Minute).parts())
	if err == nil || !strings.Contains(trial.Reason, "can't be judged while it runs") {
		t.Errorf("%v: %+v", err, trial)
	}
}
