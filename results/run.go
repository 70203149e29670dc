package results

import "time"

// Schema is the version of the stored and exported form of a Run. Adding keys leaves it as it is; renaming or removing
// one raises it.
const Schema = 1

// Status says whether measuring itself worked. It is never mixed with the verdict.
type Status string

// The zero value of Status is not a status; a run is saved as broken before its first trial, so that a crash leaves a trace.
const (
	StatusBroken   Status = "broken"   // could not measure
	StatusAborted  Status = "aborted"  // interrupted; what was measured until then is kept
	StatusComplete Status = "complete" // everything that was planned was measured
)

// Run is one invocation: one or more trials, one record, one verdict.
type Run struct {
	Schema     int       `json:"schema"`
	ID         string    `json:"id"`
	Experiment string    `json:"experiment"`
	Created    time.Time `json:"created"`
	Ended      time.Time `json:"ended"`
	Status     Status    `json:"status"`
	Reason     string    `json:"reason,omitempty"` // why it is not complete

	// Command repeats this run: the arguments as given, with the seed filled in and secrets redacted.
	Command   []string `json:"command"`
	Demo      string   `json:"demo,omitempty"` // what the runs of one demo have in common; empty: the run is of none
	Seed      int64    `json:"seed"`
	TimeScale float64  `json:"time_scale"`
	Provider  string   `json:"provider"` // docker, local, or none (a bare script)

	Question Question `json:"question"`
	Builds   []Build  `json:"builds"`
	Host     Host     `json:"host"`
	CI       *CI      `json:"ci,omitempty"`
	Trials   []Trial  `json:"trials"`

	Verdict   Verdict    `json:"verdict"`
	Profiled  *Profiled  `json:"profiled,omitempty"`  // evidence to a timing gate that failed; nil: there is none
	Foresight *Foresight `json:"foresight,omitempty"` // what a timing gate was told in advance; nil: nothing was known
	Warnings  []string   `json:"warnings"`
	Artifacts []Artifact `json:"artifacts"`
}

// Question is what was asked, kept so that the run can be judged again without the experiment file.
type Question struct {
	SLOs []SLO `json:"slos"`
	// Scraped are the metrics among the SLOs that neither the load generator nor the script has, but a service tells.
	Scraped []string `json:"scraped,omitempty"`
	// Guard is how much of each end of a phase is left out of its measurements, in seconds. A phase shorter than ten
	// guards uses a tenth of its length.
	Guard float64 `json:"guard_s"`
	// FitnessBlocks says whether an unfit generator or machine blocks a verdict (experiments, and bare scripts under
	// --strict) or is only a warning (bare scripts).
	FitnessBlocks bool `json:"fitness_blocks"`
	// Generator says what made the load and what it does not do, where that is not a k6 script; "" where it is.
	Generator string `json:"generator,omitempty"`
	// Expect is what is declared of the variant that runs; nil: nothing. Measurements are what is measured beside the SLOs to show
	// why a variant does what it does: they bind nothing, and are those of all variants, so that runs of both can be set side by
	// side. They are texts of the SLO language, without a bound.
	Expect       *Expectation `json:"expect,omitempty"`
	Measurements []SLO        `json:"measurements,omitempty"`
	// Accept are the regressions against a baseline that are intended.
	Accept []Acceptance `json:"accept,omitempty"`
	// Source is the experiment file as it was read, secrets redacted.
	Source string `json:"source,omitempty"`
	// Asker is the command that asks, where it is not `brunt run`: limits, matrix.
	Asker string `json:"asker,omitempty"`
	// Cells are the faults of a scorecard, in the order in which they are tried; nil: none was asked for.
	Cells []Cell `json:"cells,omitempty"`
	// Gate is what a timing gate asks; nil: none was asked for. Calibration is what is asked of a build against itself in the shape of
	// that gate; nil: the gate itself was asked for.
	Gate        *Gate        `json:"gate,omitempty"`
	Calibration *Calibration `json:"calibration,omitempty"`
}

// SLO is a bound that was asked for, as text of the SLO language (package slo), and where it was written.
type SLO struct {
	Text   string `json:"text"`
	Origin string `json:"origin"` // "file:line", or "threshold" for a k6 threshold of a bare script
	// Threshold marks k6's own meaning: the whole run, no phases, no unserved-work rule; an untouched metric passes.
	Threshold bool `json:"threshold,omitempty"`
}

// Artifact is a file kept with a run.
type Artifact struct {
	Name string `json:"name"` // recording-1.brunt, api.log, ...
	Path string `json:"path"` // relative to the run's folder
	Size int64  `json:"size"` // bytes
	What string `json:"what"` // one line for people
}
