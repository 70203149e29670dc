package verdict

import (
	"math"
	"slices"
)

// What is as before a fault, and what is not.
const (
	windowSeconds = 10
	mostBefore    = 600  // seconds before a fault that are looked at
	leastGoodput  = 0.99 // of what it was
	mostP95       = 1.2  // of what it was
	nearP95       = 0.1  // of the bound that it is held to: so much more is as before
)

// view is one way of reading what was not served.
type view func(reading) (goodput, p95 float64)

func asMeasured(r reading) (goodput, p95 float64) { return r.goodput, r.p95 }
func asPerfect(r reading) (goodput, p95 float64)  { return r.perfect, r.p95Low }
func asBad(r reading) (goodput, p95 float64)      { return r.goodput, r.p95High }

// band is what readings of a healthy time have in common.
type band struct {
	goodput float64 // their median
	least   float64 // of goodput
	most    float64 // of p95; +Inf where they had none
}

// bandOf is the band of windows, of requests that have an SLO on their times where bound says so: to a target that is far better than
// it has to be, a machine's few milliseconds would else be a change for the worse. ok is false where there are none.
func bandOf(all []reading, bound inBound, see view) (b band, ok bool) {
	goodputs, times := values(all, see)
	if len(goodputs) == 0 {
		return band{}, false
	}
	b = band{goodput: median(goodputs), most: math.Inf(1)}
	b.least = leastGoodput * b.goodput
	if len(times) > 0 {
		b.most = max(times[len(times)-1]*(1+2*coarsest(all)), mostP95*median(times))
		if !math.IsInf(bound.most, 1) {
			b.most = max(b.most, median(times)+nearP95*bound.most)
		}
	}
	return b, true
}

// bandOfSeconds is that of single seconds, whose spread is wider: none of those it is made of is out of it.
func bandOfSeconds(all []reading, bound inBound) (b band, ok bool) {
	if b, ok = bandOf(all, bound, asMeasured); ok {
		goodputs, _ := values(all, asMeasured)
		b.least = min(b.least, goodputs[0])
	}
	return b, ok
}

// coarsest is the largest relative error of the p95 of readings: equal times may be read back that far from each other.
func coarsest(all []reading) float64 {
	most := 0.0
	for _, r := range all {
		most = max(most, r.coarse)
	}
	return most
}

// values are the goodputs and the p95 of readings that have them, sorted.
func values(all []reading, see view) (goodputs, times []float64) {
	for _, r := range all {
		goodput, p95 := see(r)
		if !math.IsNaN(goodput) {
			goodputs = append(goodputs, goodput)
		}
		if !math.IsNaN(p95) {
			times = append(times, p95)
		}
	}
	slices.Sort(goodputs)
	slices.Sort(times)
	return goodputs, times
}

// median is that of sorted values, the lower of two in the middle.
func median(sorted []float64) float64 { return sorted[(len(sorted)-1)/2] }

// rounding forgives that 0.99 × 1 need not be 99/100 to the last bit.
const rounding = 1e-9

// holds says whether a reading lies in the band.
func (b band) holds(r reading, see view) bool {
	goodput, p95 := see(r)
	return goodput >= b.least-rounding && !(p95 > b.most)
}
