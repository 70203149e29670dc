package load

import (
	"math"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
)

// verdictOf is a judge that has made up its mind.
type verdictOf struct {
	down, back bool
	frames     int
}

func (v *verdictOf) Begin(time.Time)            {}
func (v *verdictOf) Add(*recording.Frame)       { v.frames++ }
func (v *verdictOf) Down(float64) bool          { return v.down }
func (v *verdictOf) Back(float64, float64) bool { return v.back }

// TestALoadMayGoOnAtLowerRates: a real k6 offers a constant rate as long as planned, and goes on where its target is down.
func TestALoadMayGoOnAtLowerRates(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	own := write(t, "script.js", `
import http from 'k6/http';
export default function () { http.get(__ENV.URL); }`)
	for _, row := range []struct {
		name   string
		script Script
		down   bool
	}{
		{"not down, a script", Script{Path: own, Env: map[string]string{"URL": url}, Shape: "soak"}, false},
		{"not down, requests without a script", Script{Path: "experiment.yaml", Requests: scriptless(url)}, false},
		{"down, requests without a script", Script{Path: "experiment.yaml", Requests: scriptless(url), Shape: "soak"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := row.script
			s.Rate, s.Duration, s.Warmup, s.Escape = 20, 4*time.Second, time.Second, true
			judge := &verdictOf{down: row.down, back: true}
			p := start(t, Options{Script: s, JudgeEscape: judge})
			fitness, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			r := read(t, p)
			balanced(t, fitness, r)
			atEnd := map[bool]int64{true: 1}[row.down] // k6 is told to end when the last step was seen, whatever is under way
			if n := r.sum("offered", -0.0005, 4-0.0005); math.Abs(n-80) > 1.5 || fitness.Interrupted > atEnd || judge.frames == 0 {
				t.Errorf("%v iterations as planned, %d interrupted, %d frames judged", n, fitness.Interrupted, judge.frames)
			}
			if open, constant := p.Model(); !open || !constant {
				t.Errorf("open %v, constant %v", open, constant)
			}
			escape := p.Escape()
			if (escape != nil) != row.down {
				t.Fatalf("%+v", escape)
			}
			if !row.down {
				if n := r.sum("offered", 4+0.0005, always); n > 0 {
					t.Errorf("%v iterations after the planned end", n)
				}
				return
			}
			if len(escape.Steps) != 1 || escape.Rate != 20 || escape.Steps[0].Rate != 14 || math.Abs(escape.Steps[0].Start-4) > 0.001 {
				t.Fatalf("%+v", escape)
			}
			step := escape.Steps[0]
			if n := r.sum("offered", -0.0005, step.End-0.0005, "outcome:interrupted"); n > 0 {
				t.Errorf("%v iterations were interrupted before the last step was over", n)
			}
			if n := r.sum("offered", step.From-0.0005, step.End-0.0005); math.Abs(n-140) > 1.5 {
				t.Errorf("%v iterations at 14/s in 10 s", n)
			}
		})
	}
}
