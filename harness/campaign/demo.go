package campaign

import "slices"

// The variants of a reference target, in the order in which they are shown.
const (
	naive = "naive"
	fixed = "fixed"
)

// Showing is one run of a demo: a variant of a reference target or an alternative to them, under the seed of the demo.
type Showing struct {
	Target  string
	Variant string // naive, fixed, or the name of an alternative
	Seed    int64
}

// Demo shows the naive and then the fixed variant of each target, and then its alternatives, in the order of Targets, all under the
// same load: they have the one seed.
type Demo struct {
	Targets      []string            // each once
	Alternatives map[string][]string // to the variants of a target, in their order
	Seed         int64
}

// Planned is all that is shown, in its order.
func (d Demo) Planned() []Showing {
	var all []Showing
	for _, target := range d.Targets {
		for _, variant := range append([]string{naive, fixed}, d.Alternatives[target]...) {
			all = append(all, Showing{Target: target, Variant: variant, Seed: d.Seed})
		}
	}
	return all
}

// Next is what comes after the showings that took place; not ok when nothing is left. A showing under another seed is none of them.
func (d Demo) Next(done []Showing) (Showing, bool) {
	for _, s := range d.Planned() {
		if !slices.Contains(done, s) {
			return s, true
		}
	}
	return Showing{}, false
}
