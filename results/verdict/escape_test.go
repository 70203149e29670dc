package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// escapedTrial ends at 130 s, and is stepped down from there in two steps of 15 s.
func escapedTrial() results.Trial {
	trial := disturbedTrial(130)
	trial.Escape = &results.Escape{Rate: 10, Steps: []results.Step{
		{Rate: 7, Start: 130, From: 135, End: 145}, {Rate: 4.9, Start: 147.8, From: 152.8, End: 162.8},
	}}
	return trial
}

func TestTheLoadIsSteppedDownUntilItComesBack(t *testing.T) {
	tests := []struct {
		name string
		down int // until then
		rate float64
		says string
	}{
		{"at once", 131, 7, "stepped down from 10/s it came back at 7/s"},
		{"at the second rate", 150, 4.9, "it came back at 4.9/s, and not at 7/s"},
		{"at none", 170, 0, "it did not come back, down to 4.9/s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Judgement(askRun(escapedTrial(), asked("count(http_reqs) == 1300")...), opening(record(t, framesTo(165, spell(broken, 40, test.down)))))
			if err != nil {
				t.Fatal(err)
			}
			check(t, v, results.Pass, 1300, "") // what came after the end is none of its business
			r := v.Resilience[0]
			if (r.EscapeRate == nil) != (test.rate == 0) || r.EscapeRate != nil && *r.EscapeRate != test.rate || !strings.Contains(r.Note, test.says) {
				t.Errorf("%+v", r)
			}
			if r.Metastable == nil || !*r.Metastable || !r.Recovery.Never || !strings.Contains(strings.Join(v.Warnings, " "), test.says) {
				t.Errorf("%+v, %v", r, v.Warnings)
			}
			tried := []float64{7, 4.9}
			if test.rate == 7 {
				tried = tried[:1]
			}
			if diff := cmp.Diff(tried, r.EscapeTried); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTheLoadSaysItselfWhetherItIsDown: what is asked while it runs is what the recording says.
func TestTheLoadSaysItselfWhetherItIsDown(t *testing.T) {
	run := askRun(disturbedTrial(130), asked(fair)...)
	for _, test := range []struct {
		name       string
		seconds    func(int) second
		down, back bool
	}{
		{"a target that stays down", spell(broken, 40, 148), true, true},
		{"one that stays down at the lower rate, too", spell(broken, 40, 170), true, false},
		{"one that is back", spell(broken, 40, 80), false, true},
		{"one that is only slower than before", spell(slow(200), 40, 170), false, false},
		{"one that is too slow for its bound", spell(slow(900), 40, 170), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := NewEscape(run.Question, true, 40)
			if err != nil {
				t.Fatal(err)
			}
			e.Begin(zero)
			for _, f := range framesTo(165, test.seconds) {
				e.Add(f)
			}
			if down, back := e.Down(127), e.Back(150, 160); down != test.down || back != test.back {
				t.Errorf("down %v, back %v", down, back)
			}
		})
	}
	t.Run("without calm before the fault nothing is known", func(t *testing.T) {
		e, err := NewEscape(run.Question, true, 8)
		if err != nil {
			t.Fatal(err)
		}
		e.Begin(zero)
		e.Add(quiet().frame(3, time.Second))
		if e.Down(127) || e.Back(150, 160) {
			t.Error("something was said")
		}
	})
}
