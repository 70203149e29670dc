package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Undoer promises that a fault of a node ends at a given time even when this process is dead by then, in the way that the
// node's provider said: the watchdog's lease is one.
type Undoer interface {
	// Undo ends the fault at expires.
	Undo(ctx context.Context, fault string, how site.Undo, expires time.Time) error
	// Undone takes that back.
	Undone(ctx context.Context, fault string) error
}

// Bounds of limits: an engine takes no less.
const (
	leastCPUs   = 0.01
	leastMemory = 6 << 20 // bytes
)

// cpuLimit bounds the cores that all processes of a node may use together. The scheduler stops them for the rest of each
// period of 100 ms in which they have used theirs up.
var cpuLimit = Kind{
	Name: "cpu-limit", On: OnNode, Span: Lasts, Fields: []string{"cpus"},
	What: "limits the CPU of a node",
	check: func(f experiment.Fault) (string, string) {
		if !(f.CPUs >= leastCPUs) {
			return "cpus", "is less than 0.01 cores"
		}
		return "", ""
	},
	begin: beginLimit, end: endLimit, judge: judgeLimit,
}

// memoryLimit bounds the memory that a node may use, swap included. A limit below what it uses at that moment is refused; a
// node that wants more later is held up, and killed by the kernel where that does not help. When the limit is lifted, a node
// that has ended is started again.
var memoryLimit = Kind{
	Name: "memory-limit", On: OnNode, Span: Lasts, Fields: []string{"memory"},
	What: "limits the memory of a node",
	check: func(f experiment.Fault) (string, string) {
		if f.Memory < leastMemory {
			return "memory", "is less than 6 MiB"
		}
		return "", ""
	},
	begin: beginLimit, end: endLimit, judge: judgeLimit,
}

// limitOf is what a fault limits, and to how much.
func limitOf(f experiment.Fault) (site.Resource, float64) {
	if f.CPUs > 0 {
		return site.CPU, f.CPUs
	}
	return site.Memory, float64(f.Memory)
}

// preparing registers how a fault ends without this process, before it begins.
func (i *Injector) preparing(ctx context.Context, f experiment.Fault, expires time.Time) func(site.Undo) error {
	return func(how site.Undo) error {
		if i.Undoer == nil {
			return nil
		}
		if err := i.Undoer.Undo(ctx, id(f), how, expires); err != nil {
			return fmt.Errorf("register the expiry: %w", err)
		}
		return nil
	}
}

// undone takes the expiry of a fault back that has ended.
func (i *Injector) undone(ctx context.Context, f experiment.Fault) {
	if i.Undoer == nil {
		return
	}
	if err := i.Undoer.Undone(ctx, id(f)); err != nil {
		i.log.Warn("the expiry of a fault was not taken back", "fault", f.Name, "error", err)
	}
}

func beginLimit(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault, expires time.Time) error {
	l, err := site.As[site.Limiter](n)
	if err != nil {
		return err
	}
	r, amount := limitOf(f)
	return l.Limit(ctx, r, amount, i.preparing(ctx, f, expires))
}

func endLimit(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault) error {
	l, err := site.As[site.Limiter](n)
	if err != nil {
		return err
	}
	r, _ := limitOf(f)
	if err := l.Unlimit(ctx, r); err != nil {
		return err // the expiry stands
	}
	i.undone(ctx, f)
	if i.stopped(n.Name) {
		return nil // by another fault, which brings it back
	}
	return i.revived(ctx, n)
}

// revived starts a node again that the kernel killed, and returns when it answers. That it was killed may come to light late.
func (i *Injector) revived(ctx context.Context, n *site.Node) error {
	k, killable := n.Control.(site.Killer)
	for deadline := time.Now().Add(confirmTime); ; {
		if killable {
			if err := k.Restart(ctx); err != nil {
				return err
			}
		}
		once, cancel := context.WithTimeout(ctx, confirmTime/4)
		answered := i.answersAgain(once, n)
		cancel()
		switch {
		case answered:
			return nil
		case time.Now().After(deadline) || ctx.Err() != nil:
			return errors.New("without the limit it does not answer either")
		}
	}
}

// heldUp looks how often the limit has held a node up since the last look.
func heldUp(l site.Limiter, r site.Resource) func(ctx context.Context, seen *ProbeResult) error {
	var before, beforeOf uint64
	known := false
	return func(ctx context.Context, seen *ProbeResult) error {
		times, of, err := l.Held(ctx, r)
		if err != nil {
			return err
		}
		seen.Connected, seen.Answered = true, true
		switch {
		case !known || times <= before: // counters begin anew with a node that was started again
		case of > beforeOf:
			seen.Held = min(1, float64(times-before)/float64(of-beforeOf))
		default:
			seen.Held = 1
		}
		before, beforeOf, known = times, of, true
		return nil
	}
}

// judgeLimit measures how much of the time the limit held the node up: for CPU the share of the periods, for memory that of
// the looks between which it came to the limit. The fault is seen when that happened at all.
func judgeLimit(_ experiment.Fault, seen Samples) *results.Effect {
	e := &results.Effect{What: "held up", Unit: "share", Probes: len(seen.During)}
	e.Before, e.During, e.After = heldShare(seen.Before), heldShare(seen.During), heldShare(seen.After)
	e.Added = e.During - e.Before
	e.Seen = e.Added > 0
	if len(seen.During) == 0 {
		e.Note = "no probe during"
	} else if last := seen.During[len(seen.During)-1]; last.Err != "" {
		e.Note = last.Err
	} else if !e.Seen {
		e.Note, e.Idle = "it did not come to the limit", e.During == 0
	}
	return e
}
