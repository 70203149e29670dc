package results

import "time"

// Expectation is what a variant of a reference target, or an alternative to them, is declared to show. No verdict depends on it.
type Expectation struct {
	Variant string  `json:"variant"`           // naive, fixed, or the name of an alternative
	Verdict Outcome `json:"verdict"`           // pass or fail
	Because string  `json:"because,omitempty"` // of fail: the text of the SLO that has to be among those that fail
	Cause   string  `json:"cause,omitempty"`   // of fail: what is wrong with the variant, in one sentence
}

// Expected says whether a run showed what was declared of its variant.
type Expected struct {
	Expectation
	Met    bool   `json:"as_declared"`
	Reason string `json:"reason"` // what it did, or why that is not what was declared
}

// TrackRecord is what reference targets showed: the naive and the fixed variant of each, and alternatives to them, side by side.
type TrackRecord struct {
	Created   time.Time
	Ended     time.Time
	Status    Status
	Reason    string   // why it is not complete
	Command   []string // repeats it, as of a Run
	Seed      int64    // of every run
	TimeScale float64
	Targets   []TargetRecord // in the order in which they ran
}

// TargetRecord is what one reference target showed.
type TargetRecord struct {
	Target       string // the experiment's name
	Cause        string // what is wrong with naive, in one sentence
	Naive        *Run   // nil: it did not run
	Fixed        *Run   // nil: it did not run
	Alternatives []AlternativeRecord
	Unasked      []string // alternatives that are declared, and were not asked for
}

// AlternativeRecord is what an alternative showed.
type AlternativeRecord struct {
	Name    string
	Variant string   // the variant that it runs
	Set     []string // what is another way in it: path=value
	Cause   string   // what is wrong with it, in one sentence
	Run     *Run     // nil: it did not run
}

// Met says whether both variants, and all alternatives that were asked for, showed what was declared of them.
func (t TargetRecord) Met() bool {
	for _, a := range t.Alternatives {
		if a.Run == nil || !a.Run.AsDeclared() {
			return false
		}
	}
	return t.Naive != nil && t.Fixed != nil && t.Naive.AsDeclared() && t.Fixed.AsDeclared()
}

// AsDeclared says whether the run was measured in full and showed what was declared of its variant.
func (r *Run) AsDeclared() bool {
	return r.Status == StatusComplete && r.Verdict.Expected != nil && r.Verdict.Expected.Met
}
