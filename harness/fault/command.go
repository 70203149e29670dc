package fault

import (
	"context"
	"errors"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Commander runs a command on a node in its own language: words for redis, a statement for postgres, a program and its
// arguments for anything else.
type Commander interface {
	Command(ctx context.Context, node *site.Node, words []string) error
	// Hold runs a fault's command in a transaction that stays open until release rolls it back, and until expires at the
	// latest, even when this process is dead by then.
	Hold(ctx context.Context, node *site.Node, f experiment.Fault, expires time.Time) (release func(context.Context) error, err error)
	// Holds tells whether the node has such a transaction open.
	Holds(ctx context.Context, node *site.Node, f experiment.Fault) (bool, error)
}

var errNoCommander = errors.New("no commander is wired")

// command runs a command on a node. It happens at once, and there is nothing to lift, unless it is to be held: then it is
// run in a transaction of postgres that stays open, idle, for so long, and is rolled back at the end.
var command = Kind{
	Name: "command", On: OnNode, Span: Strikes, Fields: []string{"run", "hold"},
	What: "runs a command on a node",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case len(f.Run) == 0 || f.Run[0] == "":
			return "run", "is empty"
		case f.Hold < 0:
			return "hold", "is negative"
		}
		return "", ""
	},
	begin: func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault, expires time.Time) error {
		switch {
		case i.Commander == nil:
			return errNoCommander
		case f.Hold == 0:
			return i.Commander.Command(ctx, n, f.Run)
		}
		release, err := i.Commander.Hold(ctx, n, f, expires)
		if err != nil {
			return err
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.active[id(f)].release = release
		return nil
	},
	end: func(ctx context.Context, i *Injector, _ *site.Node, f experiment.Fault) error {
		i.mu.Lock()
		release := i.active[id(f)].release
		i.mu.Unlock()
		if release == nil {
			return nil
		}
		return release(ctx)
	},
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		if f.Hold == 0 {
			return nil
		}
		return judgeHold(seen)
	},
}

// holding looks whether the transaction is open.
func holding(c Commander, n *site.Node, f experiment.Fault) func(ctx context.Context, seen *ProbeResult) error {
	return func(ctx context.Context, seen *ProbeResult) error {
		open, err := c.Holds(ctx, n, f)
		if err != nil {
			return err
		}
		seen.Connected, seen.Answered = true, true
		if open {
			seen.Held = 1
		}
		return nil
	}
}

// judgeHold measures the share of the looks that found the transaction open.
func judgeHold(seen Samples) *results.Effect {
	e := &results.Effect{What: "open transaction", Unit: "share", Probes: len(seen.During)}
	e.Before, e.During, e.After = heldShare(seen.Before), heldShare(seen.During), heldShare(seen.After)
	e.Added = e.During - e.Before
	e.Seen = e.Added >= seenShare
	if len(seen.During) == 0 {
		e.Note = "no probe during"
	} else if last := seen.During[len(seen.During)-1]; last.Err != "" {
		e.Note = last.Err
	}
	return e
}

// heldShare is the mean share of those looks that could be made.
func heldShare(looks []ProbeResult) float64 {
	sum, n := 0.0, 0
	for _, l := range looks {
		if l.Answered {
			sum, n = sum+l.Held, n+1
		}
	}
	return sum / float64(max(n, 1))
}
