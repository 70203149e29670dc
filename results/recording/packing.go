package recording

import (
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// packing turns frames into payloads of format version 2, or back. It expects each frame to be like those before it, and
// writes only what it could not have known; so all payloads must be unpacked in order, none left out. The past is kept as
// counts of bounded size, in memory that grows with the number of series and not with the number of frames.
//
// A payload is what a rangecoder makes of: where the frame begins (at the end of the one before; else so many seconds from
// there; else anywhere) and how long it is (a second, or anything); then its points, each as "what followed last time" or a
// number, of which the first that is not taken defines a series and 0 ends the frame; see point.
type packing struct {
	coder   rangecoder
	series  []*packed // by number; the first is the beginning and the end of every frame
	numbers map[series]int
	frames  int   // so far
	end     int64 // of the last frame

	elsewhere, ragged, odd chance // of an interval
	seconds, size          magnitude

	parts           histogram.Parts    // scratch
	mirrored, found []histogram.Bucket // scratch
	buckets         int                // of this frame
	remembered      int                // odds that shapes keep, in chunks
	alike           map[uint64][]int   // scratch of learn

	unsummed         chance // a sum of one or two values is not theirs
	sumSize, sumRest magnitude
}

// MaxBuckets bounds the buckets of all histograms of one frame together.
const MaxBuckets = 1 << 21

// packed is what is known of a series.
type packed struct {
	series
	next      int // that followed it in the last frame
	surprised chance

	seen    int    // in which frame
	number  uint64 // of its values, or its sum: what can be the same as that of another series
	numeric bool
	mean    float64 // of its numbers
	twin    int     // the series whose number was the same last time; 0: none
	unlike  chance
	change  magnitude

	trend       *histogram.Histogram // in this frame
	precision   histogram.Precision
	reprecised  chance
	unequal     chance
	shape       shape
	undecimal   [2]chance // an extreme value, the sum
	nonzero     chance    // in the bucket of zero
	fractional  chance
	trues       odds
	moved       chance
	gauge       [3]float64
	gaugeChange magnitude
}

func newPacking() *packing {
	return &packing{series: []*packed{{}}, numbers: map[series]int{}, alike: map[uint64][]int{}}
}

// pack appends the payload of a valid frame to dst.
func (k *packing) pack(dst []byte, f *Frame) ([]byte, error) {
	k.coder.write(dst)
	k.frame(f)
	if k.coder.err == nil && k.buckets > MaxBuckets {
		k.coder.fail("more than %d buckets", MaxBuckets)
	}
	return k.coder.finish(), k.coder.err
}

// unpack undoes pack. An error wraps ErrPayload and is final.
func (k *packing) unpack(payload []byte) (*Frame, error) {
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrPayload, len(payload), MaxPayload)
	}
	f := &Frame{}
	k.coder.read(payload)
	k.frame(f)
	k.coder.finish()
	if k.coder.err != nil {
		return nil, k.coder.err
	}
	if err := f.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return f, nil
}

// frame codes a frame.
func (k *packing) frame(f *Frame) {
	k.frames++
	k.buckets = 0
	k.interval(f)
	at := 0
	for i := 0; k.coder.err == nil; i++ {
		next := 0
		if i < len(f.Points) {
			next = k.numberOf(&f.Points[i])
		}
		if at = k.follow(k.series[at], next); at == 0 {
			break
		}
		if k.coder.reading {
			f.Points = append(f.Points, Point{})
		}
		if len(f.Points) > MaxPoints {
			k.coder.fail("more than %d points", MaxPoints)
			break
		}
		if at == len(k.series) {
			k.define(&f.Points[i])
		}
		if k.coder.err == nil {
			k.point(k.series[at], &f.Points[i])
		}
	}
	k.end = f.End
	k.learn(f)
}

// numberOf is the number of a point's series, or the next one.
func (k *packing) numberOf(p *Point) int {
	if n, ok := k.numbers[series{p.Key, p.Kind}]; ok {
		return n
	}
	return len(k.series)
}

