package topology

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/devcraft-studio/brunt/harness/site"
)

// logLimit is how much of the end of a node's log is kept, in bytes.
const logLimit = 1 << 20

// tail is a writer that keeps the last logLimit bytes.
type tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool // something was dropped before what is kept
}

// Write keeps p. It never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*logLimit { // move seldom
		t.kept = append([]byte(nil), t.kept[len(t.kept)-logLimit:]...)
		t.cut = true
	}
	return len(p), nil
}

// bytes is a copy of what is kept, from the beginning of a line.
func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept, cut := t.kept, t.cut
	if len(kept) > logLimit {
		kept, cut = kept[len(kept)-logLimit:], true
	}
	if i := bytes.IndexByte(kept, '\n'); cut && i >= 0 {
		kept = kept[i+1:]
	}
	return bytes.Clone(kept)
}

// lastLines are the last n lines that are not empty, each of a readable length.
func lastLines(log []byte, n int) string {
	const longest = 400
	var lines []string
	for line := range strings.Lines(string(log)) {
		line = strings.TrimRight(line, "\r\n ")
		if line == "" {
			continue
		}
		if len(line) > longest {
			line = line[:longest] + "…"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// lastLines are those of a node's log, secrets taken out before a line is cut: half a secret would not be known any more.
func (o Options) lastLines(log []byte, n int) string {
	if o.Redact != nil {
		log = []byte(o.Redact(string(log)))
	}
	return lastLines(log, n)
}

// logOf is the log of a node, or nil when it has none that can be read.
func logOf(ctx context.Context, n *site.Node) []byte {
	logger, ok := n.Control.(site.Logger)
	if !ok {
		return nil
	}
	r, err := logger.Log(ctx)
	if err != nil {
		return nil
	}
	log, err := io.ReadAll(io.LimitReader(r, logLimit))
	if err != nil {
		return nil
	}
	return log
}

// longer prefers the log that was read after the stop, unless it is gone by then.
func longer(before, after []byte) []byte {
	if len(after) >= len(before) {
		return after
	}
	return before
}

// keepLog writes a node's log, redacted, to LogDir.
func (t *Topology) keepLog(name string, log []byte) error {
	if t.opts.LogDir == "" || len(log) == 0 {
		return nil
	}
	text := string(log)
	if t.opts.Redact != nil {
		text = t.opts.Redact(text)
	}
	path := filepath.Join(t.opts.LogDir, name+".log")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("keep the log of %s: %w", name, err)
	}
	return nil
}
