package fault

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// What a fault on HTTP does to a request that it meets.
const (
	httpError = "error" // answers in the upstream's place
	httpAbort = "abort" // resets the connection
	httpSlow  = "slow"  // keeps the body of the answer
)

// mostHead is how much of a request's head is read before it is given up as none.
const mostHead = 64 << 10

// Why a connection's requests can't be met.
const (
	speaksTLS      = "TLS"
	speaksHTTP2    = "HTTP/2"
	speaksOther    = "no HTTP/1.1"
	speaksPipeline = "pipelined requests"
	speaksUpgraded = "an upgraded connection"
)

// dialogue follows the requests of one connection while faults act on them. It reads plain HTTP/1.0 and 1.1 alone and never
// guesses: from the first byte that it does not understand on, the connection is bytes like any other, and the reason is told.
//
// It begins where a client begins to speak: on a new connection, or when the upstream was the last to send something.
type dialogue struct {
	c       *connection
	refused string // why its requests can't be met; for good
	told    map[*inForce]bool
	draws   map[*inForce]*schedule

	// Of the request that comes in.
	head    []byte // while it is not whole
	body    framing
	inside  bool // its head is whole and its body is not
	drop    bool // it does not reach the upstream
	answer  []byte
	closing bool // the connection ends after the answer

	mu      sync.Mutex
	silent  bool          // the upstream has sent nothing since a request was passed on
	keep    time.Duration // before the body of the next answer
	keeper  *inForce
	seen    []byte // the end of what has come of the answer's head
	inBody  bool
	passing bool // a request was passed on
}

// request takes what a client sends and returns what the upstream gets of it.
func (d *dialogue) request(p []byte, b *burden) (pass []byte) {
	for len(p) > 0 {
		switch {
		case d.refused != "":
			d.refuse(b, d.refused)
			return append(pass, p...)
		case d.inside:
			n := d.body.take(p)
			if !d.drop {
				pass = append(pass, p[:n]...)
			}
			p = p[n:]
			if d.body.broken {
				d.refuse(b, speaksOther)
			} else if d.body.whole() {
				d.finish()
			}
		default:
			var more []byte
			p, more = d.begin(p, b)
			pass = append(pass, more...)
		}
	}
	return pass
}

// between tells whether no request is coming in.
func (d *dialogue) between() bool { return !d.inside && len(d.head) == 0 }

// begin reads the head of a request. It returns what comes after it, and what the upstream gets.
func (d *dialogue) begin(p []byte, b *burden) (rest, pass []byte) {
	d.head = append(d.head, p...)
	if reason := foreign(d.head); reason != "" {
		return d.giveUp(b, reason)
	}
	end := bytes.Index(d.head, []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(d.head) > mostHead:
		return d.giveUp(b, speaksOther)
	case end < 0:
		return nil, nil // the rest will come
	}
	head, rest := d.head[:end+4], d.head[end+4:]
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	switch {
	case err != nil:
		return d.giveUp(b, speaksOther)
	case d.unanswered():
		return d.giveUp(b, speaksPipeline)
	case req.Method == http.MethodConnect || req.Header.Get("Upgrade") != "":
		return d.giveUp(b, speaksUpgraded)
	}
	d.head = nil
	d.body = framing{left: max(req.ContentLength, 0), chunked: req.ContentLength < 0}
	d.meet(req, b)
	if !d.drop {
		pass = head
	}
	if d.inside = !d.body.whole(); !d.inside {
		d.finish()
	}
	return rest, pass
}

// foreign says why what a client begins with is no request; empty: it may be one.
func foreign(head []byte) string {
	if head[0] == 0x16 { // a TLS record of a handshake
		return speaksTLS
	}
	const preface = "PRI * HTTP/2.0"
	if n := min(len(head), len(preface)); n > 3 && string(head[:n]) == preface[:n] {
		return speaksHTTP2
	}
	for i, c := range head {
		switch {
		case c == ' ' && i > 0:
			return ""
		case c != '-' && (c < 'A' || c > 'Z') || i > 20:
			return speaksOther
		}
	}
	return ""
}

// giveUp lets the connection be bytes from here on.
func (d *dialogue) giveUp(b *burden, reason string) (rest, pass []byte) {
	d.refuse(b, reason)
	pass, d.head = d.head, nil
	return nil, pass
}

func (d *dialogue) refuse(b *burden, reason string) {
	d.refused = reason
	if d.c.probe {
		return
	}
	for _, f := range b.each {
		if f.HTTP != "" && !d.told[f] {
			d.told[f] = true
			f.refuse(reason)
		}
	}
}

// meet decides by the faults' schedules what becomes of a request. Each draws once for each request, whatever the others do.
func (d *dialogue) meet(req *http.Request, b *burden) {
	d.drop, d.answer, d.closing = false, nil, false
	d.mu.Lock()
	d.keep = 0 // of an answer that had no body
	d.mu.Unlock()
	for _, f := range b.each {
		if f.HTTP == "" {
			continue
		}
		s := d.draws[f]
		if s == nil {
			s = newSchedule(f.Key, d.c.ordinal)
			d.draws[f] = s
		}
		if f.Share > 0 && s.float() >= f.Share || d.drop {
			continue
		}
		if f.HTTP == httpSlow {
			d.mu.Lock()
			d.keep, d.keeper = d.keep+f.Body, f // it counts when there is a body
			d.mu.Unlock()
			continue
		}
		if !d.c.probe {
			f.hits.Add(1)
		}
		d.drop = true
		if f.HTTP == httpError {
			d.closing = req.Close || req.Header.Get("Expect") != "" || !req.ProtoAtLeast(1, 1)
			d.answer = errorAnswer(req, f, d.closing)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.drop {
		d.keep = 0
	} else {
		d.silent, d.passing = true, true
	}
	d.seen, d.inBody = nil, false
	if d.drop && (d.answer == nil || req.Header.Get("Expect") != "") {
		d.body = framing{} // its client waits before it sends a body, or is gone
	}
}

func errorAnswer(req *http.Request, f *inForce, closing bool) []byte {
	text := "fault " + f.name + "\n"
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nX-Brunt-Fault: %s\r\n", f.Status, http.StatusText(f.Status), len(text), f.name)
	if closing {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	if req.Method != http.MethodHead {
		b.WriteString(text)
	}
	return []byte(b.String())
}

// finish ends a request that has wholly come in.
func (d *dialogue) finish() {
	d.inside = false
	switch {
	case !d.drop:
	case d.answer == nil:
		d.c.end(true)
	default:
		d.c.spoke.Store(byUpstream)
		d.c.down.enqueue(parcel{data: d.answer, under: d.c.relay.burden.Load(), last: d.closing})
		d.answer = nil
	}
}

// unanswered tells whether the upstream has yet to say anything to the last request, so that another is a pipelined one.
func (d *dialogue) unanswered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passing && d.silent
}

// answered takes note of what the upstream sends. Of it, what comes after at has to wait that long; 0: nothing has.
func (d *dialogue) answered(p []byte) (at int, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = false
	if d.keep == 0 {
		return 0, 0
	}
	for !d.inBody {
		before := len(d.seen)
		d.seen = append(d.seen, p[at:]...)
		end := bytes.Index(d.seen, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, 0
		}
		at += end + 4 - before
		interim := bytes.HasPrefix(d.seen, []byte("HTTP/1.1 1"))
		d.seen, d.inBody = nil, !interim
	}
	if at == len(p) {
		return 0, 0 // the body will come, if there is one
	}
	wait, d.keep = d.keep, 0
	if !d.c.probe {
		d.keeper.hits.Add(1)
	}
	return at, wait
}
