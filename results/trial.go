package results

import (
	"fmt"
	"time"
)

// Trial is one execution of the load against one build, in fresh processes.
type Trial struct {
	Number int    `json:"number"` // from 1
	Build  int    `json:"build"`  // index into Run.Builds
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`

	Began time.Time `json:"began"` // the topology began to start
	Zero  time.Time `json:"zero"`  // t = 0: the first offered iteration after the warm-up
	Ended time.Time `json:"ended"`

	// Warmup is how a warm-up ended that was to last until times were level; nil: it was as long as asked.
	Warmup *Warmup `json:"warmup,omitempty"`

	Phases  []Phase `json:"phases"`
	Faults  []Fault `json:"faults"`
	Fitness Fitness `json:"fitness"`
	Nodes   []Node  `json:"nodes"`
	Links   []Link  `json:"links"`
	Search  *Search `json:"search,omitempty"` // nil: the trial looked for no breakpoint

	// Recording is the path of the recording, relative to the run's folder; empty when load never began.
	Recording string `json:"recording,omitempty"`
	// Selectors are the series that were asked for beside the base series, as an SLO writes them: metric{tag:value}. What
	// is not among them can't be judged later. Empty: not known; those of the question.
	Selectors []string `json:"selectors,omitempty"`
	// Metrics is the path of the recording of what services tell at their metrics path, and Postgres, Redis, nodes and links when they
	// are asked, once a second, relative to the run's folder; empty when nobody was asked. Scrapes says what became of the scrapes.
	Metrics string   `json:"metrics,omitempty"`
	Scrapes []Scrape `json:"scrapes,omitempty"`
	// OpenModel is true when every scenario ran on brunt-arrival, so that `latency` counts from the intended start.
	OpenModel bool `json:"open_model"`
	// ConstantRate is true when the offered rate did not change after the warm-up; recovery is defined only then.
	ConstantRate bool `json:"constant_rate"`
	// Drivers are the scenarios that were taken to drive faults and to send nothing, sorted; OpenModel and ConstantRate are of the
	// others.
	Drivers []string `json:"drivers,omitempty"`
	// Ledgers is what became of the ledgers; nil: there were none.
	Ledgers *Ledgers `json:"ledgers,omitempty"`
	// Probing is what the trial tried one after another; nil: its faults were those of the experiment.
	Probing *Probing `json:"probing,omitempty"`
	// Escape is how the load was stepped down after its planned end; nil: its target was not down then, or it was not asked for.
	Escape *Escape `json:"escape,omitempty"`
	// Cell is the one of a scorecard that the trial is for; nil: it is for none.
	Cell *Cell `json:"cell,omitempty"`
	// Costs are what its requests cost; nil: they were not counted.
	Costs *Costs `json:"costs,omitempty"`
	// Pair is the one of a timing gate that it belongs to, from 1; 0: it belongs to none. PairSeconds is how long that pair took
	// from its first start to its end, in both of its trials. PairFirst says which build was started first.
	Pair        int     `json:"pair,omitempty"`
	PairSeconds float64 `json:"pair_s,omitempty"`
	PairFirst   Side    `json:"pair_first,omitempty"`
	// Tagged is the value of the tag BuildTag that the trial's series bear in a recording which holds both builds of a pair; empty:
	// the recording is of this trial alone. Slices are when its build was under load, where the builds took turns.
	Tagged Side        `json:"tagged,omitempty"`
	Slices []GateSlice `json:"slices,omitempty"`
	// Planted is the change that was planted in the candidate of its pair, in both of its trials; nil: none was. TargetCores is how
	// many cores the load's target used under load, on average; 0: not known.
	Planted     *Planted `json:"planted,omitempty"`
	TargetCores float64  `json:"target_cores,omitempty"`
}

// Warmup is how a warm-up ended that was to last until times were level: until the medians of latency of three windows in a row, of a
// fifth of the shortest warm-up each, were within a tenth of each other, for each build.
type Warmup struct {
	Seconds float64 `json:"seconds"`         // that it lasted
	Level   bool    `json:"level"`           // the times were level; else it was as long as it may be
	Apart   float64 `json:"apart,omitempty"` // by which share the last medians were apart; 0: not known
}

// Escape is how a load went on after its planned end, because its target was still down then: at lower and lower rates, until
// what was served was as before the faults. Its iterations are among those that Fitness counts, and belong to no phase.
type Escape struct {
	Rate  float64 `json:"rate"` // iterations per second of the load itself
	Steps []Step  `json:"steps"`
}

// Scrape is what became of the scrapes of one node by one source.
type Scrape struct {
	Node   string `json:"node"`
	Asked  int    `json:"asked"`
	Missed int    `json:"missed"`           // no answer in time, or none that could be read
	Reason string `json:"reason,omitempty"` // of the first that was missed
	Series int    `json:"series"`           // that were kept
	// LeftOut counts the series beyond the most that are kept.
	LeftOut int   `json:"left_out,omitempty"`
	Bytes   int64 `json:"bytes"` // of all answers together
	// Took is how long an answer took: the mean, in milliseconds.
	Took float64 `json:"took_ms"`
	// Source is whom brunt asked by itself: postgres, redis, node or link; empty: the service's metrics path.
	Source string `json:"source,omitempty"`
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
	// Occurrence counts the times of a repeated fault and, of one that meets several instances of a service, those, from 1; all
	// have its name. 0: there is but one.
	Occurrence int `json:"occurrence,omitempty"`
}

// Label is the fault's name and, where it has several times or meets several instances, which of them it is.
func (f Fault) Label() string {
	if f.Occurrence == 0 {
		return f.Name
	}
	return fmt.Sprintf("%s (%d)", f.Name, f.Occurrence)
}

// Effect is what a probe through the same link saw of a fault.
type Effect struct {
	Seen bool `json:"seen"`
	// What was measured: "round trip" (milliseconds), "connect" or "answer" (share that succeeded, 0 to 1), "stalled", "error",
	// "aborted", "slow body" (share that a fault met which meets a share), "packet loss" (share that was lost), "held up" (share of the time in which a limit did
	// that), "open transaction" (share of the looks that found it).
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Before float64 `json:"before"` // median before
	During float64 `json:"during"` // median in force
	After  float64 `json:"after"`  // median after removal
	Added  float64 `json:"added"`  // During − Before
	Probes int     `json:"probes"`
	Note   string  `json:"note,omitempty"`
	// Idle says that the fault was a limit, in force all the time, that its node never came to.
	Idle bool `json:"idle,omitempty"`
}

// Fitness says whether generator and machine were fit to measure. Offered = Served + Failed + Dropped + Interrupted,
// exactly, in iterations that were due after the warm-up. Numbers that are 0 in a record of an older brunt, or where the
// platform does not tell, were not measured.
type Fitness struct {
	Fit     bool     `json:"fit"`
	Reasons []string `json:"reasons"` // the causes first; each says what to change
	// Saturated says that the generator or its machine was out of bounds, so that a fail can't be believed either. Unfit but
	// not saturated, as after dropped iterations, only rules out a pass.
	Saturated bool `json:"saturated"`
	// Late says that times are longer than the target made them: the generator got to run late, or started iterations late
	// by itself or for want of VUs. A fail on a time then stands only where the service time alone breaks the bound.
	Late bool `json:"late,omitempty"`

	CPUPercent float64 `json:"cpu_percent"` // of the k6 child, 100 = one core; its busiest 10 s
	Cores      int     `json:"cores"`
	CPUSeconds float64 `json:"cpu_s,omitempty"` // of the k6 child since t = 0
	// CPUNeeded is how many cores it would need for the rate that was asked for, on average: what an iteration cost it, times
	// the iterations that were due in a second. 0: not known.
	CPUNeeded float64 `json:"cpu_needed_cores,omitempty"`
	// QuotaCores is how many cores the child's control groups let it use; 0: as many as there are. Throttled is the share
	// (0 to 1) of the quota's periods in which it was stopped because they were used up.
	QuotaCores float64 `json:"quota_cores,omitempty"`
	Throttled  float64 `json:"throttled_share,omitempty"`

	// Of the child since t = 0: p99 of how late it got to run when there was something to do (for its scheduler, a garbage
	// collection, the kernel, a quota), p99 of how long garbage collections stopped it, and the share (0 to 1) of the CPU
	// time it had that they took.
	SchedulerP99 float64 `json:"scheduler_p99_ms,omitempty"`
	GCPauseP99   float64 `json:"gc_pause_p99_ms,omitempty"`
	GCShare      float64 `json:"gc_share,omitempty"`

	Machine *Machine `json:"machine,omitempty"` // nil: the platform does not tell

	// Due is how many iterations the schedule asked for; 0: not known, as when the load was ended early or its executors
	// have no schedule.
	Due         int64 `json:"due,omitempty"`
	Offered     int64 `json:"offered"`
	Served      int64 `json:"served"`
	Failed      int64 `json:"failed"`      // an exception, or a request that failed
	Dropped     int64 `json:"dropped"`     // never started: no VU free, queue full
	Interrupted int64 `json:"interrupted"` // cut off at the end of the load

	LatenessP99 float64 `json:"lateness_p99_ms"` // of iterations: actual minus intended start
	// LatenessOwnP99 is that of the part of the lateness during which a VU was free: the generator's own.
	LatenessOwnP99 float64 `json:"lateness_own_p99_ms,omitempty"`
	Waited         int64   `json:"waited,omitempty"` // iterations that found no VU free when they were due, and got one later
	// Of the scenario that came nearest to its bound: VUs in use at most, allowed, and needed for its highest rate at the
	// usual (median) duration of its iterations.
	MostVUs    int64   `json:"vus_most,omitempty"`
	AllowedVUs int64   `json:"vus_allowed,omitempty"`
	NeededVUs  float64 `json:"vus_needed,omitempty"`

	Exceptions     int64  `json:"exceptions"`
	FirstException string `json:"first_exception,omitempty"` // one line
	FirstStack     string `json:"first_stack,omitempty"`     // of the same exception, as far as it was kept

	ExitCode int `json:"exit_code"` // of the k6 child; -1 when a signal ended it
	// Signal is what ended the k6 child, when it did not end by itself, and OOMKilled says that the kernel did so for want of
	// memory.
	Signal    string `json:"signal,omitempty"`
	OOMKilled bool   `json:"oom_killed,omitempty"`
	// Aborted is set when the script itself ended the load: an abortOnFail threshold or test.abort().
	Aborted string `json:"aborted,omitempty"`
}

// Machine is what the machine was short of during the load. Each value is a share, 0 to 1, of a window of 5 s, and the one
// that is exceeded in no more than a fifth of the windows.
type Machine struct {
	Steal float64 `json:"steal_share"` // CPU time that the hypervisor gave to others
	// Foreign is the CPU time that went to programs which are no part of the run; nil: not known, as where brunt did not start
	// all that it measured.
	Foreign *float64 `json:"foreign_cpu_share,omitempty"`
	// Own is the CPU time that the run itself used, the load generator and all that it started; nil: not known.
	Own      *float64  `json:"own_cpu_share,omitempty"`
	Pressure *Pressure `json:"pressure,omitempty"` // nil: the kernel does not tell
}

// Pressure is the share of time that was lost for want of a resource, as the kernel's pressure stall information has it.
type Pressure struct {
	CPU    float64 `json:"cpu_some"`    // some task waited for a CPU
	Memory float64 `json:"memory_full"` // all tasks that had work waited for memory
	IO     float64 `json:"io_full"`     // all tasks that had work waited for a disk
}
