package campaign

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// decider says what comes of a try.
type decider func(strength float64) results.StepOutcome

func outcomeOf(o results.Outcome) results.StepOutcome { return results.StepOutcome{Outcome: o} }

// sharp holds below an edge and breaks from it on.
func sharp(edge float64) decider {
	return func(s float64) results.StepOutcome {
		if s < edge {
			return outcomeOf(results.Pass)
		}
		return outcomeOf(results.Fail)
	}
}

// search runs a search to its end, of a hundred steps at most.
func search(t *testing.T, l Limits, decide decider) ([]results.FaultOutcome, results.SearchEnd) {
	t.Helper()
	var tried []results.FaultOutcome
	for range 100 {
		strength, end := l.Next(tried)
		if end != "" {
			return tried, end
		}
		tried = append(tried, results.FaultOutcome{Strength: strength, StepOutcome: decide(strength)})
	}
	t.Fatalf("the search does not end: %v", strengths(tried))
	return nil, ""
}

func strengths(tried []results.FaultOutcome) (all []float64) {
	for _, o := range tried {
		all = append(all, o.Strength)
	}
	return all
}

func interval(tried []results.FaultOutcome, falling bool) (held, broke float64) {
	e := verdict.EdgeOf(tried, falling)
	if e.Held >= 0 {
		held = e.Levels[e.Held].Strength
	}
	if e.Broke >= 0 {
		broke = e.Levels[e.Broke].Strength
	}
	return held, broke
}

func shares(t *testing.T) Limits {
	t.Helper()
	scale, ok := ScaleOf("stall")
	if !ok {
		t.Fatal("stall has no scale")
	}
	return Limits{Scale: scale}
}

func latencies(t *testing.T) Limits {
	t.Helper()
	scale, ok := ScaleOf("latency")
	if !ok {
		t.Fatal("latency has no scale")
	}
	return Limits{Scale: scale}
}

func TestWhatIsTriedNextDependsOnWhatHeld(t *testing.T) {
	flaky := func(at float64, wrong ...int) decider { // turns out otherwise in those tries at a strength
		n := 0
		return func(s float64) results.StepOutcome {
			o := sharp(250)(s)
			if s != at {
				return o
			}
			n++
			for _, w := range wrong {
				if w == n {
					return outcomeOf(map[results.Outcome]results.Outcome{results.Pass: results.Fail, results.Fail: results.Pass}[o.Outcome])
				}
			}
			return o
		}
	}
	for _, row := range []struct {
		name        string
		decide      decider
		want        []float64
		end         results.SearchEnd
		held, broke float64
	}{
		{"sound, growing, halving, and both edges twice", sharp(250),
			[]float64{0, 8, 32, 128, 512, 256, 181, 215, 235, 256, 235, 157, 384}, results.SearchFound, 235, 256},
		{"one unlucky step far below is found out when the edge is tried again", flaky(128, 1),
			[]float64{0, 8, 32, 128, 64, 91, 108, 118, 128, 128, 512, 256, 181, 215, 235, 256, 235, 157, 384}, results.SearchFound, 235, 256},
		{"an unlucky step at the edge takes a third", flaky(256, 2),
			[]float64{0, 8, 32, 128, 512, 256, 181, 215, 235, 256, 256, 235, 157, 384}, results.SearchFound, 235, 256},
		{"the first that is tried breaks", sharp(3),
			[]float64{0, 8, 3, 2, 3, 2, 1, 5}, results.SearchFound, 2, 3},
		{"not even the weakest is tolerated", sharp(0.5),
			[]float64{0, 8, 3, 2, 1, 1}, results.SearchFound, 0, 1},
		{"even the strongest is", sharp(math.Inf(1)),
			[]float64{0, 8, 32, 128, 512, 2048, 8192, 10_000, 10_000}, results.SearchMost, 10_000, 0},
		{"not even a sound link", sharp(0), []float64{0, 0}, results.SearchFirst, 0, 0},
		{"what can't be told is tried three times", func(s float64) results.StepOutcome {
			if s >= 32 {
				return outcomeOf(results.Inconclusive)
			}
			return outcomeOf(results.Pass)
		}, []float64{0, 8, 32, 32, 32}, results.SearchUnclear, 8, 0},
		{"the generator's own limit is tried twice", func(s float64) results.StepOutcome {
			if s >= 32 {
				return results.StepOutcome{Outcome: results.Inconclusive, Unfit: true}
			}
			return outcomeOf(results.Pass)
		}, []float64{0, 8, 32, 32}, results.SearchUnfit, 8, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			tried, end := search(t, latencies(t), row.decide)
			if diff := cmp.Diff(row.want, strengths(tried)); diff != "" || end != row.end {
				t.Errorf("%s, want %s; tried (-want +got):\n%s", end, row.end, diff)
			}
			held, broke := interval(tried, false)
			if row.end == results.SearchFirst {
				return
			}
			if held != row.held || broke != row.broke {
				t.Errorf("the limit lies in [%v, %v], want [%v, %v]", held, broke, row.held, row.broke)
			}
		})
	}
}

