package fault

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// mostHeld is how many bytes of one direction wait at most. What comes beyond that waits where it comes from, as it would on
// a line that is full.
const mostHeld = 16 << 20

// flow is where the pipeline of one direction ends: it gives data to a socket, later or in pieces where faults ask for that,
// and always in their order. It never fails: a pipeline whose writer stops leaves its other parts waiting for ever. After an
// error it takes and drops everything.
type flow struct {
	c    *connection
	to   *net.TCPConn
	down bool // from the upstream to the client: the way that faults act on

	// Of the goroutine that writes.
	passed map[*inForce]*passage
	cut    bool // the limit is reached

	mu    sync.Mutex
	queue []parcel
	held  int           // bytes in the queue
	busy  bool          // a goroutine empties the queue
	room  chan struct{} // closed when the queue is shorter; nil: nobody waits
}

// passage is what a fault knows of one flow.
type passage struct {
	*schedule
	bytes int64 // since it came into force
}

// parcel is what waits in a flow.
type parcel struct {
	data  []byte
	due   time.Time
	under *burden
	piece int // bytes that are sent at once; 0: all
	gap   time.Duration
	last  bool // close the connection after it
	end   bool // no data come after it: pass that on
}

func (f *flow) Write(p []byte) (int, error) {
	b := f.c.relay.burden.Load()
	switch {
	case f.cut || f.c.over():
	case !f.down:
		if q := f.c.request(p, b); len(q) > 0 {
			f.send(q)
		}
	default:
		f.answer(p, b)
	}
	return len(p), nil
}

// answer takes what the upstream sends.
func (f *flow) answer(p []byte, b *burden) {
	f.c.spoke.Store(byUpstream)
	at, wait := 0, time.Duration(0)
	if d := f.c.dialogue.Load(); d != nil {
		at, wait = d.answered(p)
	}
	switch {
	case wait > 0 && b.http:
		if at > 0 {
			f.enqueue(f.plan(p[:at], b))
		}
		body := f.plan(p[at:], b)
		body.due = body.due.Add(wait)
		f.enqueue(body)
	case len(b.each) > 0:
		f.enqueue(f.plan(p, b))
	case f.idle():
		f.passed = nil
		f.send(p)
	default:
		f.enqueue(parcel{data: bytes.Clone(p), under: b})
	}
}

// Close passes on that no more data will come this way; the other direction may still flow.
func (f *flow) Close() error {
	b := f.c.relay.burden.Load()
	if d := f.c.dialogue.Load(); !f.down && d != nil && len(d.head) > 0 { // the rest of a request will not come
		f.send(d.head)
	}
	p := parcel{under: b, end: true}
	if f.down && b.close > 0 {
		p.due = time.Now().Add(b.close)
	}
	f.enqueue(p)
	return nil
}

// plan says what is to become of a chunk.
func (f *flow) plan(data []byte, b *burden) parcel {
	now := time.Now()
	p := parcel{due: now, under: b}
	for _, fault := range b.each {
		g := f.passage(fault, len(b.each))
		if delay := g.delay(fault.strength, now.Sub(fault.since)); delay > 0 {
			p.due = p.due.Add(delay)
			if !f.c.probe {
				fault.hits.Add(1)
			}
		}
		if fault.Piece > 0 && (p.piece == 0 || fault.Piece < p.piece) {
			p.piece = fault.Piece
		}
		p.gap += fault.Gap
		if fault.Limit > 0 && g.bytes+int64(len(data)) >= fault.Limit {
			data = data[:fault.Limit-g.bytes]
			p.last, f.cut = true, true
		}
		g.bytes += int64(len(data))
	}
	p.data = bytes.Clone(data)
	return p
}

// passage is what a fault knows of this flow; most is how many faults there are now.
func (f *flow) passage(fault *inForce, most int) *passage {
	if g := f.passed[fault]; g != nil {
		return g
	}
	if f.passed == nil || len(f.passed) > 2*most { // most of them are over
		f.passed = map[*inForce]*passage{}
	}
	g := &passage{schedule: newSchedule(fault.Key, f.c.ordinal)}
	f.passed[fault] = g
	return g
}

func (f *flow) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.busy
}

// enqueue lets a parcel wait for its turn. It returns when there is room for it.
func (f *flow) enqueue(p parcel) {
	f.mu.Lock()
	for f.held > mostHeld {
		if f.room == nil {
			f.room = make(chan struct{})
		}
		room := f.room
		f.mu.Unlock()
		select {
		case <-room:
		case <-f.c.done:
			return
		}
		f.mu.Lock()
	}
	f.queue = append(f.queue, p)
	f.held += len(p.data)
	begin := !f.busy
	f.busy = true
	f.mu.Unlock()
	if !begin {
		return
	}
	if !p.due.After(time.Now()) && p.piece == 0 { // nothing to wait for
		f.empty()
		return
	}
	f.c.begin(f.empty)
}

// empty gives what waits to the socket until nothing does, or the connection has ended.
func (f *flow) empty() {
	for {
		f.mu.Lock()
		if len(f.queue) == 0 {
			f.queue, f.busy = nil, false
			f.mu.Unlock()
			return
		}
		p := f.queue[0]
		f.queue[0] = parcel{}
		f.queue = f.queue[1:]
		f.mu.Unlock()
		size := len(p.data)
		if !f.deliver(p) {
			return // and stays busy: nobody begins again
		}
		f.mu.Lock()
		f.held -= size
		if f.room != nil {
			close(f.room)
			f.room = nil
		}
		f.mu.Unlock()
	}
}

// deliver gives a parcel to the socket at its time. It tells whether the connection goes on.
func (f *flow) deliver(p parcel) bool {
	for {
		if !f.await(&p) {
			return false
		}
		n := len(p.data)
		if p.piece > 0 {
			n = min(n, p.piece)
		}
		if n > 0 && !f.send(p.data[:n]) {
			return false
		}
		p.data = p.data[n:]
		if p.piece > 0 {
			p.due = time.Now().Add(p.gap)
		}
		if len(p.data) == 0 {
			break
		}
	}
	switch {
	case p.last:
		f.c.end(false)
		return false
	case p.end:
		_ = f.to.CloseWrite()
		if f.c.open.Add(-1) == 0 {
			f.c.end(false)
		}
		return !f.c.over()
	}
	return p.piece == 0 || f.await(&p) // the gap to the next chunk
}

func (f *flow) send(p []byte) bool {
	if _, err := f.to.Write(p); err != nil {
		f.c.end(true)
		return false
	}
	return true
}

// await waits until a parcel is due. When a fault that it is under ends, the rest of it is due at once. It tells whether the
// connection goes on.
func (f *flow) await(p *parcel) bool {
	for {
		if !p.due.After(time.Now()) {
			return !f.c.over()
		}
		bell := f.c.relay.alarm.at(p.due)
		select {
		case <-bell.rings:
		case <-p.under.over:
			now := f.c.relay.burden.Load()
			if !now.covers(p.under) {
				p.due, p.piece, p.gap = time.Time{}, 0, 0
			}
			p.under = now
		case <-f.c.done:
		}
		f.c.relay.alarm.drop(bell)
		if f.c.over() {
			return false
		}
	}
}
