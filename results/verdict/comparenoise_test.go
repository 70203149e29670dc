package verdict

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// severity is how noisy a machine is: GATE's table. Sizes are of natural logarithms, times seconds.
type severity struct {
	name                                     string
	fast, fastFor, slow, slowFor             float64
	every, lasting, size, sizes              float64 // of bursts
	session, start, tail, samples, samples99 float64
}

var severities = []severity{
	{"quiet", 0.01, 60, 0.005, 900, 0, 0, 0, 0, 0.01, 0.005, 0.01, 0.006, 0.03},
	{"noisy", 0.05, 60, 0.04, 900, 90, 6, 0.35, 0.15, 0.06, 0.01, 0.03, 0.006, 0.03},
	{"hostile", 0.10, 45, 0.08, 900, 30, 10, 0.60, 0.25, 0.12, 0.02, 0.05, 0.006, 0.03},
}

// machine is one in a session: what it adds to the logarithm of a latency, second by second.
type machine struct {
	severity
	random                     *rand.Rand
	session, fast, slow, burst float64
	left                       float64 // of the burst
}

func newMachine(s severity, random *rand.Rand) *machine {
	return &machine{severity: s, random: random, session: s.session * random.NormFloat64(),
		fast: s.fast * random.NormFloat64(), slow: s.slow * random.NormFloat64()}
}

// second goes on by one.
func (m *machine) second() float64 {
	step := func(at, sd, tau float64) float64 {
		keep := math.Exp(-1 / tau)
		return keep*at + sd*math.Sqrt(1-keep*keep)*m.random.NormFloat64()
	}
	m.fast = step(m.fast, m.severity.fast, m.fastFor)
	m.slow = step(m.slow, m.severity.slow, m.slowFor)
	if m.left--; m.left <= 0 {
		m.burst = 0
		if m.every > 0 && m.random.Float64() < 1/m.every {
			m.burst, m.left = max(0, m.size+m.sizes*m.random.NormFloat64()), m.lasting*m.random.ExpFloat64()
		}
	}
	return m.session + m.fast + m.slow + m.burst
}

// phase is so many seconds of requests of 10 ms, longer by shift: 200 a second, of which 1.2 % meet a stall and 0.8 % belong to the
// tail. Its quantiles are those of the mixture, with what so many samples miss them by.
func (m *machine) phase(name string, seconds int, offset, tail, shift float64) results.PhaseSummary {
	const bin = 0.02
	at := map[int]float64{}
	for range seconds {
		at[int(math.Round(m.second()/bin))] += 1 / float64(seconds)
	}
	above := func(x float64) (sum float64) {
		normal := func(mean, sd float64) float64 { return math.Erfc((x-mean)/sd/math.Sqrt2) / 2 }
		for b, share := range at {
			mean := float64(b)*bin + offset
			sum += share * (0.98*normal(mean, 0.4) + 0.012*normal(mean+0.65, 0.45) + 0.008*normal(mean+1.3+tail, 0.64))
		}
		return sum
	}
	quantile := func(q, samples float64) float64 {
		low, high := -4.0, 6.0
		for high-low > 1e-4 {
			if middle := (low + high) / 2; above(middle) > 1-q {
				low = middle
			} else {
				high = middle
			}
		}
		return 10 * math.Exp(low+shift+samples*math.Sqrt(60/float64(seconds))*m.random.NormFloat64())
	}
	failed := 0.0
	for range seconds * 200 / 100 {
		if m.random.Float64() < 0.05 {
			failed++
		}
	}
	good := 1.0
	return results.PhaseSummary{
		Phase: name, Start: 0, End: float64(seconds), Rate: 200, Requests: int64(seconds * 200), ErrorRate: failed / float64(seconds*200), Goodput: &good,
		P50: quantile(0.5, m.samples), P95: quantile(0.95, m.samples), P99: quantile(0.99, m.samples99),
	}
}

// bench makes stored runs on simulated machines.
type bench struct {
	severity
	random *rand.Rand
	clock  time.Time
	on     *machine
	made   int
	effect float64 // of the candidate, as a logarithm
	phases map[string]int
}

func newBench(s severity, seed uint64, effect float64) *bench {
	random := rand.New(rand.NewPCG(seed, 17))
	return &bench{severity: s, random: random, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), on: newMachine(s, random), effect: effect,
		phases: map[string]int{"steady": 45, "slow": 15}}
}

// later moves on to another session, some days later.
func (b *bench) later() {
	b.clock = b.clock.Add(time.Duration(1+b.random.IntN(90)) * 24 * time.Hour)
	b.on = newMachine(b.severity, b.random)
}

