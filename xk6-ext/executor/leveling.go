package executor

import (
	"slices"
	"sync"
	"time"
)

const (
	// levelWindows are how many windows in a row have to have about the same median, and levelWithin by which share the greatest of
	// their medians may be above the smallest.
	levelWindows = 3
	levelWithin  = 0.10
	// levelLead is how long before its end it is known that a warm-up ends: scenarios and the output, which other goroutines are, have to
	// have heard of t = 0 before it.
	levelLead = 250 * time.Millisecond
	// levelStep is how often a scenario asks while it waits; a fraction of levelLead.
	levelStep = 50 * time.Millisecond
)

// Leveling ends the warm-up of a run as soon as its times are level. They are level when, of each build, the medians of what requests
// took that were served (latency, from the intended start) in the last three windows lie within a tenth: the greatest is at most 1.1
// times the smallest. A window without such a request is not level, and neither is a build that was not heard of. Windows follow each
// other from the begin of the load on, and one is looked at when it has been counted, some 0.4 s after its end.
//
// The warm-up is no shorter than least, and no longer than the one that scenarios are planned with (Options.Warmup). All scenarios of a
// run share one, so that t = 0 is the same moment for all. It is safe for concurrent use: the output tells it times, the scenarios ask.
type Leveling struct {
	least, most, window time.Duration
	builds              int

	mu    sync.Mutex
	began time.Time              // zero: no scenario has begun
	heard map[string][][]float64 // milliseconds by build and window
	seen  int                    // windows that were looked at
	apart float64
	end   *Warmed // nil: it goes on
}

// Warmed is how a warm-up came to its end.
type Warmed struct {
	Zero   time.Time // t = 0
	Length time.Duration
	Level  bool // the times were level; else it was as long as it may be
	// Apart is by which share the greatest of the last three medians was above the smallest, of the build of which it was more; 0:
	// not known.
	Apart float64
}

// NewLeveling is for a warm-up between least and most, for so many builds, 1 where there are none. A window is a fifth of least, so that
// the shortest has five.
func NewLeveling(least, most time.Duration, builds int) *Leveling {
	return &Leveling{least: least, most: most, window: max(least/5, time.Millisecond), builds: max(1, builds), heard: map[string][][]float64{}}
}

// begin says that the load begins; the first scenario counts.
func (l *Leveling) begin(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() {
		l.began = at
	}
}

// Heard takes what a request of a build took, in milliseconds, that began at a moment. What ends after its window was looked at counts when
// it is looked at again, as one of the two before the last.
func (l *Leveling) Heard(build string, at time.Time, took float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := int(at.Sub(l.began) / l.window)
	if l.began.IsZero() || l.end != nil || at.Before(l.began) || place >= int(l.most/l.window)+1 {
		return
	}
	windows := l.heard[build]
	for len(windows) <= place {
		windows = append(windows, nil)
	}
	windows[place] = append(windows[place], took)
	l.heard[build] = windows
}

// Look ends the warm-up if it is over by what was heard; all that was served until known was.
func (l *Leveling) Look(known, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() || l.end != nil {
		return
	}
	complete := int(known.Sub(l.began) / l.window)
	if complete <= l.seen || complete < levelWindows {
		return
	}
	l.seen = complete
	level, apart := l.level(complete)
	l.apart = apart
	if level && known.Sub(l.began) >= l.least {
		l.over(min(now.Add(levelLead).Sub(l.began), l.most), true)
	}
}

// level looks at the last windows before the one of that number.
func (l *Leveling) level(until int) (level bool, apart float64) {
	level = len(l.heard) >= l.builds
	for _, windows := range l.heard {
		var medians []float64
		for _, w := range windows[min(len(windows), until-levelWindows):min(len(windows), until)] {
			if len(w) > 0 {
				slices.Sort(w)
				medians = append(medians, w[len(w)/2])
			}
		}
		if len(medians) < levelWindows || slices.Min(medians) <= 0 {
			level = false
			continue
		}
		apart = max(apart, slices.Max(medians)/slices.Min(medians)-1)
	}
	return level && apart <= levelWithin, apart
}

func (l *Leveling) over(length time.Duration, level bool) {
	l.end = &Warmed{Zero: l.began.Add(length), Length: length, Level: level, Apart: l.apart}
	l.heard = nil
}

// ended says how the warm-up ends, once that is known. Shortly before it is as long as it may be, it ends by that.
func (l *Leveling) ended(now time.Time) (Warmed, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end == nil && !l.began.IsZero() && now.Sub(l.began) >= l.most-levelLead {
		l.over(l.most, false)
	}
	if l.end == nil {
		return Warmed{}, false
	}
	return *l.end, true
}
