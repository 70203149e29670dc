package sockets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	opening    = 200         // handshakes under way at a time
	again      = time.Second // from one try of a socket to its next, at least
	countEvery = time.Second // how often Held is told
)

// What happens to sockets.
const (
	Opened  What = "opened"
	Refused What = "refused"
	Closed  What = "closed" // by the server, before its time
	Held    What = "held"   // so many are open now in this process: told once a second, and at the end
)

// What is a kind of Event.
type What string

// Event is something that happened to a socket, or how many there are.
type Event struct {
	What  What
	After time.Duration // of Closed: how long the socket was open
	Count int           // of Held
}

// Holder bounds and counts what all calls of a process hold. Its zero value holds nothing.
type Holder struct {
	asked atomic.Int64 // sockets of plans that are under way
	open  atomic.Int64
}

// Hold does what the plan says, and returns when its last socket has ended: after For, or when ctx is done, or, without Reopen,
// when the server has ended all of them. Each event is passed to seen, by many goroutines at once. An error says that the plan
// can't be followed, or not further.
func (h *Holder) Hold(ctx context.Context, p Plan, seen func(Event)) (Report, error) {
	p, u, err := p.settled()
	if err != nil {
		return Report{}, err
	}
	address, err := p.address(u)
	if err != nil {
		return Report{}, err
	}
	defer h.asked.Add(-int64(p.Sockets))
	if asked := h.asked.Add(int64(p.Sockets)); asked > MostSockets {
		return Report{}, fmt.Errorf("%d sockets would be held at a time, with those of other iterations: at most %d are", asked, MostSockets)
	}
	ctx, cancel := context.WithTimeout(ctx, p.For)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	all := &held{
		Plan: p, holder: h, url: u, address: address, seen: seen, fail: fail,
		began: time.Now(), opening: make(chan struct{}, opening),
	}
	all.run(ctx)
	if cause := context.Cause(ctx); errors.As(cause, new(*ownError)) {
		return all.report, cause
	}
	return all.report, nil
}

// ownError is what this machine can't do.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }
func (e *ownError) Unwrap() error { return e.err }

// held is a plan under way.
type held struct {
	Plan
	holder  *Holder
	url     *url.URL
	address string
	seen    func(Event)
	fail    context.CancelCauseFunc
	began   time.Time
	opening chan struct{}

	mu     sync.Mutex
	open   int
	report Report
}

// socket is one that is open. keep returns when its server ended it, or when ctx is done; end ends it.
type socket interface {
	keep(ctx context.Context) (messages int)
	end()
}

func (h *held) run(ctx context.Context) {
	counted, stop := context.WithCancel(ctx)
	var counter, sockets sync.WaitGroup
	counter.Go(func() { h.count(counted) })
	for i := range h.Sockets {
		if i > 0 && h.Over > 0 && !sleep(ctx, time.Until(h.due(i))) {
			break
		}
		sockets.Go(func() { h.one(ctx) })
	}
	sockets.Wait()
	stop()
	counter.Wait()
	h.seen(Event{What: Held, Count: int(h.holder.open.Load())})
}

// due is when a socket is first opened.
func (h *held) due(i int) time.Time {
	return h.began.Add(h.Over * time.Duration(i) / time.Duration(h.Sockets))
}

// over reports whether the plan's time is, which a dialler may notice before ctx does.
func (h *held) over(ctx context.Context) bool {
	return ctx.Err() != nil || time.Since(h.began) >= h.For
}

func (h *held) count(ctx context.Context) {
	for {
		h.seen(Event{What: Held, Count: int(h.holder.open.Load())})
		if !sleep(ctx, countEvery) {
			return
		}
	}
}

// one opens a socket and holds it, again and again if the plan says so.
func (h *held) one(ctx context.Context) {
	for ctx.Err() == nil {
		next := time.Now().Add(again)
		if s := h.try(ctx); s != nil {
			h.hold(ctx, s)
		}
		if !h.Reopen || !sleep(ctx, time.Until(next)) {
			return
		}
	}
}

// try opens a socket. nil: it could not be opened, which is accounted for.
func (h *held) try(ctx context.Context) socket {
	select {
	case h.opening <- struct{}{}:
		defer func() { <-h.opening }()
	case <-ctx.Done():
		return nil
	}
	timed, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	open := h.halfOpen
	if h.Kind == WebSocket {
		open = h.webSocket
	}
	s, err := open(timed)
	switch {
	case err == nil:
		return s
	case h.over(ctx): // cut off, and so nobody's refusal
		return nil
	}
	if cause := own(err); cause != nil {
		h.fail(&ownError{cause})
		return nil
	}
	h.mu.Lock()
	h.report.Refused++
	if h.report.Refusal == nil {
		h.report.Refusal = err
	}
	h.mu.Unlock()
	h.seen(Event{What: Refused})
	return nil
}

// hold keeps an open socket until it ends, and accounts for it.
func (h *held) hold(ctx context.Context, s socket) {
	began := time.Now()
	h.holder.open.Add(1)
	h.mu.Lock()
	h.report.Opened++
	h.open++
	h.report.Most = max(h.report.Most, h.open)
	h.mu.Unlock()
	h.seen(Event{What: Opened})

	messages := s.keep(ctx)
	after, closed := time.Since(began), ctx.Err() == nil
	s.end()

	h.holder.open.Add(-1)
	h.mu.Lock()
	h.open--
	h.report.Messages += messages
	if closed {
		h.report.Closed++
	} else {
		h.report.Held++
	}
	h.mu.Unlock()
	if closed {
		h.seen(Event{What: Closed, After: after})
	}
}

// finish ends a TCP connection as the plan says. The server may have ended it already.
func (p Plan) finish(conn *net.TCPConn) {
	if p.End == Reset {
		_ = conn.SetLinger(0) // closing it sends a reset
	}
	_ = conn.Close() // there is nobody to tell
}

// sleep reports whether the time passed before ctx was done.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
