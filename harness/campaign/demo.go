package campaign

import "slices"

// The variants of a reference target, in the order in which they are shown.
const (
	naive = "naive"
	fixed = "fixed"
)

// Showing is one run of a demo: a variant of a reference target, under the seed of the demo.
type Showing struct {
	Target  string
	Variant string
	Seed    int64
}

// Demo shows the naive and then the fixed variant of each target, in the order of Targets, both under the same load: all have the
// one seed.
type Demo struct {
	Targets []string // each once
	Seed    int64
}

// Next is what comes after the showings that took place; not ok when nothing is left. A showing under another seed is none of them.
func (d Demo) Next(done []Showing) (Showing, bool) {
	for _, target := range d.Targets {
		for _, variant := range []string{naive, fixed} {
			if s := (Showing{Target: target, Variant: variant, Seed: d.Seed}); !slices.Contains(done, s) {
				return s, true
			}
		}
	}
	return Showing{}, false
}
