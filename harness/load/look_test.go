package load

import (
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// TestAConstantLoadIsLookedAtStepByStep judges steps of a real load by how many iterations are known to have ended.
func TestAConstantLoadIsLookedAtStepByStep(t *testing.T) {
	t.Parallel()
	judge := func(zero time.Time, step results.Step, frames []*recording.Frame, due int64, usual float64) (results.StepOutcome, float64, bool) {
		n := accounted(zero, step, frames)
		return results.StepOutcome{Step: step, Outcome: results.Inconclusive, Offered: n}, 0, n >= due
	}
	p := start(t, Options{
		Script:    Script{Path: "experiment.yaml", Requests: scriptless(serve(t, ok)), Shape: "soak", Rate: 20, Duration: time.Minute},
		JudgeStep: judge,
	})
	if p.Search() != nil {
		t.Error("a constant load searches for something")
	}
	<-p.Started()
	for i, step := range []results.Step{{Rate: 20, Start: 0.5, From: 1, End: 3}, {Rate: 20, Start: 3.5, From: 4.25, End: 5.25}} {
		for _, edge := range []float64{step.From, step.End} {
			if err := p.Mark(p.Zero().Add(time.Duration(edge*float64(time.Second))), "step"); err != nil {
				t.Fatal(err)
			}
		}
		if _, known, ended := p.Look(step); ended || known > step.From+1 {
			t.Errorf("step %d: ended before it began, known until %v", i, known)
		}
		time.Sleep(time.Until(p.Zero().Add(time.Duration(step.End * float64(time.Second)))))
		deadline := time.Now().Add(10 * time.Second)
		o, known, ended := p.Look(step)
		for ; !ended && time.Now().Before(deadline); o, known, ended = p.Look(step) {
			time.Sleep(100 * time.Millisecond)
		}
		asked := int64(20 * (step.End - step.From))
		if !ended || known < step.End-1 || o.Offered < asked-1 || o.Offered > asked+1 {
			t.Errorf("step %d: ended %v, known until %v, %d of %d iterations", i, ended, known, o.Offered, asked)
		}
	}
	p.Stop()
	if _, err := p.Wait(); err != nil {
		t.Error(err)
	}
}
