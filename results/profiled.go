package results

import "strings"

// Profiled is one more pair of a timing gate that failed, under which the services of both builds were profiled, and after which it was
// counted what requests cost in each. It is evidence, and no part of the test: its trials are none of the run's, and no verdict knows
// of it.
type Profiled struct {
	Status Status `json:"status"` // complete, when both builds bore the load to its end
	Pair   int    `json:"pair"`   // the number that follows the last of the gate's pairs
	// BeyondBudget is by how much the gate's budget had been exceeded when all was done, in seconds; 0: it had not.
	BeyondBudget float64 `json:"beyond_budget_s"`
	// Seconds is how long CPU and contention were profiled for, from t = 0 on.
	Seconds float64 `json:"seconds"`
	// BaselineServed and CandidateServed are the iterations that were served meanwhile, per second.
	BaselineServed  float64 `json:"baseline_served"`
	CandidateServed float64 `json:"candidate_served"`

	Profiles []ProfileComparison `json:"profiles"` // by service, CPU first
	Without  []string            `json:"without"`  // services that gave no profiles, with the reason
	// Costs are what the same requests cost in both builds, as of a cost gate, and CostChanges the statements and commands that make the
	// difference; none: they were not counted.
	Costs       []CostComparison `json:"costs,omitempty"`
	CostChanges []CostChange     `json:"cost_changes,omitempty"`
	Warnings    []string         `json:"warnings"` // what is not there, and why
}

// ProfileKind is what a profile is of.
type ProfileKind string

// The kinds of profiles that are compared.
const (
	ProfileCPU   ProfileKind = "cpu"   // time on a CPU
	ProfileMutex ProfileKind = "mutex" // time that others waited for a lock, as far as the service samples it
	ProfileHeap  ProfileKind = "heap"  // kept, and not compared
)

// ProfileComparison is where one service spent its time, in both builds. Times are milliseconds per iteration that was served.
type ProfileComparison struct {
	Service   string      `json:"service"`
	Kind      ProfileKind `json:"kind"`
	Baseline  float64     `json:"baseline_ms"` // of all functions
	Candidate float64     `json:"candidate_ms"`
	// BaselineSamples and CandidateSamples are how many samples the times rest on, of contention at most; 0 beside a time: not known.
	BaselineSamples  int64 `json:"baseline_samples,omitempty"`
	CandidateSamples int64 `json:"candidate_samples,omitempty"`
	// Grew are the functions of which the candidate spends more: those whose time with all that they call grew most, and after them
	// those whose own time did; none where there are too few samples.
	Grew []FunctionChange `json:"grew"`
}

// FewestSamples is how many samples that build has at least which has more of them, for functions to be told apart. Of fewer a single one
// is more than the fiftieth of the time by which a function has to grow to be named, so that whatever chance hit once would be; and the
// share of one that takes half of the time would be off by 14 points one time in twenty.
const FewestSamples = 50

// Sparse says whether the profiles hold too few samples to tell functions apart.
func (c ProfileComparison) Sparse() bool {
	unknown := c.Baseline > 0 && c.BaselineSamples == 0 || c.Candidate > 0 && c.CandidateSamples == 0
	return !unknown && max(c.BaselineSamples, c.CandidateSamples) < FewestSamples
}

// FunctionChange is a function in both builds, in milliseconds per iteration that was served: flat is its own time, cum that of what
// it calls with it.
type FunctionChange struct {
	Function      string  `json:"function"`
	BaselineFlat  float64 `json:"baseline_flat_ms"`
	CandidateFlat float64 `json:"candidate_flat_ms"`
	BaselineCum   float64 `json:"baseline_cum_ms"`
	CandidateCum  float64 `json:"candidate_cum_ms"`
}

// Short is the function's name without the path of its package, and with [...] for type arguments, as in Go's own traces:
// restapi.encodeSlowly, kit.SelectOne[...].
func (f FunctionChange) Short() string {
	name := f.Function
	if open, end := strings.Index(name, "["), strings.LastIndex(name, "]"); open >= 0 && open < end {
		name = name[:open] + "[...]" + name[end+1:]
	}
	path, rest := name, ""
	if i := strings.IndexAny(name, "[("); i >= 0 { // only what is before has slashes of its package's path
		path, rest = name[:i], name[i:]
	}
	return path[strings.LastIndex(path, "/")+1:] + rest
}
