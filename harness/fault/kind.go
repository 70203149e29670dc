package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Object is what a kind of fault acts on.
type Object string

// The objects of faults.
const (
	OnLink Object = "link"
	OnNode Object = "node"
)

// Span says whether a kind of fault lasts.
type Span string

// The spans of faults.
const (
	Lasts   Span = "lasts"   // `for` is needed
	MayLast Span = "may"     // without `for` it strikes once
	Strikes Span = "strikes" // `for` has no meaning
)

// Kind is one kind of fault.
type Kind struct {
	Name   string
	On     Object
	Span   Span
	Fields []string // of experiment.Fault, in the spelling of the file, beside name, link, on, kind, at and for
	What   string   // one line for people
	stops  bool     // the node does not answer while it lasts
	drops  bool     // sockets drop packets, which not every machine lets them
	away   bool     // the node is gone until it is ready again, and may be back before the next probe

	check    func(f experiment.Fault) (field, problem string)
	strength func(f experiment.Fault) strength // of a link's fault
	// expect is how much longer a round trip of the echo probe of that many bytes takes; 0 when it is not delayed but lost.
	expect func(f experiment.Fault, bytes int) time.Duration
	begin  func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault, expires time.Time) error
	end    func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault) error
	judge  func(f experiment.Fault, seen Samples) *results.Effect // nil: nothing to probe
}

// Kinds are all kinds of faults.
var Kinds = []Kind{
	latency, timeout, reset, down, bandwidth, connectBlackhole, connectDelay, stall, slicer, limitData, slowClose, loss,
	httpErrorKind, httpAbortKind, httpSlowKind,
	pause, kill, restart, cpuLimit, memoryLimit, disconnect, command,
}

// KindNamed returns the kind of that name.
func KindNamed(name string) (Kind, bool) {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return Kinds[i], true
}

// ErrInvalid is wrapped by every AttributeError.
var ErrInvalid = errors.New("invalid fault")

// AttributeError is an attribute of a fault that the mechanism refuses.
type AttributeError struct {
	Fault, Kind    string
	Field, Problem string
}

func (e *AttributeError) Error() string {
	return fmt.Sprintf("fault %s (%s): %s %s", e.Fault, e.Kind, e.Field, e.Problem)
}

// Unwrap makes errors.Is(err, ErrInvalid) hold.
func (e *AttributeError) Unwrap() error { return ErrInvalid }

// Validate refuses, with an *AttributeError, what the mechanism could not take: Toxiproxy's own checks are none, and a
// negative rate ends its process.
func Validate(f experiment.Fault) error {
	refuse := func(field, problem string) error {
		return &AttributeError{Fault: f.Name, Kind: f.Kind, Field: field, Problem: problem}
	}
	k, ok := KindNamed(f.Kind)
	switch {
	case !ok:
		return refuse("kind", "is not known")
	case f.Name == "":
		return refuse("name", "is empty")
	case k.On == OnLink && (f.Link == "" || f.Node != ""):
		return refuse("link", "has to be named, and no node")
	case k.On == OnNode && (f.Node == "" || f.Link != ""):
		return refuse("on", "has to be named, and no link")
	case f.For < 0:
		return refuse("for", "is negative")
	case k.Span == Lasts && f.For == 0:
		return refuse("for", "is needed")
	case k.Span == Strikes && f.For != f.Hold:
		return refuse("for", "has no meaning: the fault happens at once")
	}
	for _, field := range given(f) {
		if !slices.Contains(k.Fields, field) {
			return refuse(field, "has no meaning for this kind")
		}
	}
	if k.check == nil {
		return nil
	}
	if field, problem := k.check(f); problem != "" {
		return refuse(field, problem)
	}
	return nil
}

// given lists the fields of a strength that a fault has, in the spelling of the file.
func given(f experiment.Fault) []string {
	var names []string
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"latency", f.Latency != 0}, {"jitter", f.Jitter != 0}, {"distribution", f.Distribution != ""}, {"ramp", f.Ramp != 0},
		{"rate", f.Rate != 0}, {"run", len(f.Run) != 0}, {"share", f.Share != 0}, {"delay", f.Delay != 0}, {"bytes", f.Bytes != 0},
		{"status", f.Status != 0}, {"cpus", f.CPUs != 0}, {"memory", f.Memory != 0}, {"hold", f.Hold != 0},
	} {
		if field.set {
			names = append(names, field.name)
		}
	}
	return names
}
