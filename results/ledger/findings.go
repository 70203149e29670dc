package ledger

import (
	"iter"
	"maps"
	"slices"
	"time"
)

// Finding is a count with what it is a part of, and the first few ids.
type Finding struct {
	Count, Of uint64
	IDs       uint64   // of which the count is made; of duplicates fewer than it where one arrived more than twice
	First     []uint64 // the smallest; of reordered ones those that came first
}

// found counts ids.
func found(ids iter.Seq[uint64], of uint64) Finding {
	f := Finding{Of: of}
	for id := range ids {
		if f.Count++; len(f.First) < mostExamples {
			f.First = append(f.First, id)
		}
	}
	f.IDs = f.Count
	return f
}

// Lost are the ids that were acknowledged and not seen, of those that were acknowledged.
func (l *Ledger) Lost() Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return found(l.acked.missing(&l.seen), l.acked.Len())
}

// Unasked are the ids that were seen and not acknowledged, of those that were seen.
func (l *Ledger) Unasked() Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return found(l.seen.missing(&l.acked), l.seen.Len())
}

// Duplicated are the arrivals of ids that had arrived before, of all arrivals.
func (l *Ledger) Duplicated() Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := found(l.again.All(), l.arrivals)
	f.Count = l.arrivals - min(l.arrivals, l.seen.Len())
	return f
}

// Reordered are the arrivals out of the order of their key, of the arrivals with a key.
func (l *Ledger) Reordered() Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Finding{Count: l.reordered, Of: l.ordered, IDs: l.reordered, First: slices.Clone(l.outOfOrder)}
}

// Unknown are the ids that were seen and not issued, of those that were seen. It says nothing of a ledger that issued none.
func (l *Ledger) Unknown() Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	issued := l.issued.Load()
	return found(func(yield func(uint64) bool) {
		for id := range l.seen.All() {
			if (id == 0 || id > issued) && !yield(id) {
				return
			}
		}
	}, l.seen.Len())
}

// Issued is how many ids were issued.
func (l *Ledger) Issued() uint64 { return l.issued.Load() }

// Missing is how many ids some of the ledgers have as acknowledged and none has seen.
func Missing(all ...*Ledger) uint64 {
	var seen []*Set
	for _, l := range all {
		l.mu.Lock()
		defer l.mu.Unlock()
		seen = append(seen, &l.seen)
	}
	var missing uint64
	for i, l := range all {
		for range l.acked.missing(slices.Concat(seen, ackedOf(all[:i]))...) {
			missing++
		}
	}
	return missing
}

func ackedOf(all []*Ledger) []*Set {
	var acked []*Set
	for _, l := range all {
		acked = append(acked, &l.acked)
	}
	return acked
}

// Window is the busiest interval of some length.
type Window struct {
	Key        string
	Count      uint64
	Until      time.Time // of its last admission; it begins its length before that, and does not hold its beginning
	Over       int       // keys that have more than the limit in such an interval
	Admissions uint64    // that were looked at as last ones
}

// Densest is the interval of that length with the most admissions of one key, among those whose last admission lies where within
// says; nil: everywhere. limit is what Over is counted by. Of equals it is the first of the first key.
func (l *Ledger) Densest(length time.Duration, limit float64, within func(time.Time) bool) Window {
	l.mu.Lock()
	defer l.mu.Unlock()
	var most Window
	for _, key := range slices.Sorted(maps.Keys(l.admitted)) {
		w := densest(l.admitted[key].all(), length, within)
		most.Admissions += w.Admissions
		if float64(w.Count) > limit {
			most.Over++
		}
		if w.Count > most.Count {
			most.Key, most.Count, most.Until = key, w.Count, w.Until
		}
	}
	return most
}

func densest(at []int64, length time.Duration, within func(time.Time) bool) Window {
	var w Window
	span := max(1, length.Microseconds())
	first := 0
	for i, t := range at {
		for at[first] <= t-span {
			first++
		}
		if within != nil && !within(time.UnixMicro(t)) {
			continue
		}
		w.Admissions++
		if n := uint64(i - first + 1); n > w.Count {
			w.Count, w.Until = n, time.UnixMicro(t)
		}
	}
	return w
}

// Admissions is how many admissions the ledger was told of.
func (l *Ledger) Admissions() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.admissions
}
