package results

import "time"

// Trial is one execution of the load against one build, in fresh processes.
type Trial struct {
	Number int    `json:"number"` // from 1
	Build  int    `json:"build"`  // index into Run.Builds
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`

	Began time.Time `json:"began"` // the topology began to start
	Zero  time.Time `json:"zero"`  // t = 0: the first offered iteration after the warm-up
	Ended time.Time `json:"ended"`

	Phases  []Phase `json:"phases"`
	Faults  []Fault `json:"faults"`
	Fitness Fitness `json:"fitness"`
	Nodes   []Node  `json:"nodes"`
	Links   []Link  `json:"links"`

	// Recording is the path of the recording, relative to the run's folder; empty when load never began.
	Recording string `json:"recording,omitempty"`
	// Selectors are the series that were asked for beside the base series, as an SLO writes them: metric{tag:value}. What
	// is not among them can't be judged later. Empty: not known; those of the question.
	Selectors []string `json:"selectors,omitempty"`
	// OpenModel is true when every scenario ran on brunt-arrival, so that `latency` counts from the intended start.
	OpenModel bool `json:"open_model"`
	// ConstantRate is true when the offered rate did not change after the warm-up; recovery is defined only then.
	ConstantRate bool `json:"constant_rate"`
}

// PhaseName labels an interval of a trial.
type PhaseName string

// The phases of a trial.
const (
	PhaseWarmup   PhaseName = "warmup"
	PhaseSteady   PhaseName = "steady"
	PhaseFault    PhaseName = "fault"
	PhaseRecovery PhaseName = "recovery"
)

// Phase is a labelled interval of a trial, in seconds from t = 0. Overlapping faults form one fault phase.
type Phase struct {
	Name   PhaseName `json:"name"`
	Faults []string  `json:"faults,omitempty"` // names of the faults of a fault phase, or of the one recovered from
	Start  float64   `json:"start_s"`
	End    float64   `json:"end_s"`
}

// Node is a service or a dependency of a started topology, as it was measured.
type Node struct {
	Name        string `json:"name"`
	Role        string `json:"role"` // service, dependency
	Kind        string `json:"kind"` // postgres, redis, image, reference, command, url
	Version     string `json:"version,omitempty"`
	Image       string `json:"image,omitempty"`
	ImageDigest string `json:"image_digest,omitempty"`
	Address     string `json:"address"`
}

// Link is a connection of a started topology.
type Link struct {
	Name    string `json:"name"` // from->to
	Address string `json:"address"`
	Proxied bool   `json:"proxied"`
	// Connections counts the connections that crossed a proxied link; probes are not counted.
	Connections int64 `json:"connections"`
}

// Fault is a planned disturbance and what became of it, in seconds from t = 0.
type Fault struct {
	Name string `json:"name"`
	Link string `json:"link,omitempty"`
	Node string `json:"node,omitempty"`
	Kind string `json:"kind"`

	PlannedStart float64 `json:"planned_start_s"`
	PlannedEnd   float64 `json:"planned_end_s"` // equal to PlannedStart for an instantaneous fault
	Start        float64 `json:"start_s"`       // confirmed in force
	End          float64 `json:"end_s"`         // removal confirmed

	Applied bool    `json:"applied"`
	Removed bool    `json:"removed"`
	Effect  *Effect `json:"effect,omitempty"`
	// Ladder lists the steps beyond a plain removal that were needed: cut, disable, delete, restart.
	Ladder []string `json:"ladder,omitempty"`
	Error  string   `json:"error,omitempty"`
}

// Effect is what a probe through the same link saw of a fault.
type Effect struct {
	Seen bool `json:"seen"`
	// What was measured: "round trip" (milliseconds), "connect" or "answer" (share that succeeded, 0 to 1).
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Before float64 `json:"before"` // median before
	During float64 `json:"during"` // median in force
	After  float64 `json:"after"`  // median after removal
	Added  float64 `json:"added"`  // During − Before
	Probes int     `json:"probes"`
	Note   string  `json:"note,omitempty"`
}

// Fitness says whether generator and machine were fit to measure. Offered = Served + Failed + Dropped + Interrupted,
// exactly, in iterations that were due after the warm-up.
type Fitness struct {
	Fit     bool     `json:"fit"`
	Reasons []string `json:"reasons"`
	// Saturated says that the generator itself was out of bounds, so that a fail can't be believed either. Unfit but not
	// saturated, as after dropped iterations, only rules out a pass.
	Saturated bool `json:"saturated"`

	CPUPercent float64 `json:"cpu_percent"` // of the k6 child, 100 = one core; its busiest 10 s
	Cores      int     `json:"cores"`

	Offered     int64 `json:"offered"`
	Served      int64 `json:"served"`
	Failed      int64 `json:"failed"`      // an exception, or a request that failed
	Dropped     int64 `json:"dropped"`     // never started: no VU free, queue full
	Interrupted int64 `json:"interrupted"` // cut off at the end of the load

	LatenessP99 float64 `json:"lateness_p99_ms"` // of iterations: actual minus intended start

	Exceptions     int64  `json:"exceptions"`
	FirstException string `json:"first_exception,omitempty"`
	ExitCode       int    `json:"exit_code"` // of the k6 child
	// Aborted is set when the script itself ended the load: an abortOnFail threshold or test.abort().
	Aborted string `json:"aborted,omitempty"`
}
