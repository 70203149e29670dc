// Package wire carries messages between brunt and its k6 child, over a socket pair.
//
// Both ends are of one binary, yet they are versioned, bounded and checked: a child that writes nonsense must not take its
// parent down. The child sends Hello first; the parent sends Config first, which the child reads before k6 starts. Then
// frames, notices and, last of all, Ended go up, and marks and Stop go down. An end of stream before Ended means that the
// child died.
//
// On the socket a message is: length of the rest (uint32, little-endian), type (1 byte), body. The body of a Frame is its
// payload as it is, that of a Ledger its block; that of every other message is its fields as JSON. The package imports no k6.
package wire

import "math"

// Version is the version of the messages. Hello and Config carry it; a zero one is sent as Version.
const Version = 1

// Message is one of the types of this package: Hello, Started, Frame, Ledger, Exception, Notice, Ended, Inspected, FaultAsk from
// the child, Config, Mark, Rate, FaultDone, Stop from the parent. They are sent and received as values, not as pointers.
type Message interface {
	kind() kind
}

// kind is the type byte. The values are part of the format.
type kind byte

const (
	kindHello     kind = 'h'
	kindStarted   kind = 's'
	kindFrame     kind = 'f'
	kindLedger    kind = 'l'
	kindException kind = 'x'
	kindNotice    kind = 'n'
	kindEnded     kind = 'e'
	kindInspected kind = 'i'
	kindConfig    kind = 'C'
	kindMark      kind = 'M'
	kindStop      kind = 'S'
	kindRate      kind = 'R'
	kindFaultAsk  kind = 'a'
	kindFaultDone kind = 'A'
)

// Hello is the child's first message.
type Hello struct {
	Version int
	PID     int
}

// Started says that load began, once it did.
type Started struct {
	Zero         int64 // wall-clock nanoseconds of t = 0: the first offered iteration after the warm-up
	OpenModel    bool  // every scenario runs on brunt-arrival
	ConstantRate bool  // the offered rate does not change after the warm-up
	// Warmed is how a warm-up ended that lasted until times were level; nil: it was as long as asked.
	Warmed *Warmed `json:",omitempty"`
}

// Warmed is how a warm-up ended.
type Warmed struct {
	Nanos int64   // that it lasted
	Level bool    // its times were level; else it was as long as it may be
	Apart float64 // by which share the last medians were apart; 0: not known
}

// Frame holds the samples of an interval.
type Frame struct {
	Payload []byte // what a recording.Encoder appended; all frames of a connection are of one Encoder
}

// Ledger is a part of what the script's ledgers hold. The child sends them when the load is over, before Ended; one that has
// ledgers sends at least one, and the last says that they were all.
type Ledger struct {
	Block []byte // what a ledger.Book handed over
}

// Exception is an error that an iteration of the script threw.
type Exception struct {
	Message string
}

// Notice is something that people should know of, for the log.
type Notice struct {
	Level string // debug, info, warn, error
	Text  string
}

// Ended is the child's last message: the load is over and all frames were sent. The numbers count iterations due after the
// warm-up; Offered = Served + Failed + Dropped + Interrupted.
type Ended struct {
	Offered, Served, Failed, Dropped, Interrupted int64

	Exceptions  int64
	LatenessP99 float64 // milliseconds; NaN, of no iterations at all, arrives as 0

	// LatenessOwnP99 is that of the part of the lateness which the generator itself caused: a VU was free. What is beyond
	// it, iterations spent waiting for a VU. Milliseconds, as LatenessP99.
	LatenessOwnP99 float64
	Waited         int64 // iterations that found no VU free when they were due, and got one later
	// MostVUs is how many VUs were in use at most, and AllowedVUs how many there may have been, in the pool of VUs (one a
	// scenario, or a build of it) that came nearest to its bound. Where both are equal it was exhausted.
	MostVUs, AllowedVUs int64
	NeededVUs           float64 // of the same pool: the highest rate times the median duration of an iteration

	Due int64 // iterations that the schedules asked for, had the load gone on to its end; 0: not known

	// Of the child itself since t = 0: p99 of how late it got to run and of how long garbage collections stopped it, in
	// milliseconds, and the share (0 to 1) of the CPU time it had that they took.
	SchedulerP99, GCPauseP99, GCShare float64

	Aborted string // why the script itself ended the load, or ""
}

// Inspected is what a child that was asked to inspect a script says of it, instead of running it.
type Inspected struct {
	Executors     []string // types of the scenarios' executors, sorted, each once
	OpenModel     bool     // every scenario runs on brunt-arrival
	ConstantRate  bool     // the offered rate does not change after the warm-up
	DurationNanos int64    // planned load after the warm-up
	Search        *Search  // nil: no scenario searches for its breakpoint
	MaxVUs        int64
	SystemTags    []string    // the effective ones, sorted
	Thresholds    []Threshold // sorted by metric, then in the script's order
	// Metrics are the types of the metrics that the script can emit, by name; nil when that is not known.
	Metrics map[string]string
	Ledgers []string // the names of those that the script's init code makes, sorted
	// Drivers are the scenarios that only drive faults, sorted; the plan above is that of the others.
	Drivers []string `json:",omitempty"`
	Levels  bool     `json:",omitempty"` // the warm-up could end when times are level
}

