package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
)

// windowOf is n iterations in a second, of which those beyond the 90th percentile take ten times as long as the typical one.
func windowOf(n int, typical float64) GateWindow {
	h := histogram.New()
	for i := range n {
		v := typical * (1 + float64(i)/float64(n)/1000)
		if i >= n*9/10 {
			v *= 10
		}
		h.Record(v)
	}
	return GateWindow{Seconds: 1, Latency: h, Offered: int64(n), Served: int64(n)}
}

// pairOf is a pair of windows with typical latencies.
func pairOf(n int, baseline, candidate []float64) GatePair {
	p := GatePair{Number: 4, First: results.SideCandidate, Seconds: 70}
	for _, v := range baseline {
		p.Baseline.Windows = append(p.Baseline.Windows, windowOf(n, v))
	}
	for _, v := range candidate {
		p.Candidate.Windows = append(p.Candidate.Windows, windowOf(n, v))
	}
	return p
}

func ten(v float64) []float64 { return []float64{v, v, v, v, v, v, v, v, v, v} }

func inPhases(p GatePair, name ...string) GatePair {
	for i, n := range name {
		p.Baseline.Windows[i].Phase, p.Candidate.Windows[i].Phase = n, n
	}
	return p
}

func TestReadPairComparesWindows(t *testing.T) {
	burst := ten(10)
	burst[3], burst[4] = 30, 30
	half := append(append([]float64{}, ten(10)...), 10, 10) // 12 s
	slow := append(append([]float64{}, ten(10)...), 20, 20)
	phases := []string{"steady", "steady", "steady", "steady", "steady", "steady", "steady", "steady", "steady", "steady", "fault", "fault"}
	for _, test := range []struct {
		name    string
		plan    results.Gate
		pair    GatePair
		p50     float64 // as a ratio; 0: nothing to compare
		windows int
	}{
		{"equal builds", results.Gate{Window: 1}, pairOf(400, ten(10), ten(10)), 1, 10},
		{"a tenth more", results.Gate{Window: 1}, pairOf(400, ten(10), ten(11)), 1.1, 10},
		{"windows are merged to the gate's length", results.Gate{Window: 5}, pairOf(400, ten(10), ten(11)), 1.1, 2},
		{"a rest too short for a window goes to the one before", results.Gate{Window: 5}, pairOf(400, half, half), 1, 2},
		{"what befalls both is none", results.Gate{Window: 1}, pairOf(400, burst, burst), 1, 10},
		{"a burst on one side is trimmed", results.Gate{Window: 1}, pairOf(400, ten(10), burst), 1, 10},
		{"what one side has more of is left out", results.Gate{Window: 1}, pairOf(400, ten(10), slow), 1, 10},
		{"a short phase counts as much as a long one", results.Gate{Window: 1}, inPhases(pairOf(400, half, slow), phases...), math.Sqrt2, 12},
		{"nothing was served", results.Gate{Window: 1}, GatePair{Baseline: GateSide{Windows: make([]GateWindow, 3)}, Candidate: GateSide{Windows: make([]GateWindow, 3)}}, 0, 0},
		{"no windows", results.Gate{}, GatePair{}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := ReadPair(test.plan, test.pair)
			v := r.Values[0]
			if v.Metric != "p50" || len(r.Values) != 4 {
				t.Fatalf("%+v", r)
			}
			if test.p50 == 0 {
				if v.Change != nil {
					t.Errorf("a change of %v", *v.Change)
				}
				return
			}
			if v.Change == nil || math.Abs(math.Exp(*v.Change)-test.p50) > 0.003 || v.Windows != test.windows {
				t.Errorf("%+v, want a ratio of %v over %d windows", v, test.p50, test.windows)
			}
		})
	}
}

func TestWindowsAreMergedUntilAQuantileCounts(t *testing.T) {
	for _, test := range []struct {
		name    string
		n       int // a second
		p99     int // windows; 0: not compared
		p95     int
		beyond  int64
		windows int // of p50
	}{
		{"800 a second", 800, 10, 10, 80, 10},
		{"400 a second", 400, 5, 10, 40, 10},
		{"200 a second: p99 rests on two windows, the second of six seconds", 200, 2, 10, 20, 10},
		{"160 a second: 16 beyond p99 are too few for anything", 160, 0, 10, 16, 10},
		{"20 a second", 20, 0, 0, 2, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := ReadPair(results.Gate{Window: 1}, pairOf(test.n, ten(10), ten(10))).Values
			if v[2].Windows != test.p99 || v[1].Windows != test.p95 || v[0].Windows != test.windows {
				t.Errorf("p50, p95, p99 rest on %d, %d, %d windows, want %d, %d, %d", v[0].Windows, v[1].Windows, v[2].Windows, test.windows, test.p95, test.p99)
			}
			if v[2].BaselineCount != test.beyond || (v[2].Change == nil) != (test.p99 == 0) {
				t.Errorf("p99: %+v, want %d beyond it", v[2], test.beyond)
			}
		})
	}
}

