// Package experiment holds the words of the question: it reads an experiment file and returns validated values, or every
// problem of the file at once, each with file, line and a hint.
package experiment

import (
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// Experiment is one validated question: topology, load, faults and SLOs. Its durations are as written; Scaled applies
// a time scale.
type Experiment struct {
	Name        string
	Description string
	Dir         string // folder of the file; relative paths in the file are relative to it
	File        string // path of the file as it was given
	Source      []byte // the file as it was read

	Services     []Service // in the order of the file
	Dependencies []Dependency
	Setup        []SetupStep
	Load         Load
	Warmup       time.Duration
	Settle       time.Duration
	Faults       []Fault // in the order of the file
	SLOs         []SLO
	Ledgers      []Ledger      `json:",omitempty"`
	Expect       []Expectation `json:",omitempty"` // at most one of each name, in the order of the file
	// Accept are the regressions that are intended.
	Accept []results.Acceptance `json:",omitempty"`

	Alternative string `json:",omitempty"` // the one that this is, if any: what it sets is set

	TimeScale float64 // 1 unless Scaled
}

// Service is a process of the system under test. Exactly one of Reference, Image, Build, Command and URL is set.
type Service struct {
	Name      string
	Reference string // name of a reference target
	Variant   string // of a reference target: naive or fixed (default fixed)
	Image     string
	Build     *BuildRecipe
	Command   []string
	URL       string

	Port      int
	Ready     Ready
	Metrics   string // path, empty when not scraped
	Pprof     string // path, empty when there is none
	Env       map[string]string
	Resources Resources
	// Group is the service's name in the file where it has replicas; Name is that of one instance then, such as api.1.
	Group string `json:",omitempty"`
	Line  int
}

// BuildRecipe is a Docker build.
type BuildRecipe struct {
	Context    string // absolute
	Dockerfile string // relative to Context
}

// Resources limits a node; zero is no limit.
type Resources struct {
	CPUs   float64 // cores
	Memory int64   // bytes
}

// Ready says when a node is ready: exactly one field is set, or none (then: its port accepts a connection).
type Ready struct {
	HTTP    string // path that answers 2xx
	TCP     bool
	Log     string // a line that contains this
	Command []string
	Timeout time.Duration // default 60 s; 5 s for a service that already runs
}

// Dependency is a backing part: a known kind, or any image.
type Dependency struct {
	Name    string
	Kind    string // postgres, redis, image
	Version string // of a known kind, such as "17"; empty: the default
	Image   string // kind image, or an override of a known kind's
	Port    int    // kind image; a known kind has its own
	Ready   Ready
	Env     map[string]string
	Args    []string // further arguments of a known kind's server, such as -c or --maxmemory
	Line    int
}

// SetupStep runs once against a dependency before services start. Exactly one of SQL and Dataset is set.
type SetupStep struct {
	SQL     string // path of a file, absolute
	Dataset string // name of a known data set
	On      string // dependency
	Rows    int    // of a data set
	Line    int
}

// Load is what is offered to the target.
type Load struct {
	Target string // service
	Script string // absolute path of a k6 script, .js or .ts; empty where Requests are given
	// Requests are made without a script; nil: there is one. References in its texts are not resolved yet.
	Requests *requests.Spec
	Env      map[string]string
	Shape    string  // smoke, ramp, soak, spike, breakpoint; empty: the script's own options.scenarios, or requests at a constant rate
	Named    string  // the shape that the file itself names, whatever took its place
	Rate     float64 // iterations per second, at the peak; 0: the shape's default
	Duration time.Duration
	VUs      int // most VUs that brunt-arrival may use; 0: its default
	// Of breakpoint: the first rate, which must hold, and how long each is offered; 0: the shape's default.
	From float64
	Step time.Duration
	// Escape steps the rate down after the end of a load whose target is still down then.
	Escape bool
	Line   int
}

// Fault is a planned disturbance of a link or of a node.
type Fault struct {
	Name string
	Link string // from->to; empty for a node fault
	Node string // empty for a link fault
	Kind string // see fault.Kinds
	At   time.Duration
	For  time.Duration // 0: instantaneous; of a scripted one the longest
	// Scripted is a fault that the script brings into force, as often as it likes, and may lift; At is 0.
	Scripted bool

	Latency      time.Duration // latency
	Jitter       time.Duration // latency
	Distribution string        // latency, of the jitter: uniform, normal, pareto; empty: uniform
	Ramp         time.Duration // latency: from its start until it has its full strength
	Rate         int64         // bandwidth, bytes per second
	Run          []string      // command: the words, or for postgres the SQL statement
	Share        float64       // stall, loss, http-*: of what it meets, above 0 and at most 1; 0: all
	Delay        time.Duration // connect-delay, stall, slicer, slow-close, http-slow
	Bytes        int64         // slicer, limit-data
	Status       int           // http-error
	Hold         time.Duration // command: how long its transaction stays open; For is the same then
	HoldScaled   bool          `json:",omitempty"` // a time scale applies to Hold, which it else leaves as it is
	CPUs         float64       // cpu-limit, cores
	Memory       int64         // memory-limit, bytes
	// Occurrence counts the times of a fault with repeat and the instances that it meets of a service with replicas, each of
	// which is a Fault of its own, of the same name; from 1. 0: there is but one.
	Occurrence int
	Line       int
}

// Ledger says which services offer what of a ledger arrived there, beside what the script tells.
type Ledger struct {
	Name     string
	Services []string
	Path     string
	Settle   time.Duration // how long after the load what is in flight is waited for
	Line     int
}

// SLO is a bound as written and as parsed.
type SLO struct {
	Text string
	SLO  slo.SLO
	Line int
}

// Expectation is what a variant of a reference target, or an alternative to them, is there to show.
type Expectation struct {
	Name    string // naive, fixed, or that of an alternative
	Variant string // naive or fixed: which one runs
	// Set is what an alternative sets, as --set takes it. It is set in no experiment but the one that is read as the alternative.
	Set     []string `json:",omitempty"`
	Verdict string   // pass or fail
	Because string   // of fail: the text of the one of the SLOs that has to fail; of an alternative as it stands in the file
	Cause   string   // of fail: what is wrong, in one sentence
	// Evidence are measurements that show it. They bind nothing.
	Evidence []SLO
	Line     int
}