func (k *packing) interval(f *Frame) {
	c := &k.coder
	away := f.Start - k.end
	if c.bit(&k.elsewhere, away != 0) {
		const whole = int64(time.Second)
		if c.bit(&k.ragged, away%whole != 0) {
			away = int64(c.word(uint64(away)))
			if away%whole == 0 {
				c.fail("a time in another form")
			}
		} else {
			n := c.integer(&k.seconds, away/whole)
			if away = n * whole; away/whole != n || n == 0 {
				c.fail("a time out of range")
			}
		}
		f.Start = k.end + away
	} else {
		f.Start = k.end
	}
	length := f.End - f.Start
	if c.bit(&k.odd, length != int64(time.Second)) {
		if length = int64(c.word(uint64(length))); length == int64(time.Second) {
			c.fail("a time in another form")
		}
	} else {
		length = int64(time.Second)
	}
	f.End = f.Start + length
}

// follow codes which series follows another.
func (k *packing) follow(s *packed, next int) int {
	if !k.coder.bit(&s.surprised, next != s.next) {
		return s.next
	}
	next = int(k.coder.uniform(uint64(next), uint64(len(k.series)+1)))
	if next == s.next {
		k.coder.fail("a series in another form")
	}
	if k.coder.err != nil {
		return 0
	}
	s.next = next
	return next
}

// define codes a series that is new.
func (k *packing) define(p *Point) {
	c := &k.coder
	kinds := []Kind{Trend, Counter, Gauge, Rate}
	kind := 0
	for i, known := range kinds {
		if p.Kind == known {
			kind = i
		}
	}
	s := series{kind: kinds[c.uniform(uint64(kind), uint64(len(kinds)))]}
	s.key.Metric = k.text(p.Key.Metric)
	s.key.Tags = k.text(p.Key.Tags)
	if _, known := k.numbers[s]; known {
		c.fail("series %s{%s} is defined twice", s.key.Metric, s.key.Tags)
	}
	if c.err == nil {
		k.numbers[s] = len(k.series)
		k.series = append(k.series, &packed{series: s})
	}
}

func (k *packing) text(s string) string {
	n := k.coder.natural(&k.size, uint64(len(s)))
	if !k.coder.reading {
		for i := range len(s) {
			k.coder.uniform(uint64(s[i]), 1<<8)
		}
		return s
	}
	var b []byte
	for i := uint64(0); i < n && k.coder.err == nil; i++ {
		b = append(b, byte(k.coder.uniform(0, 1<<8)))
	}
	return string(b)
}

// maxAlike is how many series with the same number are compared.
const maxAlike = 12

// learn finds the series that had the same number in this frame, or the same histogram.
func (k *packing) learn(f *Frame) {
	clear(k.alike)
	for i := range f.Points {
		n, ok := k.numbers[series{f.Points[i].Key, f.Points[i].Kind}]
		if !ok { // after an error
			break
		}
		s := k.series[n]
		if !s.numeric || s.number == 0 {
			continue
		}
		others := k.alike[s.number]
		if twin := k.twinOf(s, others); twin != 0 {
			s.twin = twin
		}
		if len(others) < maxAlike {
			k.alike[s.number] = append(others, n)
		}
	}
	for i := range f.Points {
		if n, ok := k.numbers[series{f.Points[i].Key, f.Points[i].Kind}]; ok {
			k.series[n].trend = nil
		}
	}
}

// twinOf is the one of the others that s is like: of the same histogram, else the twin it has, else the first.
func (k *packing) twinOf(s *packed, others []int) int {
	best := 0
	for _, n := range others {
		switch {
		case k.series[n] == s: // it stands in the frame more than once
		case s.trend != nil && sameTrend(s.trend, k.series[n].trend):
			return n
		case best == 0 || n == s.twin:
			best = n
		}
	}
	return best
}

// sameTrend tells quickly that two histograms differ, as most do.
func sameTrend(a, b *histogram.Histogram) bool {
	return a != nil && b != nil && a.Count() == b.Count() && a.Precision() == b.Precision() && a.Count() > 0 &&
		a.Min() == b.Min() && a.Max() == b.Max() && a.Equal(b)
}