func TestReadPairCountsFailuresAndThroughput(t *testing.T) {
	p := pairOf(400, ten(10), ten(10))
	p.Baseline.Windows[0].Failed, p.Candidate.Windows[0].Failed, p.Candidate.Windows[7].Failed = 1, 2, 3
	for i := range p.Candidate.Windows {
		p.Candidate.Windows[i].Served = 200
	}
	r := ReadPair(results.Gate{Window: 1, Primary: []results.GateMetric{{Name: results.GateErrors}, {Name: results.GateThroughput}, {Name: "nonsense"}}}, p)
	e := r.Values[0]
	if e.BaselineCount != 1 || e.CandidateCount != 5 || e.BaselineOffered != 4000 || math.Abs(*e.Change-0.001) > 1e-12 {
		t.Errorf("errors %+v", e)
	}
	if v := r.Values[1]; math.Abs(*v.Change-math.Ln2) > 1e-12 || *v.Baseline != 400 || *v.Candidate != 200 {
		t.Errorf("throughput %+v", v)
	}
	if v := r.Values[2]; v.Change != nil || v.Metric != "nonsense" {
		t.Errorf("%+v", v)
	}
}

// TestWhatSpeaksAgainstAPass: what a pair that does not count shows all the same.
func TestWhatSpeaksAgainstAPass(t *testing.T) {
	drop := func(n int64) func(s *GateSide) {
		return func(s *GateSide) { s.Windows[2].Dropped, s.Windows[3].Failed = n/2, n-n/2 }
	}
	for _, test := range []struct {
		name                string
		baseline, candidate func(s *GateSide)
		want                string
	}{
		{"the candidate loses more", drop(10), drop(200), "the candidate lost 5% of what it was offered, the baseline 0.25%"},
		{"the baseline does", drop(200), drop(10), ""},
		{"both lose alike", drop(200), drop(220), ""},
		{"hardly more", nil, drop(4), ""},
		{"the script threw", nil, func(s *GateSide) { s.Fitness.Exceptions, s.Fitness.FirstException = 2, "no id" }, "the script threw 2 exceptions: no id"},
		{"the script ended the load of the baseline", func(s *GateSide) { s.Fitness.Aborted = "bad answer" }, nil, "a threshold ended the load early: bad answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pairOf(400, ten(10), ten(10))
			if test.baseline != nil {
				test.baseline(&p.Baseline)
			}
			if test.candidate != nil {
				test.candidate(&p.Candidate)
			}
			if r := ReadPair(results.Gate{Window: 1}, p); r.Against != "" && len(r.Unfit) == 0 {
				t.Errorf("of a pair that counts: %q", r.Against)
			}
			steal := &results.Machine{Steal: 0.5}
			p.Baseline.Fitness.Machine, p.Candidate.Fitness.Machine = steal, steal
			if r := ReadPair(results.Gate{Window: 1}, p); r.Against != test.want {
				t.Errorf("%q, want %q", r.Against, test.want)
			}
		})
	}
}

