package load

import (
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// accounted counts the iterations of a step that are known to have ended.
func accounted(zero time.Time, step results.Step, frames []*recording.Frame) (n int64) {
	for _, f := range frames {
		middle := time.Duration((f.Start+f.End)/2 - zero.UnixNano()).Seconds()
		if middle < step.From || middle >= step.End {
			continue
		}
		for _, p := range f.Points {
			if p.Key.Metric == "offered" {
				n += int64(p.Sum)
			}
		}
	}
	return n
}

// TestASearchOffersTheRatesOfItsSteps steers a real k6 with a judge that takes 22/s for too much.
func TestASearchOffersTheRatesOfItsSteps(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", `
import http from 'k6/http';
import { breakpoint } from 'k6/x/brunt';
export const options = { scenarios: { load: breakpoint({ rate: 22, from: 20, factor: 1.1, step: '3s', duration: '60s' }) },
  // Nobody means the limit of a search by it.
  thresholds: { http_reqs: [{ threshold: 'count<10', abortOnFail: true }] } };
export default function () { http.get(__ENV.URL); }`)
	for _, row := range []struct {
		name   string
		script Script
	}{
		{"of a script", Script{Path: script, Env: map[string]string{"URL": url}, Warmup: time.Second}},
		{"of requests without one", Script{
			Path: "experiment.yaml", Requests: scriptless(url), Shape: "breakpoint", Rate: 22, From: 20, Step: 3 * time.Second,
			Duration: time.Minute, Warmup: time.Second,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			searches(t, row.script)
		})
	}
}

// searches runs a search from 20/s to 22/s in steps of 3 s.
func searches(t *testing.T, script Script) {
	t.Helper()
	judge := func(zero time.Time, step results.Step, frames []*recording.Frame, due int64, usual float64) (results.StepOutcome, float64, bool) {
		n := accounted(zero, step, frames)
		o := results.StepOutcome{Step: step, Outcome: results.Inconclusive}
		switch {
		case step.Rate > 21 && n > 0:
			o.Outcome = results.Fail
		case n >= due:
			o.Outcome = results.Pass
		}
		return o, 0.001, n >= due
	}
	began := time.Now()
	p := start(t, Options{Script: script, JudgeStep: judge})
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, p)
	balanced(t, fitness, r)
	if fitness.Aborted != "" {
		t.Errorf("a threshold ended the search: %s", fitness.Aborted)
	}
	s := p.Search()
	if s == nil || s.Ended != results.SearchFound || s.From != 20 || s.Most != 22 || s.VUs != 22 {
		t.Fatalf("%+v", s)
	}
	var rates []float64
	for _, step := range s.Steps {
		rates = append(rates, step.Rate)
		asked := step.Rate * (step.End - step.From)
		if n := r.sum("offered", step.From-0.0005, step.End-0.0005); math.Abs(n-asked) > 1.5 {
			t.Errorf("%v iterations were offered from %v to %v s, want %v at %v/s", n, step.From, step.End, asked, step.Rate)
		}
		if step.From-step.Start < 0.59 || step.Again != (len(rates) == 3) {
			t.Errorf("%+v", step)
		}
	}
	if diff := cmp.Diff([]float64{20, 22, 22}, rates); diff != "" {
		t.Error(diff)
	}
	// Three steps of 3 s, not a minute: the load ends with the search.
	t.Logf("ended after %v: %+v", time.Since(began), s.Steps)
	if last := s.Steps[2].End; r.sum("offered", last+8, always) > 0 {
		t.Errorf("the load went on long after the last step, which ended at %v s", last)
	}
}

// TestASearchEndsWhereTheTargetDoesNotRecover: a target that hangs is not asked again and again.
func TestASearchEndsWhereTheTargetDoesNotRecover(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	over := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) > 70 { // at 20/s for 2 s, and then for 1.5 s at 22/s
			<-over
		}
		ok(w, r)
	})
	defer close(over)
	script := write(t, "script.js", `
import http from 'k6/http';
import { breakpoint } from 'k6/x/brunt';
export const options = { scenarios: { load: breakpoint({ rate: 22, from: 20, step: '2s', duration: '60s' }) } };
export default function () { http.get(__ENV.URL); }`)
	judge := func(zero time.Time, step results.Step, frames []*recording.Frame, due int64, usual float64) (results.StepOutcome, float64, bool) {
		o := results.StepOutcome{Step: step, Outcome: results.Inconclusive}
		n := accounted(zero, step, frames)
		if n >= due {
			o.Outcome = results.Pass
		}
		return o, 0.001, n >= due
	}
	p := start(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}, JudgeStep: judge})
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	s := p.Search()
	if s.Ended != results.SearchDown || len(s.Steps) != 2 || s.Steps[1].Rate != 22 {
		t.Errorf("%+v", s)
	}
}

// TestAShapeThatCouldSearchKeepsItsScheduleWhereNobodyJudges runs the staircase.
func TestAShapeThatCouldSearchKeepsItsScheduleWhereNobodyJudges(t *testing.T) {
	t.Parallel()
	script := write(t, "script.js", importing("breakpoint", "{ rate: 40, from: 10, factor: 2, step: '2s', duration: '4500ms' }"))
	p := start(t, Options{Script: Script{Path: script}})
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if fitness.Offered != 105 || p.Search() != nil { // 1.5 s each at 10, 20 and 40/s
		t.Errorf("offered %d, want 105; search %+v", fitness.Offered, p.Search())
	}
}
