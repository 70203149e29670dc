package fault

import (
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// TestAFaultThatComesAgainAtOnceIsHeldAgainstTheTimeBeforeTheFirst: a script may lift a fault and bring it into force in one breath.
func TestAFaultThatComesAgainAtOnceIsHeldAgainstTheTimeBeforeTheFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "latency", Latency: 250 * time.Millisecond})
	for f.Occurrence = 1; f.Occurrence <= 2; f.Occurrence++ {
		var watched func(start, end time.Time) *results.Effect
		if f.Occurrence == 1 {
			watched = b.Watch(t.Context(), f)
			time.Sleep(time.Second)
		}
		began := b.apply(t, f)
		if f.Occurrence == 2 { // later than it would be, so that surely no probe comes between the two times
			watched = b.Watch(t.Context(), f)
		}
		time.Sleep(time.Second)
		e := watched(began, b.lift(t, f).At)
		if e == nil || !e.Seen || e.Added < 150 { // a busy machine was slower by itself before
			t.Errorf("time %d: %+v", f.Occurrence, e)
			continue
		}
		if again := f.Occurrence == 2; strings.Contains(e.Note, "an earlier time") != again {
			t.Errorf("time %d: %q", f.Occurrence, e.Note)
		}
	}
}
