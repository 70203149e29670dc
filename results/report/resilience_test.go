package report

import (
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// disturbed has two trials with a fault from which one recovered, and a second that left the target metastable.
func disturbed() results.Run {
	r := passing()
	second := passingTrial(r.Created)
	second.Number = 2
	r.Trials = append(r.Trials, second)
	for i := range r.Verdict.Phases[:3] {
		r.Verdict.Phases[i].Goodput = ptr(1 - 0.02*float64(i))
	}
	yes, no := true, false
	slow, down := []string{"redis-slow"}, []string{"db-down", "api-down"}
	r.Verdict.Resilience = []results.Resilience{
		{Trial: 1, Faults: slow, Start: 40.1, End: 60.2, Before: ptr(0.9991), During: ptr(0.42), After: ptr(0.999), Depth: ptr(0.71), Detect: ptr(2),
			Loss: ptr(13.42), Lost: ptr(1342), Recovery: results.Recovery{Seconds: ptr(8), Low: ptr(8), High: ptr(8)}, Metastable: &no},
		{Trial: 1, Faults: down, Start: 100, End: 105, Before: ptr(0.9991), During: ptr(0), After: ptr(0.12), Depth: ptr(1), Detect: ptr(1),
			Loss: ptr(70.1), Lost: ptr(7010), Recovery: results.Recovery{Low: ptr(70), Censor: ptr(69), Never: true}, Metastable: &yes, Down: 79,
			Note:       "the fault was gone and the load the same, and goodput stayed below 0.9 of what it was (99.91%) for 79s, to the end of what was seen",
			EscapeRate: ptr(19.6), EscapeTried: []float64{28, 19.6}},
		{Trial: 2, Faults: slow, Start: 40.1, End: 60.2, Before: ptr(1), During: ptr(0.5), After: ptr(1), Depth: ptr(0.5), Detect: ptr(2),
			Loss: ptr(12), Lost: ptr(1200), Recovery: results.Recovery{Seconds: ptr(11), Low: ptr(9), High: ptr(12)}, Metastable: &no},
		{Trial: 2, Faults: down, Start: 100, End: 105, Before: ptr(1), During: ptr(0), After: ptr(0.12), Depth: ptr(1), Detect: ptr(1),
			Loss: ptr(39), Lost: ptr(3900), Recovery: results.Recovery{Low: ptr(30), Censor: ptr(29)}, Note: "too short to tell"},
		{Trial: 2, Faults: []string{"late"}, Start: 140, End: 141, During: ptr(0.9), Note: "there is no steady phase before the fault"},
	}
	r.Verdict.Recoveries = []results.Recoveries{
		{Faults: slow, Trials: 2, Median: ptr(8), Longest: ptr(11), Of: 2}, {Faults: down, Trials: 2, Of: 1},
	}
	return r
}

func TestRecoveryIsToldAsFarAsItIsKnown(t *testing.T) {
	rows := []struct {
		name string
		r    results.Recovery
		want string
	}{
		{"nothing is known", results.Recovery{}, "-"},
		{"nothing but that it could be at once", results.Recovery{Low: ptr(0)}, "-"},
		{"at once", results.Recovery{Seconds: ptr(0), Low: ptr(0), High: ptr(0)}, "0 s"},
		{"what was not served leaves an interval", results.Recovery{Seconds: ptr(8), Low: ptr(3), High: ptr(9)}, "8 s (3 to 9 s)"},
		{"or no end", results.Recovery{Seconds: ptr(8), Low: ptr(8)}, "8 s (8 s or more)"},
		{"longer than was seen", results.Recovery{Low: ptr(46), Censor: ptr(45)}, "> 45 s"},
		{"never", results.Recovery{Low: ptr(46), Censor: ptr(45), Never: true}, "never (> 45 s)"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := recovery(row.r); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}
