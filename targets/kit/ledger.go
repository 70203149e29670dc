package kit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Ledger tells, at its path, what arrived at the service: which ids, in which order, and what was admitted when. Its zero value is
// empty. It may be used by many at once. It grows by a line for each arrival, but for ids that follow one another.
type Ledger struct {
	mu    sync.Mutex
	lines []line
}

// line is an arrival of the ids from First to Last, or an admission.
type line struct {
	first, last uint64
	key         *string
	sequence    uint64
	at          time.Time // not zero: an admission
}

// Seen notes that an id arrived.
func (l *Ledger) Seen(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.lines); n > 0 && l.lines[n-1].plain() && l.lines[n-1].last+1 == id {
		l.lines[n-1].last = id
		return
	}
	l.lines = append(l.lines, line{first: id, last: id})
}

// SeenInOrder notes that an id arrived, of a key within which sequences should only rise.
func (l *Ledger) SeenInOrder(id uint64, key string, sequence uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{first: id, last: id, key: &key, sequence: sequence})
}

// Admitted notes that something of a key was let through.
func (l *Ledger) Admitted(key string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{key: &key, at: at})
}

func (l line) plain() bool { return l.key == nil }

// ServeHTTP tells all of it.
func (l *Ledger) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	lines := l.lines[:len(l.lines):len(l.lines)]
	if n := len(lines); n > 0 { // the last line may grow while it is told
		lines = append(lines[:n-1:n-1], lines[n-1])
	}
	l.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-ndjson")
	fmt.Fprintln(w, `{"version":1}`)
	for _, one := range lines {
		fmt.Fprintln(w, one.text())
	}
	fmt.Fprintln(w, `{"end":true}`)
}

// text is the line as it is told.
func (l line) text() string {
	switch {
	case !l.at.IsZero():
		return fmt.Sprintf(`{"admitted":%s,"at":%.3f}`, quoted(*l.key), float64(l.at.UnixMicro())/1000)
	case l.key != nil:
		return fmt.Sprintf(`{"seen":%d,"key":%s,"sequence":%d}`, l.first, quoted(*l.key), l.sequence)
	case l.first == l.last:
		return fmt.Sprintf(`{"seen":%d}`, l.first)
	}
	return fmt.Sprintf(`{"seen":[%d,%d]}`, l.first, l.last)
}

func quoted(s string) []byte {
	text, _ := json.Marshal(s) // never fails for a text
	return text
}
