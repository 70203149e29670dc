package runner

import (
	"slices"
	"sort"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// Phases divides a trial by what really happened to it. Overlapping faults form one fault phase, from the first actual
// start to the last confirmed removal; after it comes recovery, until the next fault or until settle has passed; all
// else is steady. Times are seconds from t = 0; a fault that was never applied makes no phase.
func Phases(faults []results.Fault, warmup, duration, settle time.Duration) []results.Phase {
	var phases []results.Phase
	end := duration.Seconds()
	if warmup > 0 {
		phases = append(phases, results.Phase{Name: results.PhaseWarmup, Start: -warmup.Seconds(), End: 0})
	}
	at := 0.0
	for _, w := range faultWindows(faults, end) {
		phases = appendQuiet(phases, at, w.Start, settle.Seconds())
		phases = append(phases, w)
		at = w.End
	}
	return appendQuiet(phases, at, end, settle.Seconds())
}

// faultWindows merges the faults that overlap; their windows are in order and disjoint.
func faultWindows(faults []results.Fault, end float64) []results.Phase {
	applied := make([]results.Fault, 0, len(faults))
	for _, f := range faults {
		if f.Applied && f.Start < end {
			applied = append(applied, f)
		}
	}
	sort.SliceStable(applied, func(i, j int) bool { return applied[i].Start < applied[j].Start })
	var windows []results.Phase
	var last results.Fault
	for _, f := range applied {
		stop := min(max(f.End, f.Start), end)
		// One that strikes but once does so on several instances at moments that differ by a little.
		same := f.Name == last.Name && f.PlannedStart == last.PlannedStart && f.Occurrence > 0
		last = f
		if n := len(windows); n > 0 && (f.Start <= windows[n-1].End || same) {
			windows[n-1].End = max(windows[n-1].End, stop)
			if !slices.Contains(windows[n-1].Faults, f.Name) { // one that meets several instances has one name
				windows[n-1].Faults = append(windows[n-1].Faults, f.Name)
			}
			continue
		}
		windows = append(windows, results.Phase{
			Name: results.PhaseFault, Faults: []string{f.Name}, Start: max(f.Start, 0), End: stop,
		})
	}
	return windows
}

// appendQuiet fills the time between two fault windows: recovery first where a fault went before, then steady.
func appendQuiet(phases []results.Phase, from, to, settle float64) []results.Phase {
	if to <= from {
		return phases
	}
	if n := len(phases); n > 0 && phases[n-1].Name == results.PhaseFault {
		stop := min(from+settle, to)
		if stop > from {
			phases = append(phases, results.Phase{
				Name: results.PhaseRecovery, Faults: phases[n-1].Faults, Start: from, End: stop,
			})
			from = stop
		}
	}
	if to > from {
		phases = append(phases, results.Phase{Name: results.PhaseSteady, Start: from, End: to})
	}
	return phases
}