// TestWhichPairsDoNotCount: each rule excludes a pair whichever build it is that breaks it.
func TestWhichPairsDoNotCount(t *testing.T) {
	always := func(v float64) *histogram.Histogram {
		h := histogram.New()
		h.RecordN(v, 1000)
		return h
	}
	cores := func(s *GateSide) { s.Fitness.Cores, s.Fitness.CPUPercent = 2, 170 }
	for _, test := range []struct {
		name string
		one  func(s *GateSide) // what is wrong with one side
		both func(s *GateSide)
		want string // empty: nothing is wrong
	}{
		{"nothing", nil, nil, ""},
		{"steal", nil, func(s *GateSide) { s.Fitness.Machine = &results.Machine{Steal: 0.11} }, "the hypervisor gave"},
		{"one core of two stolen", nil, func(s *GateSide) { v := 0.5; s.Fitness.Machine = &results.Machine{Foreign: &v} }, "other programs took 50% or more of this machine's CPU"},
		{"one core of two stolen, and nobody waited", nil, func(s *GateSide) {
			v := 0.5
			s.Fitness.Machine = &results.Machine{Foreign: &v, Pressure: &results.Pressure{CPU: 0.01}}
		}, "other programs took 50% or more of this machine's CPU"},
		{"steal within bounds", nil, func(s *GateSide) { s.Fitness.Machine = &results.Machine{Steal: 0.09} }, ""},
		{"a generator that is saturated", nil, cores, "the load generator used 85%"},
		{"dropped iterations", func(s *GateSide) { s.Windows[2].Dropped = 5 }, nil, "dropped 0.125% of the iterations"},
		{"a few dropped iterations", func(s *GateSide) { s.Windows[2].Dropped = 4 }, nil, ""},
		{"other rates", func(s *GateSide) { s.Windows[0].Offered += 40 }, nil, "the builds were offered rates that differ by 1%"},
		{"nearly the same rates", func(s *GateSide) { s.Windows[0].Offered += 10 }, nil, ""},
		{"other rates of a load that the target sets", func(s *GateSide) { s.Windows[0].Offered += 40 }, func(s *GateSide) { s.Closed = true }, ""},
		{"the script fails the run", nil, func(s *GateSide) { s.Fitness.ExitCode, s.Fitness.Aborted = exitFailed, "bad answer" }, "the script declared the run failed: bad answer"},
		{"the script ends the load", nil, func(s *GateSide) { s.Fitness.ExitCode = exitAborted }, "the script aborted the load"},
		{"a threshold that was crossed", nil, func(s *GateSide) { s.Fitness.ExitCode = exitThresholds }, ""},
		{"nothing offered", func(s *GateSide) {
			for i := range s.Windows {
				s.Windows[i].Offered = 0
			}
		}, nil, "the builds were offered rates that differ"},
		{"late", nil, func(s *GateSide) { s.Lateness = always(1.5) }, "iterations started late: p50 of lateness is 1.5ms, more than 10% of that of latency"},
		{"late, but not against latency", nil, func(s *GateSide) { s.Lateness = always(0.5) }, ""},
		{"late, and much of latency is that", nil, func(s *GateSide) { s.Lateness, s.Service = always(4), always(6.5) }, "iterations started late: that is 35"},
		{"late, and little of latency is that", nil, func(s *GateSide) { s.Lateness, s.Service = always(4), always(6.8) }, ""},
		{"late, because VUs were busy with a slow target", func(s *GateSide) { s.Lateness = always(30) }, func(s *GateSide) { s.Fitness.LatenessOwnP99 = 0.1 }, ""},
		{"one later than the other", func(s *GateSide) { s.Lateness = always(0.5) }, nil, "iterations of one build started later"},
		{"one later, which is judged over all pairs", func(s *GateSide) { s.Lateness, s.Service = always(0.5), always(9.5) },
			func(s *GateSide) { s.Service = always(10) }, ""},
		{"p99 of lateness alone", nil, func(s *GateSide) { s.Fitness.LatenessP99 = 20 }, "iterations started late: p99 of lateness is 20ms"},
		{"p99 of lateness alone says nothing of p50", nil, func(s *GateSide) { s.Fitness.LatenessP99 = 5 }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, swapped := range []bool{false, true} {
				p := pairOf(400, ten(10), ten(10))
				sides := []*GateSide{&p.Baseline, &p.Candidate}
				for _, s := range sides {
					if test.both != nil {
						test.both(s)
					}
				}
				if swapped {
					sides[0] = sides[1]
				}
				if test.one != nil {
					test.one(sides[0])
				}
				found := strings.Join(ReadPair(results.Gate{Window: 1}, p).Unfit, "; ")
				if (found == "") != (test.want == "") || !strings.Contains(found, test.want) {
					t.Errorf("swapped %v: %q, want %q", swapped, found, test.want)
				}
			}
		})
	}
	for more, want := range map[int64]bool{0: true, 2: true, 3: false} { // of 190, 3 are 1.6 %
		p := pairOf(19, ten(10), ten(10))
		p.Candidate.Windows[9].Offered += more
		if r := ReadPair(results.Gate{}, p); (len(r.Unfit) == 0) != want {
			t.Errorf("%d more of 190 iterations: %v", more, r.Unfit)
		}
	}
	if r := ReadPair(results.Gate{}, GatePair{}); len(r.Unfit) != 1 || r.Unfit[0] != "nothing was measured" {
		t.Errorf("of nothing: %v", r.Unfit)
	}
}
