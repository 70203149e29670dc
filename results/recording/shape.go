package recording

import (
	"slices"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// shape is what is known of how the values of a series are spread: for every half of a half of ... of the scale of keys, how
// many of the values in it were in its lower half. The values of a frame are coded as these numbers, from the whole scale
// down to single buckets: that is no longer than their information, given what is known, and takes time in proportion to
// the number of values, not to the width of the scale.
type shape struct {
	negative odds
	sides    [2]side // positive values, negative ones
}

// side keeps the odds of one sign.
type side struct {
	top    map[int32]*odds
	chunks map[int32]*[1 << chunkLevel]odds
}

const (
	// chunkLevel is the level up to which the odds of a part of the scale are kept together: those of 2^9 keys, 1.4 octaves.
	chunkLevel = 9
	// maxRemembered bounds the odds that are kept, in chunks, 16 MiB of them in all; parts of the scale beyond are coded
	// without knowing.
	maxRemembered = 8192
)

// prior is the weight of not knowing by level: the wider a part, the sooner its odds are known; within a few buckets
// values are spread evenly.
func prior(level int) float64 {
	switch {
	case level > chunkLevel:
		return 0.05
	case level > 6:
		return 0.5
	case level > 4:
		return 1
	}
	return 4
}

// shape codes the buckets of n values.
func (k *packing) shape(s *packed, p *histogram.Parts, n uint64) {
	c := &k.coder
	negatives, count := k.mirrored[:0], uint64(0)
	positives := p.Buckets
	if c.reading {
		positives = nil
	}
	for len(positives) > 0 && positives[0].Key < 0 {
		b := positives[0]
		negatives, count = append(negatives, histogram.Bucket{Key: -b.Key, Count: b.Count}), count+b.Count
		positives = positives[1:]
	}
	slices.Reverse(negatives)
	k.mirrored = negatives
	count = c.split(&s.shape.negative, 0.02, n, count)
	k.found = k.found[:0]
	k.halve(&s.shape.sides[1], part{p.Precision.KeyBits(), 0, count}, negatives)
	if c.reading {
		for i := range k.found {
			if k.found[i].Key == 0 {
				c.fail("a zero in another form")
			}
			k.found[i].Key *= -1
		}
		slices.Reverse(k.found)
	}
	k.halve(&s.shape.sides[0], part{p.Precision.KeyBits(), 0, n - count}, positives)
	if c.reading {
		p.Buckets = append(p.Buckets[:0], k.found...)
	}
}

// part is a part of the scale of magnitudes: 2^level keys from `from` on, with n values in them.
type part struct {
	level int
	from  int32
	n     uint64
}

// halve codes the buckets in a part of the scale. While reading they are added to those found.
func (k *packing) halve(t *side, p part, in []histogram.Bucket) {
	for p.n > 0 && k.coder.err == nil {
		if p.level == 0 {
			if k.buckets++; k.buckets > MaxBuckets {
				k.coder.fail("more than %d buckets", MaxBuckets)
			} else if k.coder.reading {
				k.found = append(k.found, histogram.Bucket{Key: p.from, Count: p.n})
			}
			return
		}
		odds := k.odds(t, p)
		weight := prior(p.level)
		p.level--
		middle := p.from + 1<<p.level
		lower, left := below(in, middle, p.n)
		left = k.coder.split(odds, weight, p.n, left)
		k.halve(t, part{p.level, p.from, left}, in[:lower])
		p.from, p.n, in = middle, p.n-left, in[lower:]
	}
}

// below is how many buckets are below a key, and how many of the n values are in them.
func below(in []histogram.Bucket, key int32, n uint64) (buckets int, values uint64) {
	switch {
	case len(in) == 0 || in[0].Key >= key:
		return 0, 0
	case in[len(in)-1].Key < key:
		return len(in), n
	}
	for in[buckets].Key < key {
		values += in[buckets].Count
		buckets++
	}
	return buckets, values
}

// odds is what is known of a part of the scale.
func (k *packing) odds(t *side, p part) *odds {
	if p.level > chunkLevel {
		id := 1<<(histogram.MaxKeyBits-p.level) | p.from>>p.level
		o := t.top[id]
		if o == nil {
			if k.remembered >= maxRemembered {
				return new(odds)
			}
			if t.top == nil {
				t.top = map[int32]*odds{}
			}
			o = new(odds)
			t.top[id] = o
		}
		return o
	}
	id := p.from >> chunkLevel
	chunk := t.chunks[id]
	if chunk == nil {
		if k.remembered >= maxRemembered {
			return new(odds)
		}
		k.remembered++
		if t.chunks == nil {
			t.chunks = map[int32]*[1 << chunkLevel]odds{}
		}
		chunk = new([1 << chunkLevel]odds)
		t.chunks[id] = chunk
	}
	return &chunk[1<<(chunkLevel-p.level)|(p.from&(1<<chunkLevel-1))>>p.level]
}
