package histogram

import "math"

const (
	mantissaBits = 10 // of each value that its bucket keeps: 2^-11 relative error at the middle of a bucket
	perOctave    = 1 << mantissaBits
	droppedBits  = 52 - mantissaBits
	maxKey       = 2046<<mantissaBits | (perOctave - 1) // the bucket of the largest finite value
)

// bucket is the count of one bucket. Keys ascend as values do; the key of -v is minus the key of v, and 0 is that of zero
// and of all that is too small (below 2^-1032) to tell from it.
type bucket struct {
	key   int32
	count uint64
}

func keyOf(v float64) int32 {
	b := math.Float64bits(v)
	m := int32(b << 1 >> (droppedBits + 1))
	if b>>63 != 0 {
		return -m
	}
	return m
}

// valueOf is the middle of a bucket.
func valueOf(key int32) float64 {
	switch {
	case key == 0:
		return 0
	case key < 0:
		return -valueOf(-key)
	}
	return math.Float64frombits(uint64(key)<<droppedBits | 1<<(droppedBits-1))
}

type octave [perOctave]uint64

// octaves holds the counters of one sign by magnitude, for the octaves from first on; those never touched are nil.
type octaves struct {
	first  int
	chunks []*octave
}

func (o *octaves) slot(magnitude int32) *uint64 {
	if i := int(magnitude>>mantissaBits) - o.first; uint(i) < uint(len(o.chunks)) {
		if c := o.chunks[i]; c != nil {
			return &c[magnitude&(perOctave-1)]
		}
	}
	return o.grow(magnitude)
}

func (o *octaves) grow(magnitude int32) *uint64 {
	e := int(magnitude >> mantissaBits)
	switch {
	case len(o.chunks) == 0:
		o.first, o.chunks = e, make([]*octave, 1)
	case e < o.first:
		o.chunks = append(make([]*octave, o.first-e), o.chunks...)
		o.first = e
	case e >= o.first+len(o.chunks):
		o.chunks = append(o.chunks, make([]*octave, e-o.first-len(o.chunks)+1)...)
	}
	c := o.chunks[e-o.first]
	if c == nil {
		c = new(octave)
		o.chunks[e-o.first] = c
	}
	return &c[magnitude&(perOctave-1)]
}

func (o *octaves) ascend(yield func(magnitude int32, n uint64) bool) bool {
	for i, c := range o.chunks {
		if c == nil {
			continue
		}
		base := int32(o.first+i) << mantissaBits
		for j, n := range c {
			if n != 0 && !yield(base+int32(j), n) {
				return false
			}
		}
	}
	return true
}

func (o *octaves) descend(yield func(magnitude int32, n uint64) bool) bool {
	for i := len(o.chunks) - 1; i >= 0; i-- {
		c := o.chunks[i]
		if c == nil {
			continue
		}
		base := int32(o.first+i) << mantissaBits
		for j := perOctave - 1; j >= 0; j-- {
			if n := c[j]; n != 0 && !yield(base+int32(j), n) {
				return false
			}
		}
	}
	return true
}

func (o *octaves) reset() {
	for _, c := range o.chunks {
		if c != nil {
			clear(c[:])
		}
	}
}
