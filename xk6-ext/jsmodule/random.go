package jsmodule

import (
	"fmt"

	"github.com/grafana/sobek"

	"github.com/devcraft-studio/brunt/xk6-ext/random"
)

// Random is the random source of one iteration, as scripts see it.
type Random struct {
	*random.Source
}

// newRandom is the source of (seed, scenario, iteration).
func newRandom(seed int64, scenario string, iteration int64) *Random {
	return &Random{random.New(seed, scenario, iteration)}
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
