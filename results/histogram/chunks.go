package histogram

// Bucket is the number of values in a bucket; see Precision for what a key stands for.
type Bucket struct {
	Key   int32
	Count uint64
}

const (
	chunkBits = 9
	chunkSize = 1 << chunkBits
)

type chunk [chunkSize]uint64

// chunks hold the counters of one sign by magnitude, from chunk first on; those never touched are nil.
type chunks struct {
	first int
	list  []*chunk
}

func (c *chunks) slot(magnitude int32) *uint64 {
	if i := int(magnitude>>chunkBits) - c.first; uint(i) < uint(len(c.list)) {
		if k := c.list[i]; k != nil {
			return &k[magnitude&(chunkSize-1)]
		}
	}
	return c.grow(magnitude)
}

func (c *chunks) grow(magnitude int32) *uint64 {
	e := int(magnitude >> chunkBits)
	switch {
	case len(c.list) == 0:
		c.first, c.list = e, make([]*chunk, 1)
	case e < c.first:
		c.list = append(make([]*chunk, c.first-e), c.list...)
		c.first = e
	case e >= c.first+len(c.list):
		c.list = append(c.list, make([]*chunk, e-c.first-len(c.list)+1)...)
	}
	k := c.list[e-c.first]
	if k == nil {
		k = new(chunk)
		c.list[e-c.first] = k
	}
	return &k[magnitude&(chunkSize-1)]
}

func (c *chunks) ascend(yield func(magnitude int32, n uint64) bool) bool {
	for i, k := range c.list {
		if k == nil {
			continue
		}
		from := int32(c.first+i) << chunkBits
		for j, n := range k {
			if n != 0 && !yield(from+int32(j), n) {
				return false
			}
		}
	}
	return true
}

func (c *chunks) descend(yield func(magnitude int32, n uint64) bool) bool {
	for i := len(c.list) - 1; i >= 0; i-- {
		k := c.list[i]
		if k == nil {
			continue
		}
		from := int32(c.first+i) << chunkBits
		for j := chunkSize - 1; j >= 0; j-- {
			if n := k[j]; n != 0 && !yield(from+int32(j), n) {
				return false
			}
		}
	}
	return true
}

func (c *chunks) reset() {
	for _, k := range c.list {
		if k != nil {
			clear(k[:])
		}
	}
}