// TestAnUnevenEdgeWidensTheInterval: between 145 and 170 ms a retry meets the answer that it gave up on.
func TestAnUnevenEdgeWidensTheInterval(t *testing.T) {
	for _, row := range []struct {
		name        string
		breaks      func(s float64) bool
		held, broke float64
	}{
		{"a weaker fault breaks", func(s float64) bool { return s > 145 && s < 170 || s >= 250 }, 128, 256},
		{"a stronger fault holds", func(s float64) bool { return s >= 250 && s < 370 || s >= 400 }, 235, 512},
	} {
		t.Run(row.name, func(t *testing.T) {
			tried, end := search(t, latencies(t), func(s float64) results.StepOutcome {
				if row.breaks(s) {
					return outcomeOf(results.Fail)
				}
				return outcomeOf(results.Pass)
			})
			held, broke := interval(tried, false)
			if end != results.SearchUneven || held != row.held || broke != row.broke {
				t.Errorf("%s [%v, %v], want [%v, %v], after %v", end, held, broke, row.held, row.broke, strengths(tried))
			}
			if e := verdict.EdgeOf(tried, false); !e.Uneven() || !e.Levels[e.FirstBroke].Sure() || !e.Levels[e.LastHeld].Sure() {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestABandwidthIsStrongerTheSmallerItIs(t *testing.T) {
	scale, _ := ScaleOf("bandwidth")
	tried, end := search(t, Limits{Scale: scale}, func(s float64) results.StepOutcome {
		if s != 0 && s <= 50_000 {
			return outcomeOf(results.Fail)
		}
		return outcomeOf(results.Pass)
	})
	held, broke := interval(tried, true)
	if end != results.SearchFound || held <= 50_000 || broke > 50_000 || held > 1.1*broke {
		t.Errorf("%s [%v, %v] after %v", end, held, broke, strengths(tried))
	}
}

func TestAShareIsSearchedInWholePerCentUpToAll(t *testing.T) {
	for _, row := range []struct {
		name        string
		edge        float64
		want        []float64
		end         results.SearchEnd
		held, broke float64
	}{
		{"a p95 holds up to a twentieth", 5.5, []float64{0, 6, 2, 3, 4, 5, 6, 5, 12}, results.SearchFound, 5, 6},
		{"all may be met", math.Inf(1), []float64{0, 6, 18, 54, 100, 100}, results.SearchMost, 100, 0},
		{"none may", 0.5, []float64{0, 6, 2, 1, 1}, results.SearchFound, 0, 1},
		{"half may", 50, []float64{0, 6, 18, 54, 31, 41, 54, 41, 21}, results.SearchFound, 41, 54},
	} {
		t.Run(row.name, func(t *testing.T) {
			tried, end := search(t, shares(t), sharp(row.edge))
			held, broke := interval(tried, false)
			if diff := cmp.Diff(row.want, strengths(tried)); diff != "" || end != row.end || held != row.held || broke != row.broke {
				t.Errorf("%s [%v, %v], want %s [%v, %v]; tried (-want +got):\n%s", end, held, broke, row.end, row.held, row.broke, diff)
			}
		})
	}
}

// TestTheLuckOfAShareIsBorne simulates steps of 320 requests, of which each is met by the fault with the probability of its share.
func TestTheLuckOfAShareIsBorne(t *testing.T) {
	const runs, requests = 1000, 320
	for _, row := range []struct {
		name  string
		bound float64 // share of the requests that may be met, as of a p95
		least float64 // share of the searches that find it to a half
	}{
		{"a p95", 0.05, 0.9}, {"a median", 0.5, 0.99}, {"one per cent", 0.01, 0.9},
	} {
		t.Run(row.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			found, steps := 0, 0
			for range runs {
				tried, _ := search(t, shares(t), func(s float64) results.StepOutcome {
					met := 0
					for range requests {
						if random.Float64() < s/100 {
							met++
						}
					}
					if float64(met) > row.bound*requests {
						return outcomeOf(results.Fail)
					}
					return outcomeOf(results.Pass)
				})
				steps += len(tried)
				held, broke := interval(tried, false)
				if edge := 100 * row.bound; held <= edge*1.5+1 && broke >= edge/1.5-1 && broke > 0 {
					found++
				}
			}
			share := float64(found) / runs
			t.Logf("found in %.1f %% of %d searches, with %.1f steps each", 100*share, runs, float64(steps)/runs)
			if share < row.least {
				t.Errorf("want %.0f %%", 100*row.least)
			}
		})
	}
}

// TestNoisyStepsFindTheEdge simulates targets whose steps break with a probability that rises around the edge, and now and then
// by bad luck alone. The interval is then a tenth wide; how often the edge lies in it, or within a further tenth, is stated.
func TestNoisyStepsFindTheEdge(t *testing.T) {
	const runs = 2000
	for _, row := range []struct {
		name   string
		spread float64 // of the logarithm of the edge from step to step
		luck   float64 // share of steps that turn out otherwise
		least  float64 // share of the searches that find it
		steps  float64 // on average, at most
	}{
		{"the edge is sharp", 0, 0, 1, 13},
		{"the edge moves by 3 % from step to step", 0.03, 0, 0.99, 14},
		{"one step in fifty is unlucky", 0, 0.02, 0.98, 15},
		{"the edge moves, and one step in twenty is unlucky", 0.03, 0.05, 0.93, 18},
	} {
		t.Run(row.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			found, steps := 0, 0
			for range runs {
				edge := math.Exp(random.Float64()*math.Log(1000)) * 2 // 2 ms to 2 s
				tried, _ := search(t, latencies(t), func(s float64) results.StepOutcome {
					o := sharp(edge * math.Exp(row.spread*random.NormFloat64()))(s)
					if random.Float64() < row.luck {
						o = outcomeOf(map[results.Outcome]results.Outcome{results.Pass: results.Fail, results.Fail: results.Pass}[o.Outcome])
					}
					return o
				})
				steps += len(tried)
				held, broke := interval(tried, false)
				if held <= edge*1.1+1 && broke >= edge/1.1-1 && broke > 0 && broke <= max(held*1.25, held+2) {
					found++
				}
			}
			share, mean := float64(found)/runs, float64(steps)/runs
			t.Logf("found in %.1f %% of %d searches, with %.1f steps each", 100*share, runs, mean)
			if share < row.least || mean > row.steps {
				t.Errorf("want %.0f %% and at most %.0f steps", 100*row.least, row.steps)
			}
		})
	}
}
