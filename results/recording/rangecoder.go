package recording

import (
	"fmt"
	"math"
	"math/bits"
)

// rangecoder is an arithmetic coder over bytes: what is nearly certain costs nearly nothing. It narrows an interval, symbol
// by symbol, in proportion to how likely each was held to be, and the bytes are the shortest number in what is left. See
// G. Martin, "Range encoding: an algorithm for removing redundancy from a digitised message" (1979).
//
// One value serves both ways: every method takes what is to be written and returns what was written, or read, so that both
// sides walk through the same code, and can't disagree about what they expected. While reading, arguments that stand for
// content are ignored.
//
// There is one form of everything: bytes that another form would have had are refused.
type rangecoder struct {
	reading bool
	width   uint64 // of the interval, at least 2^56 between symbols
	low     uint64 // its lower end, while writing
	above   uint64 // what is read of the number, less the lower end, while reading
	bytes   []byte // written so far, or to be read
	next    int    // of the bytes, to be read
	err     error  // the first; everything is zero after it

	weights []float64 // scratch of split
	sizes   []uint32
}

// write begins a payload, which is appended to dst.
func (c *rangecoder) write(dst []byte) {
	c.reading, c.width, c.low, c.bytes, c.err = false, math.MaxUint64, 0, dst, nil
}

// read begins to read a payload.
func (c *rangecoder) read(payload []byte) {
	c.reading, c.width, c.above, c.bytes, c.next, c.err = true, math.MaxUint64, 0, payload, 0, nil
	for range 8 {
		c.above = c.above<<8 | c.take()
	}
}

// take is the next byte of the number, whose digits after the last byte are zeroes.
func (c *rangecoder) take() uint64 {
	c.next++
	if c.next <= len(c.bytes) {
		return uint64(c.bytes[c.next-1])
	}
	if c.next > len(c.bytes)+8 {
		c.fail("cut short")
	}
	return 0
}

func (c *rangecoder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrPayload, fmt.Sprintf(format, args...))
	}
}

// narrow keeps the part of the interval from `from` on, of that size, of total. The total is at most 2^32.
func (c *rangecoder) narrow(from, size, total uint64) {
	unit := c.width / total
	c.width = unit * size
	if c.reading {
		c.above -= unit * from
	} else {
		low := c.low + unit*from
		if low < c.low {
			c.carry()
		}
		c.low = low
	}
	for c.width < 1<<56 {
		c.width <<= 8
		if c.reading {
			c.above = c.above<<8 | c.take()
		} else {
			c.bytes = append(c.bytes, byte(c.low>>56))
			c.low <<= 8
		}
	}
}

func (c *rangecoder) carry() {
	for i := len(c.bytes) - 1; i >= 0; i-- {
		if c.bytes[i]++; c.bytes[i] != 0 {
			return
		}
	}
}

// at is where in total the number that is read lies.
func (c *rangecoder) at(total uint64) uint64 {
	at := c.above / (c.width / total)
	if at >= total {
		c.fail("a number between two symbols")
	}
	if c.err != nil {
		return 0
	}
	return at
}

// uniform codes one of total values that are equally likely, from 0 on. The total is not 0.
func (c *rangecoder) uniform(v, total uint64) uint64 {
	if total > 1<<32 {
		high := c.uniform(v>>32, (total-1)>>32+1)
		v = high<<32 | c.uniform(v&math.MaxUint32, 1<<32)
		if v >= total {
			c.fail("a number out of range")
			return 0
		}
		return v
	}
	if c.reading {
		v = c.at(total)
	}
	if c.err == nil {
		c.narrow(v, 1, total)
	}
	return v
}

// word codes 64 bits of which nothing is known.
func (c *rangecoder) word(v uint64) uint64 {
	return c.uniform(v>>32, 1<<32)<<32 | c.uniform(v&math.MaxUint32, 1<<32)
}

// chance is how likely a bit is 0, as far as its past shows: the probability in 2^-16, less a half.
type chance int16

const (
	chanceBits  = 16
	chanceSpeed = 5 // of learning: the weight of the latest bit is 2^-5
)

// bit codes a bit and learns from it.
func (c *rangecoder) bit(p *chance, v bool) bool {
	const total = 1 << chanceBits
	zero := uint64(int(*p) + total/2)
	if c.reading {
		v = c.at(total) >= zero
	}
	if c.err != nil {
		return false
	}
	if v {
		c.narrow(zero, total-zero, total)
		*p -= chance(zero >> chanceSpeed)
	} else {
		c.narrow(0, zero, total)
		*p += chance((total - zero) >> chanceSpeed)
	}
	return v
}

// magnitude is what is known of the size of numbers: for each number of bits, how likely there are more.
type magnitude struct {
	more [65]chance
	top  [65]chance // the bit below the highest
}

// natural codes a number whose size is like that of the numbers before.
func (c *rangecoder) natural(m *magnitude, v uint64) uint64 {
	n := 0
	for n < 64 && c.bit(&m.more[n], n < bits.Len64(v)) {
		n++
	}
	if n < 2 {
		return uint64(n)
	}
	low := v & (1<<(n-1) - 1)
	second := uint64(0)
	if c.bit(&m.top[n], low>>(n-2) != 0) {
		second = 1 << (n - 2)
	}
	low = second | c.uniform(low&^(1<<(n-2)), 1<<(n-2))
	return 1<<(n-1) | low
}

// integer codes a number of either sign, near to zero more likely than far from it.
func (c *rangecoder) integer(m *magnitude, v int64) int64 {
	u := c.natural(m, uint64(v)<<1^uint64(v>>63))
	return int64(u>>1) ^ -int64(u&1)
}

// spread codes a number of either sign that is likely within a few times the deviation of zero: the bits that are too fine
// to be known are taken as they are.
func (c *rangecoder) spread(m *magnitude, v int64, deviation float64) int64 {
	fine := 0
	for fine < 60 && deviation >= 4 {
		deviation, fine = deviation/2, fine+1
	}
	high := c.integer(m, v>>fine)
	return high<<fine | int64(c.uniform(uint64(v)&(1<<fine-1), 1<<fine))
}

// finish ends the payload and returns it; while reading it checks that this is its one form.
func (c *rangecoder) finish() []byte {
	if c.reading {
		c.finished()
		return nil
	}
	v, carry := closing(c.low, c.width)
	if carry {
		c.carry()
	}
	for ; v != 0; v <<= 8 {
		c.bytes = append(c.bytes, byte(v>>56))
	}
	return c.bytes
}

// closing is the number within the interval with the most zeroes at its end, and whether it lies beyond 2^64.
func closing(low, width uint64) (v uint64, carry bool) {
	for zeroes := 64; zeroes > 0; zeroes -= 8 {
		if up := -low & (1<<zeroes - 1); up < width {
			return low + up, low+up < low
		}
	}
	return low, false
}

// finished checks that the bytes are those that finish writes.
func (c *rangecoder) finished() {
	if c.err != nil {
		return
	}
	begun := c.next - 8 // the digits from here on are those of closing
	rest := uint64(0)
	for i := begun; i < c.next; i++ {
		rest <<= 8
		if i < len(c.bytes) {
			rest |= uint64(c.bytes[i])
		}
	}
	v, _ := closing(rest-c.above, c.width)
	if v != rest || len(c.bytes) > c.next || len(c.bytes) > begun && c.bytes[len(c.bytes)-1] == 0 {
		c.fail("bytes left over")
	}
}
