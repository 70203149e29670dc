package simulation

import (
	"math"
	"math/rand/v2"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// Effect is what the candidate does otherwise than the baseline: shares, so that 0.05 is 5 %.
type Effect struct {
	Name   string
	All    float64 // every request takes longer
	P95    float64 // the requests about p95 take longer
	Failed float64 // of the candidate's requests this share fails
}

const (
	rate          = 200  // requests per second and build, while loaded
	slicesASecond = 5    // of 200 ms
	typical       = 10.0 // milliseconds
	chance        = 0.4  // standard deviation of the logarithm
	sliceKept     = 0.7
	sliceSD       = 0.043
	stalls        = 0.02 // share of the slices
	stalled       = 0.6  // share of the requests of such a slice
	slowest       = 0.008
	cross         = 0.05 // standard deviation of a slice's logarithm when the other build is loaded, too
	// p95 lies between these, in standard deviations of chance, with stalls and what is slowest beyond it.
	p95From, p95To = 1.1, 2.2
)

// process is one start of a build.
type process struct {
	random *rand.Rand
	effect Effect
	offset float64 // of all its requests
	tail   float64 // of its slowest
	active float64 // seconds under load
	slice  float64
}

func newProcess(n Noise, e Effect, random *rand.Rand) *process {
	return &process{random: random, effect: e, offset: n.Start * random.NormFloat64(), tail: n.Tail * random.NormFloat64()}
}

// cold is what the warm-up has left.
func (p *process) cold() float64 { return 0.5 * math.Exp(-p.active/5) }

// second is a second under load, recorded into the window; nil: it is not measured.
func (p *process) second(machine, crossing float64, w *verdict.GateWindow) {
	base := math.Log(typical) + machine + p.offset + p.cold() + math.Log1p(p.effect.All)
	p.active++
	longer := math.Log1p(p.effect.P95)
	for range slicesASecond {
		p.slice = sliceKept*p.slice + sliceSD*p.random.NormFloat64()
		stall := 0.0
		if p.random.Float64() < stalls {
			stall = 0.3 + 0.7*p.random.Float64()
		}
		if w == nil {
			continue
		}
		at := base + p.slice + crossing*p.random.NormFloat64()
		for range rate / slicesASecond {
			w.Latency.Record(math.Exp(at + p.request(stall, longer)))
		}
	}
	if w == nil {
		return
	}
	w.Seconds++
	w.Offered += rate
	failed := int64(0)
	if p.effect.Failed > 0 {
		for range rate {
			if p.random.Float64() < p.effect.Failed {
				failed++
			}
		}
	}
	w.Failed += failed
	w.Served += rate - failed
}

// request is what is a request's own.
func (p *process) request(stall, longer float64) float64 {
	z := p.random.NormFloat64()
	v := chance * z
	if longer != 0 && z > p95From && z < p95To {
		v += longer
	}
	if stall > 0 && p.random.Float64() < stalled {
		v += stall
	}
	if p.random.Float64() < slowest {
		v += 0.8 + 0.5*p.random.ExpFloat64() + p.tail
	}
	return v
}

// windows are emptied and filled again with every pair: they are read before the next one begins.
type windows struct {
	length float64
	all    []verdict.GateWindow
	used   int
}

func (w *windows) reset() { w.used = 0 }

// add begins a window.
func (w *windows) add() *verdict.GateWindow {
	if w.used == len(w.all) {
		w.all = append(w.all, verdict.GateWindow{Latency: histogram.New()})
	}
	one := &w.all[w.used]
	w.used++
	one.Latency.Reset()
	*one = verdict.GateWindow{Latency: one.Latency}
	return one
}

// current is the window that the next second belongs to.
func (w *windows) current() *verdict.GateWindow {
	if w.used > 0 && w.all[w.used-1].Seconds < w.length {
		return &w.all[w.used-1]
	}
	return w.add()
}
