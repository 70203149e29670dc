package verdict

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

// course is how a trial went, second by second, where it has faults; without, only what each phase yielded.
type course struct {
	line   timeline
	bound  inBound
	timed  string // the metric whose p95 is looked at
	roles  map[recording.Key]role
	phases []yield
	offers bool // executors told what they offered

	drivers []string        // scenarios that were taken to drive faults alone
	strayed map[string]bool // those of them that sent requests all the same

	keeps bool
	beats map[[2]int64]*beat
}

// beat is an interval of the recording, kept small: a trial has many.
type beat struct {
	start, end int64
	yield
	times []byte // a histogram's sparse form; nil: no request
}

func newCourse(line timeline, questions []question, trial results.Trial) *course {
	c := &course{
		line: line, bound: tightest(questions, trial), timed: "http_req_duration",
		roles: map[recording.Key]role{}, phases: make([]yield, len(line.spans)), beats: map[[2]int64]*beat{},
		drivers: trial.Drivers, strayed: map[string]bool{},
	}
	if trial.OpenModel {
		c.timed = "latency"
	}
	for _, p := range line.spans {
		c.keeps = c.keeps || p.Name == results.PhaseFault
	}
	return c
}

// frame takes in a frame of a phase; −1: of none.
func (c *course) frame(f *recording.Frame, phase int) error {
	var y yield
	var times histogram.Histogram
	for i := range f.Points {
		p := &f.Points[i]
		r, err := c.roleOf(p.Key)
		if err != nil {
			return err
		}
		if r.driver != "" && p.Sum > 0 {
			c.strayed[r.driver] = true
		}
		if r.count != nil {
			*r.count(&y) += p.Sum
			c.offers = c.offers || p.Key.Metric == "offered"
		}
		if r.judged && p.Trend != nil {
			c.judge(&y, p.Trend, r.ok)
		}
		if r.times && c.keeps {
			times.Merge(p.Trend)
		}
	}
	if phase >= 0 {
		c.phases[phase].add(y)
	}
	if !c.keeps {
		return nil
	}
	return c.keep(f, y, &times)
}

// judge counts requests by whether they were in bound.
func (c *course) judge(y *yield, took *histogram.Histogram, ok bool) {
	n := float64(took.Count())
	y.requests += n
	if !ok {
		return
	}
	y.ok += n
	if math.IsInf(c.bound.most, 1) {
		y.timely += n
		return
	}
	y.timely += float64(took.CountAtMost(c.bound.most))
}

// keep adds what a frame told to the beat of its interval.
func (c *course) keep(f *recording.Frame, y yield, times *histogram.Histogram) error {
	key := [2]int64{f.Start, f.End}
	b := c.beats[key]
	if b == nil {
		b = &beat{start: f.Start, end: f.End}
		c.beats[key] = b
	}
	b.add(y)
	if times.Count() == 0 {
		return nil
	}
	if err := mergeInto(times, b.times); err != nil {
		return err
	}
	b.times = times.AppendBinary(nil)
	return nil
}

func mergeInto(h *histogram.Histogram, encoded []byte) error {
	if encoded == nil {
		return nil
	}
	o, _, err := histogram.Decode(encoded)
	if err != nil {
		return fmt.Errorf("read back a histogram: %w", err)
	}
	h.Merge(o)
	return nil
}

// moment is one second of the course.
type moment struct {
	yield
	times [][]byte
}

// seconds are the whole seconds from one moment to another. A frame belongs to the one that contains its middle.
func (c *course) seconds(from, to int64) []moment {
	n := max(0, (to-from+slack)/int64(time.Second))
	all := make([]moment, n)
	for _, b := range c.sorted() {
		after := b.start + (b.end-b.start)/2 - from
		if after < 0 || after/int64(time.Second) >= n {
			continue
		}
		m := &all[after/int64(time.Second)]
		m.add(b.yield)
		if b.times != nil {
			m.times = append(m.times, b.times)
		}
	}
	return all
}

// total is what was yielded between two moments, by the middle of the frames.
func (c *course) total(from, to int64) account {
	var y yield
	for _, b := range c.sorted() {
		if middle := b.start + (b.end-b.start)/2; from <= middle && middle < to {
			y.add(b.yield)
		}
	}
	return y.account(c.offers)
}

func (c *course) sorted() []*beat {
	all := make([]*beat, 0, len(c.beats))
	for _, b := range c.beats {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *beat) int {
		if a.start != b.start {
			return int(min(1, max(-1, a.start-b.start)))
		}
		return int(min(1, max(-1, a.end-b.end)))
	})
	return all
}

// reading is what some seconds told together: as measured, and had what went unserved been perfect or bad.
type reading struct {
	goodput, perfect float64 // NaN where nothing was due; a bad iteration is not good already
	p95, p95Low      float64 // NaN where no request was made
	p95High          float64
	coarse           float64 // relative error of p95
}

// pool reads some seconds together.
func (c *course) pool(seconds []moment) (reading, error) {
	var y yield
	var times histogram.Histogram
	for _, m := range seconds {
		y.add(m.yield)
		for _, encoded := range m.times {
			if err := mergeInto(&times, encoded); err != nil {
				return reading{}, err
			}
		}
	}
	a := y.account(c.offers)
	r := reading{goodput: a.goodput(), perfect: a.perfect(), p95: math.NaN(), p95Low: math.NaN(), p95High: math.NaN()}
	if times.Count() == 0 {
		return r, nil
	}
	per := 1.0
	if a.executed > 0 {
		per = max(1, math.Ceil(float64(times.Count())/a.executed))
	}
	extra := uint64(a.unserved * per)
	r.p95, r.coarse = times.Quantile(0.95), times.Precision().Error()
	r.p95Low, r.p95High = min(r.p95, quantileWithZeros(&times, 0.95, extra)), max(r.p95, quantileWithInfinities(&times, 0.95, extra))
	return r, nil
}