// Threshold is a threshold of the script's options.
type Threshold struct {
	Metric      string // with its selector, as it stands in options.thresholds
	Expr        string
	AbortOnFail bool
	GraceNanos  int64 // delayAbortEval
}

// Config is the parent's first message.
type Config struct {
	Version     int
	Seed        int64
	WarmupNanos int64
	// LeastWarmupNanos is how long the warm-up lasts at least: it goes on until times are level, for WarmupNanos at most. 0: it lasts
	// for WarmupNanos.
	LeastWarmupNanos int64 `json:",omitempty"`
	Selectors        []Selector
	AbortOn          []AbortThreshold
	Alone            bool              // no output of k6 stands beside brunt's
	Steered          bool              // a scenario that searches follows the Rates that are sent
	Scripted         bool              `json:",omitempty"` // faults wait for the script
	Facts            map[string]string // urls and facts about the data, for the JS module
	// Slices are when each of the two builds is under load, in the order of time; nil: both are all the time.
	Slices []Slice `json:",omitempty"`
	// Builds are the two builds that scenarios measure side by side, in the order of the scenarios' option; nil: none.
	Builds []Build
}

// Build is what the script sees of a build: Env is over the script's own, from the init context on, and Facts over those of
// Config.
type Build struct {
	Name  string
	Env   map[string]string
	Facts map[string]string `json:",omitempty"`
}

// Slice is a time in which one of two builds is under load and the other rests, in nanoseconds from t = 0. What begins from FromNanos
// on is measured. No frame straddles its edges, nor those of its parts that are as long as what is not measured.
type Slice struct {
	StartNanos, FromNanos, EndNanos int64
	Build                           int // by its place in Config.Builds
}

// Cuts are the moments within the slice at which a frame ends and another begins, in nanoseconds from t = 0.
func (s Slice) Cuts() []int64 {
	all := []int64{s.StartNanos}
	for at := s.FromNanos; at < s.EndNanos && s.FromNanos > s.StartNanos; at += s.FromNanos - s.StartNanos {
		all = append(all, at)
	}
	return append(all, s.EndNanos)
}

// Selector asks for a series of its own: the samples of Metric that bear all of Tags.
type Selector struct {
	Metric string
	Tags   map[string]string
}

// AbortThreshold is a k6 threshold that ends the load when it is crossed.
type AbortThreshold struct {
	Metric     string
	Tags       map[string]string
	Threshold  string // the expression, such as p(95)<300
	GraceNanos int64  // not judged before this much of the load is over
}

// Mark is the edge of a phase: no frame may straddle it.
type Mark struct {
	At    int64  // wall-clock nanoseconds
	Phase string // that begins here
}

// Rate asks a scenario that searches to offer another rate.
type Rate struct {
	At        int64   // wall-clock nanoseconds; what lies behind is at once
	PerSecond float64 // iterations
}

// Search is what a scenario that searches for its breakpoint asks for.
type Search struct {
	From, Most float64 // iterations per second
	Factor     float64 // from one step to the next
	StepNanos  int64
	VUs        int64 // that it may use at most
	Alone      bool  // the script has no other scenario
}

// FaultAsk asks the parent, for the script, to bring a fault of the experiment into force or to lift it. The script waits for
// the FaultDone of the same number.
type FaultAsk struct {
	Number int64
	Fault  string
	Lift   bool
}

// FaultDone answers a FaultAsk.
type FaultDone struct {
	Number int64
	Error  string // why it was not done, or ""
}

// Stop asks the child to end the load now, and to send what it has and Ended.
type Stop struct{}

func (Hello) kind() kind     { return kindHello }
func (Started) kind() kind   { return kindStarted }
func (Frame) kind() kind     { return kindFrame }
func (Ledger) kind() kind    { return kindLedger }
func (Exception) kind() kind { return kindException }
func (Notice) kind() kind    { return kindNotice }
func (Ended) kind() kind     { return kindEnded }
func (Inspected) kind() kind { return kindInspected }
func (Config) kind() kind    { return kindConfig }
func (Mark) kind() kind      { return kindMark }
func (Stop) kind() kind      { return kindStop }
func (Rate) kind() kind      { return kindRate }
func (FaultAsk) kind() kind  { return kindFaultAsk }
func (FaultDone) kind() kind { return kindFaultDone }

// prepared is the message as it is sent: with its version, and with numbers that JSON can hold.
func prepared(m Message) Message {
	switch m := m.(type) {
	case Hello:
		if m.Version == 0 {
			m.Version = Version
		}
		return m
	case Config:
		if m.Version == 0 {
			m.Version = Version
		}
		return m
	case Ended:
		for _, v := range []*float64{&m.LatenessP99, &m.LatenessOwnP99, &m.NeededVUs, &m.SchedulerP99, &m.GCPauseP99, &m.GCShare} {
			*v = finite(*v)
		}
		return m
	}
	return m
}

// finite is the number nearest to v that JSON can hold; 0 for none.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return max(-math.MaxFloat64, min(math.MaxFloat64, v))
}
