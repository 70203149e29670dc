package jsmodule

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/grafana/sobek"
)

// Random is a random source of one iteration. What it gives is part of the contract: the same seed gives the same payloads
// in every version, so only the specified output of PCG is used, and not the methods of package rand above it.
type Random struct {
	source *rand.PCG
}

// newRandom is the source of (seed, scenario, iteration).
func newRandom(seed int64, scenario string, iteration int64) *Random {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", seed, scenario) // never fails
	r := &Random{source: rand.NewPCG(h.Sum64(), uint64(iteration))}
	r.source.Uint64() // neighbouring iterations begin alike
	return r
}

// Float is a number in [0, 1).
func (r *Random) Float() float64 { return float64(r.source.Uint64()>>11) / (1 << 53) }

// Int is a whole number between low and high, both included.
func (r *Random) Int(low, high int64) (int64, error) {
	if high < low {
		return 0, fmt.Errorf("int(%d, %d): the higher end comes second", low, high)
	}
	n := uint64(high) - uint64(low) + 1
	if n == 0 { // all of int64
		return int64(r.source.Uint64()), nil
	}
	// Reject what would favour some numbers, as in Lemire, "Fast Random Integer Generation in an Interval", 2019.
	for {
		product, rest := bits.Mul64(r.source.Uint64(), n)
		if rest >= -n%n {
			return low + int64(product), nil
		}
	}
}

// Chance is true with probability p.
func (r *Random) Chance(p float64) bool { return r.Float() < p }

// Text is n lower-case letters and digits.
func (r *Random) Text(n int) (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	if n < 0 || n > math.MaxInt32 {
		return "", fmt.Errorf("text(%d): the length is out of range", n)
	}
	b := make([]byte, n)
	for i := range b {
		k, _ := r.Int(0, int64(len(letters)-1))
		b[i] = letters[k]
	}
	return string(b), nil
}

// Pick is one element of an array.
func (r *Random) Pick(array *sobek.Object) (sobek.Value, error) {
	if array == nil || array.Get("length") == nil {
		return nil, fmt.Errorf("pick: not an array")
	}
	n := array.Get("length").ToInteger()
	if n == 0 {
		return nil, fmt.Errorf("pick: the array is empty")
	}
	i, err := r.Int(0, n-1)
	return array.Get(fmt.Sprint(i)), err
}
