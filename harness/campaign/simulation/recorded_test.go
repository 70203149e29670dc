package simulation

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// measured are gates of six pairs, in which a metric's change is what of says of the gate and the pair.
func measured(gates int, of func(gate, pair int) float64) Recorded {
	r := Recorded{Plan: results.Gate{PairSeconds: 66}, Block: 5}
	number := func(v float64) *float64 { return &v }
	for g := range gates {
		var pairs []results.GateReading
		for p := range 6 {
			one := results.GateReading{Pair: p + 1, Seconds: 66}
			for _, name := range quantiles() {
				one.Values = append(one.Values, results.GateValue{
					Metric: name, Change: number(of(g, p)), Baseline: number(10), Candidate: number(10), BaselineCount: 100, CandidateCount: 100,
				})
			}
			one.Values = append(one.Values, results.GateValue{
				Metric: results.GateErrors, Change: number(0), Baseline: number(0), Candidate: number(0), BaselineOffered: 9000, CandidateOffered: 9000,
			})
			pairs = append(pairs, one)
		}
		r.Gates = append(r.Gates, pairs)
	}
	return r
}

// playedRow plays n gates.
func playedRow(t *testing.T, r Recorded, n int) Row {
	t.Helper()
	var all []Result
	for seed := range uint64(n) {
		p, err := r.Play(seed)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ResultOf(r.Plan, p))
	}
	return RowOf("", all)
}

// TestGatesOfRecordedPairsAreAsThoseThatRecordedThem: pairs that the simulation made stand for those of a machine. A build against
// itself rarely fails, and one that is a tenth slower always does. Seeds are fixed.
func TestGatesOfRecordedPairsAreAsThoseThatRecordedThem(t *testing.T) {
	s := Cell{Noise: Noisy(), Mode: results.GateMirror, Effect: Effect{Name: "A/A"}}.Simulation()
	r := Recorded{Plan: s.Plan, Block: 5}
	for seed := range uint64(12) {
		p, err := s.Play(seed)
		if err != nil {
			t.Fatal(err)
		}
		r.Gates = append(r.Gates, p.Judgement.Findings.Readings)
	}
	const gates = 300
	for _, test := range []struct {
		name          string
		block         int
		shift         float64
		fails, passes [2]int // least and most
	}{
		{"in blocks", 5, 0, [2]int{0, 9}, [2]int{250, gates}},
		{"one by one", 1, 0, [2]int{0, 9}, [2]int{250, gates}},
		{"a tenth slower", 5, math.Log(1.1), [2]int{295, gates}, [2]int{0, 0}},
	} {
		r.Block, r.Shift = test.block, map[string]float64{"p50": test.shift, "p95": test.shift, "p99": test.shift}
		row := playedRow(t, r, gates)
		t.Logf("%s, of %d pairs: %+v", test.name, r.Pairs(), row)
		if row.Fail < test.fails[0] || row.Fail > test.fails[1] || row.Pass < test.passes[0] || row.Pass > test.passes[1] {
			t.Errorf("%s: %d fail and %d pass of %d", test.name, row.Fail, row.Pass, gates)
		}
	}
}

// TestAShiftIsOfItsMetricAlone, and leaves what was recorded as it is.
func TestAShiftIsOfItsMetricAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	r := measured(20, func(int, int) float64 { return 0.01 * random.NormFloat64() })
	before := *r.Gates[0][0].Values[1].Change
	r.Shift = map[string]float64{"p95": 0.2}
	row := playedRow(t, r, 50)
	if row.Fail != 50 || row.Blamed["p95"] != 50 || row.Blamed["p50"] > 2 {
		t.Errorf("%d of 50 fail, by %v", row.Fail, row.Blamed)
	}
	if after := *r.Gates[0][0].Values[1].Change; after != before {
		t.Errorf("what was recorded as %v is %v now", before, after)
	}
}

// TestBlocksKeepWhatSuccessivePairsHaveInCommon: gates of a machine that is restless for a whole gate. Drawn one by one, restless pairs
// scatter among the others.
func TestBlocksKeepWhatSuccessivePairsHaveInCommon(t *testing.T) {
	r := measured(20, func(gate, _ int) float64 { return []float64{-0.03, 0.03}[gate%2] })
	inOne := func(block int) (alike float64) {
		r.Block = block
		n := 0
		for seed := range uint64(40) {
			p, err := r.Play(seed)
			if err != nil {
				t.Fatal(err)
			}
			readings := p.Judgement.Findings.Readings
			for i := 1; i < len(readings); i++ {
				n++
				if *readings[i].Values[0].Change == *readings[i-1].Values[0].Change {
					alike++
				}
			}
		}
		return alike / float64(n)
	}
	if blocks, singles := inOne(5), inOne(1); blocks < 0.8 || singles > 0.6 {
		t.Errorf("of successive pairs %.2f are of one kind in blocks, and %.2f one by one", blocks, singles)
	}
}

// TestAGateOfRecordedPairsIsAFunctionOfItsSeed, numbers its pairs anew, draws all of them about as often, and those of a block
// in their order.
func TestAGateOfRecordedPairsIsAFunctionOfItsSeed(t *testing.T) {
	r := measured(4, func(gate, pair int) float64 { return 0.1*[]float64{1, -1}[pair%2] + 0.001*float64(10*gate+pair) })
	drawn := map[int]int{}
	for seed := range uint64(200) {
		one, err := r.Play(seed)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := r.Play(seed); err != nil || !cmp.Equal(one, same) {
			t.Fatalf("seed %d: another gate: %v", seed, err)
		}
		last := -1
		for i, reading := range one.Judgement.Findings.Readings {
			if reading.Pair != i+1 {
				t.Fatalf("pair %d has the number %d", i+1, reading.Pair)
			}
			offset := *reading.Values[0].Change
			if offset > 0.05 {
				offset -= 0.1
			} else {
				offset += 0.1
			}
			which := int(math.Round(offset * 1000))
			drawn[which]++
			if i%5 != 0 && which != last/10*10+(last%10+1)%6 {
				t.Fatalf("seed %d: %d follows %d in a block", seed, which, last)
			}
			last = which
		}
	}
	least, most := math.MaxInt, 0
	for _, n := range drawn {
		least, most = min(least, n), max(most, n)
	}
	if len(drawn) != r.Pairs() || float64(most) > 1.6*float64(least) {
		t.Errorf("%d of %d pairs were drawn, %d to %d times", len(drawn), r.Pairs(), least, most)
	}
}

func TestWithoutRecordedPairsNoGateIsPlayed(t *testing.T) {
	if _, err := (Recorded{Gates: [][]results.GateReading{{}}}).Play(1); !errors.Is(err, ErrNoPairs) {
		t.Error(err)
	}
}
