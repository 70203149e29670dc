package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/runner"
)

// plainEvery is how often a line is written where nobody sees a live one.
const plainEvery = 10 * time.Second

// progress tells people what goes on, on standard error: one live line on a terminal, plain lines every 10 s otherwise.
// It is safe for concurrent use.
type progress struct {
	w     io.Writer
	live  bool
	quiet bool

	mu    sync.Mutex
	width int           // of the live line that stands there now
	plain time.Duration // elapsed at the last plain line
	began bool
}

func newProgress(w io.Writer, live, quiet bool) *progress {
	return &progress{w: w, live: live, quiet: quiet}
}

// Step announces what is being done.
func (p *progress) Step(text string) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintf(p.w, "  %s\n", text)
	p.began = false
}

// Console shows a line of the script's own, as k6 does: however quiet brunt is to be, and past a live line.
func (p *progress) Console(level, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintf(p.w, "%.4s %s\n", strings.ToUpper(level), text) // INFO, WARN, ERRO, DEBU: k6's words
}

// over writes what is not brunt's own, taking a live line away before. It never fails: k6 would die of it, and whoever has
// stopped to read is missed at the latest by the report.
type over struct {
	*progress
	to io.Writer
}

func (o over) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.erase()
	_, _ = o.to.Write(text)
	return len(text), nil
}

// Tick shows how the load does.
func (p *progress) Tick(t runner.Tick) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	line := tickLine(t)
	if p.live {
		p.erase()
		fmt.Fprint(p.w, line)
		p.width = len(line)
		return
	}
	if p.began && t.Elapsed-p.plain < plainEvery {
		return
	}
	p.began, p.plain = true, t.Elapsed
	fmt.Fprintln(p.w, line)
}

// erase takes the live line away, so that something else can be written.
func (p *progress) erase() {
	if p.width > 0 {
		fmt.Fprint(p.w, "\r", strings.Repeat(" ", p.width), "\r")
		p.width = 0
	}
}

// tickLine reads: steady 12s/1m30s  50.0/s  p95 4.1 ms  errors 0.00 %.
func tickLine(t runner.Tick) string {
	elapsed := t.Elapsed.Round(time.Second)
	return fmt.Sprintf("  %-22s %s/%s  %.1f/s  p95 %.1f ms  errors %.2f %%  %d VUs",
		t.Phase, elapsed, t.Total.Round(time.Second), t.Snapshot.Rate, t.Snapshot.P95, 100*t.Snapshot.ErrorRate, t.Snapshot.VUs)
}
