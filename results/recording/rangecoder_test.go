package recording

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// symbols are content of every kind that a rangecoder codes, drawn from a seed.
type symbols struct {
	rand  *rand.Rand
	coder *rangecoder
	bits  [4]chance
	size  magnitude
	odds  [3]odds
	bad   int // symbols that were read as others
}

func (s *symbols) some(n int) {
	same := func(want, got uint64) {
		if want != got {
			s.bad++
		}
	}
	for range n {
		switch r := s.rand; r.IntN(6) {
		case 0:
			total := 1 + r.Uint64()>>r.UintN(64)
			if total == 0 {
				total = 1
			}
			v := r.Uint64N(total)
			same(v, s.coder.uniform(v, total))
		case 1:
			i := r.IntN(len(s.bits))
			v := r.Float64() < []float64{0.5, 0, 0.99, 0.001}[i]
			if s.coder.bit(&s.bits[i], v) != v {
				s.bad++
			}
		case 2:
			v := r.Uint64() >> r.UintN(65)
			same(v, s.coder.natural(&s.size, v))
		case 3:
			v := int64(r.Uint64()) >> r.UintN(64)
			same(uint64(v), uint64(s.coder.integer(&s.size, v)))
		case 4:
			deviation := math.Exp(r.Float64() * 40)
			v := int64(min(max(r.NormFloat64()*deviation, math.MinInt64), 1<<62))
			same(uint64(v), uint64(s.coder.spread(&s.size, v, deviation)))
		case 5:
			i := r.IntN(len(s.odds))
			total := 1 + r.Uint64()>>(64-r.UintN(20))
			left := uint64(float64(total) * []float64{0.3, 1, 0.999}[i] * min(1, r.Float64()+0.9))
			same(left, s.coder.split(&s.odds[i], 0.5, total, left))
		}
	}
}

func TestWhatTheRangecoderWritesItReads(t *testing.T) {
	for seed := range uint64(300) {
		n := int(seed)
		w := symbols{rand: rand.New(rand.NewPCG(seed, 1)), coder: &rangecoder{}}
		w.coder.write([]byte("before"))
		w.some(n)
		payload := bytes.Clone(w.coder.finish()[len("before"):])
		r := symbols{rand: rand.New(rand.NewPCG(seed, 1)), coder: &rangecoder{}}
		r.coder.read(payload)
		r.some(n)
		r.coder.finish()
		if r.bad != 0 || r.coder.err != nil {
			t.Fatalf("seed %d: %d symbols were read as others, error %v", seed, r.bad, r.coder.err)
		}
		for _, spoiled := range [][]byte{append(bytes.Clone(payload), 0), append(bytes.Clone(payload), 1)} {
			r = symbols{rand: rand.New(rand.NewPCG(seed, 1)), coder: &rangecoder{}}
			r.coder.read(spoiled)
			r.some(n)
			r.coder.finish()
			if !errors.Is(r.coder.err, ErrPayload) && r.bad == 0 {
				t.Fatalf("seed %d: a byte %d more was accepted", seed, spoiled[len(spoiled)-1])
			}
		}
	}
}

func TestACarryRunsThroughAllThatIsWritten(t *testing.T) {
	c := &rangecoder{bytes: []byte{1, 0xff, 0xff}, low: math.MaxUint64 - 9, width: 1 << 60}
	c.narrow(1, 1, 2)
	if want := []byte{2, 0, 0}; !bytes.Equal(c.bytes, want) || c.low != 1<<59-10 {
		t.Errorf("written %x, lower end %x", c.bytes, c.low)
	}
}

// TestTheCostOfASplitIsItsInformation holds the coder against what theory says: values whose odds are known cost no more
// than the logarithm of the multinomial.
func TestTheCostOfASplitIsItsInformation(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 5, 30, 300, 1000} {
		for _, p := range []float64{0.5, 0.1, 0.001} {
			c, o := &rangecoder{}, odds{left: uint16(p * 4000), total: 4000}
			c.write(nil)
			want, rounds := 0.0, 40_000/n
			for range rounds {
				left := 0
				for range n {
					if r.Float64() < p {
						left++
					}
				}
				o := o // known, and not learned
				c.split(&o, 0.5, uint64(n), uint64(left))
				want -= logBinomial(n, left, p)
			}
			got := float64(8*len(c.finish())) - 64
			if got > 1.03*want+0.02*float64(rounds)+64 {
				t.Errorf("%d values with odds %g cost %.4f bits, information %.4f", n, p, got/float64(rounds), want/float64(rounds))
			}
		}
	}
}

// logBinomial is the binary logarithm of a binomial probability.
func logBinomial(n, k int, p float64) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return (lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)) / math.Ln2
}

func FuzzRangecoder(f *testing.F) {
	f.Add(uint64(1), []byte(nil))
	f.Add(uint64(2), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(uint64(3), []byte("some text that is no payload"))
	f.Fuzz(func(t *testing.T, seed uint64, payload []byte) {
		// What is read of any bytes, in any order of symbols, is written as the same bytes again, or refused.
		r, w := &rangecoder{}, &rangecoder{}
		r.read(payload)
		w.write(nil)
		var rs, ws struct {
			bits [3]chance
			size magnitude
			odds [3]odds
		}
		order := rand.New(rand.NewPCG(seed, 1))
		for i := 0; i < 4*len(payload)+4 && r.err == nil; i++ {
			j, n := order.IntN(3), 1+order.Uint64()>>order.UintN(64)|1
			switch order.IntN(5) {
			case 0:
				w.uniform(r.uniform(0, n), n)
			case 1:
				w.bit(&ws.bits[j], r.bit(&rs.bits[j], false))
			case 2:
				w.natural(&ws.size, r.natural(&rs.size, 0))
			case 3:
				w.spread(&ws.size, r.spread(&rs.size, 0, float64(n)), float64(n))
			case 4:
				w.split(&ws.odds[j], 0.5, n, r.split(&rs.odds[j], 0.5, n, 0))
			}
		}
		r.finish()
		if r.err != nil {
			if !errors.Is(r.err, ErrPayload) {
				t.Fatalf("error %v is not ErrPayload", r.err)
			}
			return
		}
		if got := w.finish(); !bytes.Equal(got, payload) {
			t.Fatalf("read and written again:\n%x\n%x", payload, got)
		}
	})
}
