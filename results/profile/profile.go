// Package profile says where the time of two builds went: which functions take more of it in one profile, as /debug/pprof gives it,
// than in another.
//
// Times are divided by the iterations that were served while the profile was taken, so that neither a profile that is longer nor a build
// that serves more makes a function larger. A function is told by its own time (flat), and by its time with that of all that it calls
// (cum).
//
// Of those whose time with all that they call grew, a caller says nothing that what it calls does not say better: it is left out where
// at least four fifths of its growth lie in functions below it of whose time more is new, or, of a caller in the standard library, in
// others' functions of whose time as much is new. So handlers and servers, through which everything passes, make room for what they
// call, also where the baseline has too few samples to know them; of a chain that is new altogether the outermost is named first.
//
// Where neither profile holds results.FewestSamples, no function is named.
package profile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pprof "github.com/google/pprof/profile"

	"github.com/devcraft-studio/brunt/results"
)

// Taken is a profile of one build.
type Taken struct {
	Data   []byte        // as the service gave it
	Length time.Duration // that it is of, where it does not say so itself
	Served float64       // iterations per second meanwhile
}

const (
	mostGrown = 5 // functions by cum, and as many by flat
	// leastGrowth is the share of all the time, of the build that has more of it, that a function has to grow by to be told.
	leastGrowth = 1.0 / results.FewestSamples
	// candidates are how many of those that grew most are held against their callers.
	candidates = 60
	// better is the share of a caller's growth that functions below it need to be named in its place, and newer by how much more of
	// their time has to be new, as a share of it.
	better, newer = 0.8, 0.05
)

// Check says whether data is a profile, in whatever form pprof reads.
func Check(data []byte) error {
	if _, err := pprof.ParseData(data); err != nil {
		return fmt.Errorf("it is no profile: %w", err)
	}
	return nil
}

// Compare says which functions of a service take more time in the candidate.
func Compare(service string, kind results.ProfileKind, baseline, candidate Taken) (results.ProfileComparison, error) {
	c := results.ProfileComparison{Service: service, Kind: kind, Grew: []results.FunctionChange{}}
	before, err := read(baseline)
	if err != nil {
		return c, fmt.Errorf("the baseline's %s profile of %s: %w", kind, service, err)
	}
	after, err := read(candidate)
	if err != nil {
		return c, fmt.Errorf("the candidate's %s profile of %s: %w", kind, service, err)
	}
	c.Baseline, c.Candidate = before.total, after.total
	c.BaselineSamples, c.CandidateSamples = before.samples, after.samples
	if !c.Sparse() {
		c.Grew = append(c.Grew, grown(before, after)...)
	}
	return c, nil
}

// times are those of a profile, in milliseconds per iteration that was served.
type times struct {
	total     float64
	samples   int64 // that they rest on; 0: none, or not known
	flat, cum map[string]float64
	depth     map[string]int // of a function, the least: how many call each other down to it
	stacks    []stack
}

// stack is a sample: its functions from the innermost to the outermost, each once.
type stack struct {
	functions []string
	time      float64
}

func read(t Taken) (times, error) {
	p, err := pprof.ParseData(t.Data)
	if err != nil {
		return times{}, fmt.Errorf("it is no profile: %w", err)
	}
	at := slices.IndexFunc(p.SampleType, func(s *pprof.ValueType) bool { return s.Unit == "nanoseconds" })
	if at < 0 {
		return times{}, errors.New("it has no times")
	}
	length := t.Length
	if p.DurationNanos > 0 {
		length = time.Duration(p.DurationNanos)
	}
	served := t.Served * length.Seconds()
	if served <= 0 {
		return times{}, errors.New("nothing was served meanwhile")
	}
	counted := slices.IndexFunc(p.SampleType, func(s *pprof.ValueType) bool { return s.Unit == "count" })
	all := times{flat: map[string]float64{}, cum: map[string]float64{}, depth: map[string]int{}}
	for _, s := range p.Sample {
		names := functions(s)
		spent := float64(s.Value[at]) / 1e6 / served
		if len(names) == 0 || spent == 0 {
			continue
		}
		all.total += spent
		if counted >= 0 {
			all.samples += max(0, s.Value[counted])
		}
		all.flat[names[0]] += spent
		own := stack{time: spent}
		for i, name := range names {
			if slices.Contains(own.functions, name) { // it calls itself
				continue
			}
			own.functions = append(own.functions, name)
			all.cum[name] += spent
			if depth, ok := all.depth[name]; !ok || len(names)-i < depth {
				all.depth[name] = len(names) - i
			}
		}
		all.stacks = append(all.stacks, own)
	}
	return all, nil
}