// run is one of so many trials, of the baseline (0) or the candidate (1).
func (b *bench) run(side, trials int) results.Run {
	b.made++
	run := results.Run{
		ID: fmt.Sprintf("run-%d", b.made), Experiment: "shop", Created: b.clock, Status: results.StatusComplete, Provider: "local", TimeScale: 1,
		Question: results.Question{Source: "name: shop\n"}, Builds: []results.Build{sideBuild(side)}, Host: results.Host{Fingerprint: "f00d"},
	}
	for n := 1; n <= trials; n++ {
		trial := results.Trial{Number: n, Status: results.StatusComplete, OpenModel: true, Began: b.clock, Fitness: results.Fitness{Fit: true}}
		offset, tail, shift := b.start*b.random.NormFloat64(), b.tail*b.random.NormFloat64(), 0.0
		if side == 1 {
			shift = b.effect
		}
		for range 20 { // starts and warms up
			b.on.second()
		}
		length := 20
		for _, name := range []string{"steady", "slow"} {
			if b.phases[name] == 0 {
				continue
			}
			p := b.on.phase(name, b.phases[name], offset, tail, shift)
			p.Trial = n
			run.Verdict.Phases = append(run.Verdict.Phases, p)
			length += b.phases[name]
		}
		b.clock = b.clock.Add(time.Duration(length) * time.Second)
		trial.Ended = b.clock
		run.Trials = append(run.Trials, trial)
	}
	return run
}

func sideBuild(side int) results.Build {
	return results.Build{SHA: strings.Repeat([]string{"a", "b", "c"}[side], 40)}
}

// order is how the runs of a comparison were made: for each letter one of the baseline (a) or the candidate (b), a space being days, and
// a digit behind it how many trials it has.
func (b *bench) compare(order string) results.Compared {
	var sides [2]Stored
	for s := range sides {
		sides[s] = Stored{Build: sideBuild(s)}
	}
	for i := 0; i < len(order); i++ {
		if order[i] == ' ' {
			b.later()
			continue
		}
		trials := 1
		if i+1 < len(order) && order[i+1] >= '0' && order[i+1] <= '9' {
			trials = int(order[i+1] - '0')
		}
		if side := int(order[i]) - 'a'; side == 0 || side == 1 {
			sides[side].Runs = append(sides[side].Runs, b.run(side, trials))
		}
	}
	return Compare(sides[0], sides[1])
}

// orders are the ways in which people make runs of two builds.
var orders = []struct {
	name, order string
	interleaved bool
}{
	{"one run of each, months apart", "a b", false},
	{"one run of each, one after the other", "ab", false},
	{"one run of three trials of each, months apart", "a3 b3", false},
	{"five runs of each, months apart", "aaaaa bbbbb", false},
	{"five nights of each", "a a a a a b b b b b", false},
	{"nightly in turn", "a b a b a b a b a b a b", false},
	{"in turn, six times", "abababababab", true},
	{"in turn, ten times, in both orders", "abbabaababbaabbabaab", true},
	{"in pairs, one a night", "ab ba ab ba ab ba ab ba", true},
}

// TestABuildIsHardlyEverWorseThanItself holds every order on every machine to 1 % of false alarms, any row of a comparison counting, as
// `make proof` does with more of them.
func TestABuildIsHardlyEverWorseThanItself(t *testing.T) { neverWorse(t, 200) }

func TestProofABuildIsHardlyEverWorseThanItself(t *testing.T) {
	file := proof.File(t)
	const comparisons = 2000
	most := neverWorse(t, comparisons)
	proof.Row{
		File: file, What: "stored runs of a build compared with others of itself, simulated", Provider: proof.NoProvider,
	}.Add(t, fmt.Sprintf("worse in at most %.2f %% of %d comparisons, in each of %d orders on %d machines", most, comparisons, len(orders), len(severities)))
}

// neverWorse returns the greatest share, in per cent, of comparisons that say worse.
func neverWorse(t *testing.T, comparisons int) (most float64) {
	for _, s := range severities {
		for _, o := range orders {
			found := map[results.ComparisonOutcome]int{}
			for i := range comparisons {
				c := newBench(s, uint64(i), 0).compare(o.order)
				if c.Interleaved != o.interleaved {
					t.Fatalf("%s: interleaved is %v, with %d pairs: %v", o.name, c.Interleaved, c.Pairs, c.Notes)
				}
				found[c.Outcome]++
			}
			t.Logf("%-8s %-46s worse %.2f %%, better %.2f %%, same %.0f %%, unclear %.0f %%", s.name, o.name, share(found[results.Worse], comparisons),
				share(found[results.Better], comparisons), share(found[results.Same], comparisons), share(found[results.Unclear], comparisons))
			most = max(most, share(found[results.Worse], comparisons))
			if found[results.Worse]*100 > comparisons {
				t.Errorf("%s, %s: %d of %d comparisons of a build with itself say that it is worse", s.name, o.name, found[results.Worse], comparisons)
			}
		}
	}
	return most
}

func share(n, of int) float64 { return 100 * float64(n) / float64(of) }
