package fault

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// seenShare is the part of the expected effect from which on it counts as seen.
const seenShare = 0.5

// Samples are probes of a fault by when they were sent.
type Samples struct {
	Before, During, After []ProbeResult
	// Met is how many chunks or requests of the load itself a fault met that meets a share of them.
	Met int64
	// Load and Probes are the packets of their connections while the fault lost a share of them.
	Load, Probes Packets
	// Refused counts the connections of the load that a fault on HTTP could not act on, by reason.
	Refused map[string]int64
}

// Effect says what probes saw of a fault; nil when its kind leaves nothing for a probe to see. It is a pure function.
//
// A round trip (latency, bandwidth) is the median of the probes that were answered, in milliseconds; the fault is seen
// when at least half of what it should add was added. A share (timeout, reset, pause, kill and restart: of answers;
// down: of connects) is seen when it fell by at least half of what it was before, for kill and restart when any probe failed. The share
// that a fault was to meet is seen when it rose by at least half of what was asked, or when the load itself met the fault. A loss
// is seen in the packets that were lost (see loss).
func Effect(f experiment.Fault, seen Samples) *results.Effect {
	k, ok := KindNamed(f.Kind)
	if !ok {
		return nil
	}
	e := k.judge(f, seen)
	if e != nil && k.away && !e.Seen && e.During < e.Before {
		e.Seen = true // it may have been back before the next probe
	}
	return e
}

// split sorts probes by the span in which a fault was in force: from start until its removal began, which was confirmed at
// end. A probe on its way when the fault began or was being removed belongs to no side; only when that leaves none in
// force, those that were on their way when its removal began stand for it.
func split(probes []ProbeResult, start, until, end time.Time) Samples {
	var s Samples
	var astride []ProbeResult
	for _, p := range probes {
		done := p.At.Add(p.Took)
		switch {
		case done.Before(start):
			s.Before = append(s.Before, p)
		case p.At.After(end):
			s.After = append(s.After, p)
		case p.At.After(start) && done.Before(until):
			s.During = append(s.During, p)
		case p.At.After(start) && p.At.Before(until):
			p.Answered = false // not while it lasted
			astride = append(astride, p)
		}
	}
	if len(s.During) == 0 {
		s.During = astride
	}
	return s
}

// judgeRoundTrip measures what was added to the round trip, against what was asked.
func judgeRoundTrip(seen Samples, asked time.Duration) *results.Effect {
	e := &results.Effect{What: "round trip", Unit: "ms", Probes: len(seen.During)}
	var missing []string
	median := func(name string, probes []ProbeResult) float64 {
		var took []float64
		for _, p := range probes {
			if p.Answered {
				took = append(took, float64(p.RoundTrip)/float64(time.Millisecond))
			}
		}
		if len(took) == 0 {
			missing = append(missing, name)
			return 0
		}
		slices.Sort(took)
		return took[(len(took)-1)/2] // nearest rank
	}
	e.Before, e.During, e.After = median("before", seen.Before), median("during", seen.During), median("after", seen.After)
	if len(missing) > 0 {
		e.Note = "no probe was answered " + strings.Join(missing, ", ")
	}
	if slices.Contains(missing, "before") || slices.Contains(missing, "during") {
		return e
	}
	e.Added = e.During - e.Before
	e.Seen = e.Added >= seenShare*float64(asked)/float64(time.Millisecond)
	return e
}

// judgeShare measures the share of probes that connected or were answered.
func judgeShare(seen Samples, what string) *results.Effect {
	e := &results.Effect{What: what, Unit: "share", Probes: len(seen.During)}
	share := func(probes []ProbeResult) float64 {
		if len(probes) == 0 {
			return math.NaN()
		}
		good := 0
		for _, p := range probes {
			if what == "connect" && p.Connected || what == "answer" && p.Answered {
				good++
			}
		}
		return float64(good) / float64(len(probes))
	}
	before, during, after := share(seen.Before), share(seen.During), share(seen.After)
	for _, s := range []struct {
		name  string
		value float64
		to    *float64
	}{{"before", before, &e.Before}, {"during", during, &e.During}, {"after", after, &e.After}} {
		if math.IsNaN(s.value) {
			e.Note = joinNotes(e.Note, fmt.Sprintf("no probe %s", s.name))
			continue
		}
		*s.to = s.value
	}
	if math.IsNaN(before) || math.IsNaN(during) {
		return e
	}
	e.Added = e.During - e.Before
	e.Seen = e.Before > 0 && e.During <= (1-seenShare)*e.Before
	return e
}

// judgeMet measures the share of probes that met a fault, against what was asked.
func judgeMet(seen Samples, what string, asked float64, met func(ProbeResult) bool) *results.Effect {
	e := &results.Effect{What: what, Unit: "share", Probes: len(seen.During)}
	for _, s := range []struct {
		name   string
		probes []ProbeResult
		to     *float64
	}{{"before", seen.Before, &e.Before}, {"during", seen.During, &e.During}, {"after", seen.After, &e.After}} {
		if len(s.probes) == 0 {
			e.Note = joinNotes(e.Note, "no probe "+s.name)
			continue
		}
		for _, p := range s.probes {
			if met(p) {
				*s.to += 1 / float64(len(s.probes))
			}
		}
	}
	if seen.Met > 0 {
		e.Note = joinNotes(e.Note, fmt.Sprintf("the load itself met it %d times", seen.Met))
	}
	e.Added = e.During - e.Before
	e.Seen = seen.Met > 0 || len(seen.During) > 0 && e.Added >= seenShare*asked
	return e
}

// sortedReasons says what a fault could not act on.
func sortedReasons(refused map[string]int64) []string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		all = append(all, fmt.Sprintf("it could not act on %d connections: %s", refused[reason], reason))
	}
	return all
}

func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}