// functions are those of a sample, the innermost first. One without a name is called by where it stands.
func functions(s *pprof.Sample) (names []string) {
	for _, l := range s.Location {
		if len(l.Line) == 0 {
			names = append(names, fmt.Sprintf("%#x", l.Address))
		}
		for _, line := range l.Line {
			if line.Function != nil && line.Function.Name != "" {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}

// grown are the functions that grew most by cum, and after them those that did by flat and are not among them.
func grown(before, after times) []results.FunctionChange {
	least := leastGrowth * max(before.total, after.total)
	byCum := telling(before, after, order(before.cum, after.cum, after.depth, least))
	byFlat := order(before.flat, after.flat, after.depth, least)
	named := slices.Clone(byCum[:min(len(byCum), mostGrown)])
	for _, name := range byFlat[:min(len(byFlat), mostGrown)] {
		if !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	var changes []results.FunctionChange
	for _, name := range named {
		changes = append(changes, results.FunctionChange{
			Function: name, BaselineFlat: before.flat[name], CandidateFlat: after.flat[name], BaselineCum: before.cum[name], CandidateCum: after.cum[name],
		})
	}
	return changes
}

// order are the functions that grew by more than least, the most first; of those that grew alike, the one that calls the other.
func order(before, after map[string]float64, depth map[string]int, least float64) (names []string) {
	grew := func(name string) float64 { return after[name] - before[name] }
	for name := range after {
		if grew(name) > least {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(grew(b), grew(a)), cmp.Compare(depth[a], depth[b]), strings.Compare(a, b))
	})
	return names
}

// telling leaves out the callers of what says it better.
func telling(before, after times, names []string) (told []string) {
	names = names[:min(len(names), candidates)]
	grew := func(name string) float64 { return after.cum[name] - before.cum[name] }
	fresh := func(name string) float64 { return grew(name) / after.cum[name] }
	old, now := before.only(names), after.only(names)
	for _, caller := range names {
		fresher := map[string]bool{}
		for _, name := range names {
			fresher[name] = fresh(name) > fresh(caller)+newer || standard(caller) && !standard(name) && fresh(name) >= fresh(caller)
		}
		if explained := below(now, caller, fresher) - below(old, caller, fresher); explained < better*grew(caller) {
			told = append(told, caller)
		}
	}
	return told
}

// standard says whether a function is of the standard library, whose packages have no host in their path.
func standard(function string) bool {
	path, _, deep := strings.Cut(function, "/")
	if !deep {
		path, _, _ = strings.Cut(function, ".")
	}
	return path != "main" && !strings.Contains(path, ".")
}

// only are the stacks with these functions alone.
func (t times) only(names []string) (slim []stack) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	for _, s := range t.stacks {
		left := slices.DeleteFunc(slices.Clone(s.functions), func(name string) bool { return !wanted[name] })
		if len(left) > 1 {
			slim = append(slim, stack{left, s.time})
		}
	}
	return slim
}

// below is the time that any of some functions takes below a caller.
func below(stacks []stack, caller string, some map[string]bool) (time float64) {
	for _, s := range stacks {
		at := slices.Index(s.functions, caller)
		if at > 0 && slices.ContainsFunc(s.functions[:at], func(name string) bool { return some[name] }) {
			time += s.time
		}
	}
	return time
}
