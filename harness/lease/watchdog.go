package lease

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
)

const (
	tick        = 250 * time.Millisecond
	beatEvery   = time.Second
	beatTimeout = time.Second
	beatsMissed = 3 // in a row, before the proxy counts as frozen
	cleanTime   = 3 * time.Second
	undoTime    = 2 * time.Second
	sweepEvery  = 300 * time.Millisecond
	sweepLimit  = time.Minute // then the record stays, and the next start goes on
)

// Sweeper removes everything that bears a run's id, such as labelled containers, and says nothing when there is nothing
// or when the technology it knows is not here. It is called several times, also for runs it has already swept.
type Sweeper func(ctx context.Context, runID string) error

// Streams are the watchdog's ends of the pipes to its parent, and what it needs from others.
type Streams struct {
	In  io.Reader
	Out io.Writer
	// Dir is where the record stands; default Dir().
	Dir string
	// Resume lets a paused container go on; nil where there are no containers.
	Resume func(ctx context.Context, container string) error
	// Undo ends a fault of a node in the way that its provider said; nil where there are none that need it.
	Undo   func(ctx context.Context, how site.Undo) error
	Logger *slog.Logger
}

// watchdog is the child that outlives its parent.
type watchdog struct {
	Streams
	sweepers []Sweeper
	record   *record // nil until the parent has told
	resumed  map[pause]bool
	undone   map[undo]bool
	missed   int
	lastBeat time.Time
	beats    chan bool
	beating  bool
}

// Main is the watchdog: it serves its parent until the parent releases it or dies, and in the latter case removes the
// run. It returns the exit code: 0 when nothing is left, 1 when something is.
func Main(ctx context.Context, streams Streams, sweepers ...Sweeper) int {
	// Whoever kills politely kills the run, too; the watchdog's turn comes after that. It always ends when its parent has.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	if streams.Dir == "" {
		streams.Dir = Dir()
	}
	if streams.Logger == nil {
		streams.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	w := &watchdog{Streams: streams, sweepers: sweepers, resumed: map[pause]bool{}, undone: map[undo]bool{}, beats: make(chan bool, 1)}
	if w.serve(ctx) {
		return 0
	}
	if w.record == nil {
		return 0 // nothing was ever entrusted to it
	}
	w.Logger.Info("the owner is gone; removing its run", "run", w.record.RunID, "owner", w.record.Owner.PID)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepLimit)
	defer cancel()
	w.undo(ctx, time.Unix(math.MaxInt64/int64(time.Second), 0)) // what is limited would only end more slowly
	s := sweep{record: *w.record, dir: w.Dir, sweepers: sweepers, clean: cleanTime}
	if err := s.run(ctx); err != nil {
		w.Logger.Error("something is left of the run", "run", w.record.RunID, "error", err)
		return 1
	}
	return 0
}

// serve returns true when the parent released the watchdog, false when the parent died.
func (w *watchdog) serve(ctx context.Context) bool {
	messages := make(chan message)
	go receive(w.In, messages)
	w.confirm(0)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return false
			}
			if m.Record != nil {
				if w.record == nil || beatOf(w.record) != beatOf(m.Record) {
					w.missed = 0
				}
				w.record = m.Record
			}
			w.confirm(m.Seq)
			if m.Release {
				return true
			}
		case answered := <-w.beats:
			w.judge(answered)
		case <-ticker.C:
			// After a pause of its own the watchdog knows nothing of what the proxy did meanwhile.
			if time.Since(last) > beatEvery {
				w.missed = 0
			}
			last = time.Now()
			if w.record == nil {
				continue
			}
			// The pipe's end is the sign of death; a copy of it leaked into another process would hide it.
			if !alive(w.record.Owner) {
				return false
			}
			w.resume(ctx, last)
			w.undo(ctx, last)
			w.beat(last)
		}
	}
}

func receive(in io.Reader, messages chan<- message) {
	defer close(messages)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) == nil { // a torn last line is the parent's death
			messages <- m
		}
	}
}

func (w *watchdog) confirm(seq uint64) {
	raw, _ := json.Marshal(answer{Seq: seq}) // of a number: cannot fail
	_, _ = w.Out.Write(append(raw, '\n'))    // a dead parent shows on the other pipe
}

// resume lets go every node whose pause has expired.
func (w *watchdog) resume(ctx context.Context, now time.Time) {
	for _, p := range w.record.Pauses {
		if w.resumed[p] || now.UnixNano() < p.Expires {
			continue
		}
		w.resumed[p] = true
		w.Logger.Warn("a pause expired", "node", p.Node)
		if err := p.end(ctx, w.record.RunID, w.Resume); err != nil {
			w.Logger.Error("could not resume", "node", p.Node, "error", err)
			w.resumed[p] = false // try again
		}
	}
}

// undo ends every fault of a node that has expired.
func (w *watchdog) undo(ctx context.Context, now time.Time) {
	for _, u := range w.record.Undos {
		if w.undone[u] || w.Undo == nil || now.UnixNano() < u.Expires {
			continue
		}
		w.Logger.Warn("a fault expired", "fault", u.Fault)
		limited, cancel := context.WithTimeout(ctx, undoTime)
		err := w.Undo(limited, u.How)
		cancel()
		if err != nil {
			w.Logger.Error("could not end it", "fault", u.Fault, "error", err)
		}
		w.undone[u] = err == nil // else try again
	}
}

// beat asks the proxy, without waiting for it here.
func (w *watchdog) beat(now time.Time) {
	if w.record.Proxy == nil || w.beating || now.Sub(w.lastBeat) < beatEvery {
		return
	}
	w.beating, w.lastBeat = true, now
	address := w.record.Proxy.Address
	go func() { w.beats <- answers(address) }()
}

// judge kills a proxy that was silent too often.
func (w *watchdog) judge(answered bool) {
	w.beating = false
	if answered || w.record.Proxy == nil {
		w.missed = 0
		return
	}
	w.missed++
	if w.missed < beatsMissed {
		return
	}
	w.missed = 0
	w.Logger.Warn("the proxy is frozen; killing it", "pid", w.record.Proxy.Process.PID)
	send(w.record.Proxy.Process, syscall.SIGKILL)
}

// answers tells whether the echo at that address returns a byte in time.
func answers(address string) bool {
	conn, err := net.DialTimeout("tcp", address, beatTimeout)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(beatTimeout))
	b := []byte{1}
	if _, err := conn.Write(b); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, b)
	return err == nil
}

func beatOf(r *record) beat {
	if r.Proxy == nil {
		return beat{}
	}
	return *r.Proxy
}
