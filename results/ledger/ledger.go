package ledger

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxKeys is how many keys of admissions, and how many of ordered arrivals, a ledger follows.
	MaxKeys = 100_000
	// MaxKey bounds a key, in bytes.
	MaxKey = 256
	// MaxName bounds the name of a ledger, in bytes.
	MaxName = 64

	keyCost      = 150 // bytes that a key takes beside its text
	mostExamples = 5
)

// Budget is how many bytes all ledgers of a process may take.
const Budget = 128 << 20

// Ledger is what is known of the ids and the admissions of one name. Many goroutines may use it at once. New ones are made by a
// Book.
type Ledger struct {
	name   string
	budget *budget // nil: none
	issued atomic.Uint64

	mu                 sync.Mutex
	acked, seen, again Set
	arrivals           uint64
	ordered            uint64 // arrivals with a key
	reordered          uint64
	outOfOrder         []uint64          // the first few ids of these
	highest            map[string]uint64 // sequence so far, by key
	admitted           map[string]*times
	admissions         uint64
	full               string // why something was left out; empty: nothing was
}

// budget is what is left, in bytes.
type budget struct{ left atomic.Int64 }

// Name is the name of the ledger.
func (l *Ledger) Name() string { return l.name }

// Next issues an id: 1 the first time.
func (l *Ledger) Next() uint64 { return l.issued.Add(1) }

// Full says why the ledger does not hold all that it was told, or is empty.
func (l *Ledger) Full() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

// Ack notes that the service acknowledged an id.
func (l *Ledger) Ack(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(&l.acked, id)
}

// See notes that an id arrived.
func (l *Ledger) See(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.see(id)
}

// SeeInOrder notes that an id arrived, of a key within which sequences should only rise.
func (l *Ledger) SeeInOrder(id uint64, key string, sequence uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := l.see(id)
	l.ordered++
	if l.highest == nil {
		l.highest = map[string]uint64{}
	}
	highest, known := l.highest[key]
	switch {
	case !known && len(l.highest) >= MaxKeys:
		l.fill(fmt.Sprintf("more than %d keys of arrivals", MaxKeys))
	case !known && !l.spend(keyCost+int64(len(key))):
	case !known || sequence >= highest:
		l.highest[key] = sequence
	case fresh:
		l.reordered++
		if len(l.outOfOrder) < mostExamples {
			l.outOfOrder = append(l.outOfOrder, id)
		}
	}
}

// Admit notes that something of a key was let through.
func (l *Ledger) Admit(key string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.admissions++
	if l.admitted == nil {
		l.admitted = map[string]*times{}
	}
	t := l.admitted[key]
	if t == nil {
		if len(l.admitted) >= MaxKeys {
			l.fill(fmt.Sprintf("more than %d keys of admissions", MaxKeys))
			return
		}
		if !l.spend(keyCost + int64(len(key))) {
			return
		}
		t = &times{}
		l.admitted[key] = t
	}
	if l.full != "" && l.budget != nil && l.budget.left.Load() < 0 {
		return
	}
	before := cap(t.deltas)
	t.add(at.UnixMicro())
	l.spend(int64(cap(t.deltas) - before))
}

// see adds an arrival and reports whether it is the first of its id.
func (l *Ledger) see(id uint64) bool {
	l.arrivals++
	if l.add(&l.seen, id) {
		return true
	}
	if l.seen.Has(id) { // else there was no room for it
		l.add(&l.again, id)
	}
	return false
}

// add adds an id to a set, if there is room, and reports whether it is new there.
func (l *Ledger) add(s *Set, id uint64) bool {
	if l.full != "" && l.budget != nil && l.budget.left.Load() < 0 && !s.Has(id) {
		return false
	}
	before := s.bytes
	added := s.Add(id)
	l.spend(s.bytes - before)
	return added
}

// spend takes bytes off the budget and reports whether they were there. The one that goes beyond it is let through.
func (l *Ledger) spend(bytes int64) bool {
	if bytes == 0 || l.budget == nil {
		return true
	}
	if l.budget.left.Add(-bytes) >= 0 {
		return true
	}
	l.fill(fmt.Sprintf("the ledgers take more than %d MiB: are the ids dense, and the keys few?", Budget>>20))
	return false
}

func (l *Ledger) fill(why string) {
	if l.full == "" {
		l.full = why
	}
}
