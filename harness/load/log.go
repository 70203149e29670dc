package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
)

// maxLog is how much of the end of k6's log is kept, in bytes.
const maxLog = 1 << 20

// maxLine bounds a line of the log, in bytes; longer ones are cut.
const maxLine = 512 << 10

// cutOff is how much of the end of a text that was cut is left away as well, in bytes: what a secret was cut off in is not
// known for one any more.
const cutOff = 8 << 10

// entry is a line of k6's log.
type entry struct {
	Level    string `json:"level"`
	Message  string `json:"msg"`
	Source   string `json:"source"`
	Hint     string `json:"hint"`
	Error    string `json:"error"`
	Executor string `json:"executor"` // which wrote it
}

// thrown says whether an iteration of k6's own executors ended with an exception. Of a promise that nobody caught k6 keeps
// no stack trace, so that its entry has no source; what an executor says of its own trouble has an error.
func (e entry) thrown() bool {
	return e.Source == "stacktrace" || e.Level == "error" && e.Source == "" && e.Executor != "" && e.Error == ""
}

// ofSummary says whether handleSummary, or the writing of what it returned, failed. An exception in setup or teardown looks
// the same, but ends k6 with a code of its own.
func (e entry) ofSummary() bool {
	return e.Level == "error" && e.Source == "" &&
		(e.Hint == "script exception" || strings.HasPrefix(e.Message, "failed to handle the end-of-test summary"))
}

// log takes k6's standard error: it keeps the end of it, secrets taken out, and watches it for exceptions, which k6 itself
// only logs. It is an io.Writer and safe for concurrent use.
type log struct {
	redact  func(string) string
	console func(level, text string) // takes the script's own lines; may be nil

	mu      sync.Mutex
	partial []byte
	short   shortener
	file    *os.File // nil: not kept
	written int64
	err     error // of the file

	lastError  entry
	crashed    bool // lastError is no entry of k6's, but plain text
	exceptions int64
	first      string // exception
	summary    string // what went wrong with handleSummary, which k6 itself passes over
}

func newLog(path string, redact func(string) string) (*log, error) {
	if redact == nil {
		redact = func(s string) string { return s }
	}
	l := &log{redact: redact}
	if path == "" {
		return l, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep the log of k6: %w", err)
	}
	l.file = f
	return l, nil
}

// Write never fails: k6 must not stumble over its log.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range p {
		if c == '\n' {
			l.line(l.partial, l.short.cut || len(l.partial) == maxLine)
			l.partial, l.short = l.partial[:0], shortener{}
			continue
		}
		if l.short.takes(c) && len(l.partial) < maxLine {
			l.partial = append(l.partial, c)
		}
	}
	return len(p), nil
}

// line takes a line; cut says that something of it was left out.
func (l *log) line(raw []byte, cut bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return
	}
	var e entry
	plain := false
	counted := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &e) == nil {
		_ = json.Unmarshal(raw, &counted) // as good as the one before
	} else {
		// A crash of the Go runtime, of which the first line says most, or a plain print.
		e, plain = entry{Level: "error", Message: string(raw)}, true
	}
	thrown := e.thrown()
	if e.Error != "" {
		e.Message += ": " + e.Error
	}
	e.Message = l.clean(e.Message, maxText)
	if _, ours := counted[xk6ext.LogCounted]; thrown && !ours {
		l.exceptions++
		if l.first == "" {
			l.first = e.Message
		}
	}
	if e.Level == "error" && e.Source == "" && !thrown && (!plain || !l.crashed) {
		l.crashed = plain
		l.lastError = e
	}
	if e.ofSummary() {
		l.summary = e.Message
	}
	if e.Source == "console" && l.console != nil {
		l.console(e.Level, e.Message)
	}
	switch {
	case !cut:
		l.keep(l.redact(string(raw)))
	case plain:
		l.keep(l.clean(string(raw), maxLine))
	default:
		l.keepShort(raw)
	}
}

// clean takes the secrets out of a text of which no more than limit bytes are left.
func (l *log) clean(text string, limit int) string {
	cut := len(text) >= limit
	text = l.redact(text)
	if cut {
		text = strings.ToValidUTF8(text[:max(0, len(text)-cutOff)], "") + "…"
	}
	return text
}

// keepShort keeps a line of JSON of which a text was shortened.
func (l *log) keepShort(raw []byte) {
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return // cut beyond what can be read
	}
	for name, value := range fields {
		if text, ok := value.(string); ok {
			fields[name] = l.clean(text, maxText)
		}
	}
	if line, err := json.Marshal(fields); err == nil {
		l.keep(l.redact(string(line)))
	}
}

// keep appends to the file and cuts its beginning off when it has grown to twice what is kept.
func (l *log) keep(line string) {
	if l.file == nil || l.err != nil {
		return
	}
	line += "\n"
	if _, l.err = l.file.WriteString(line); l.err != nil {
		return
	}
	l.written += int64(len(line))
	if l.written > 2*maxLog {
		l.err = l.shorten()
	}
}

// shorten leaves the last maxLog bytes, from the beginning of a line.
func (l *log) shorten() error {
	if l.written <= maxLog {
		return nil
	}
	tail := make([]byte, maxLog)
	if _, err := l.file.ReadAt(tail, l.written-maxLog); err != nil {
		return err
	}
	if start := bytes.IndexByte(tail, '\n'); start >= 0 {
		tail = tail[start+1:]
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	l.written = int64(len(tail))
	_, err := l.file.WriteAt(tail, 0)
	if err == nil {
		_, err = l.file.Seek(l.written, 0)
	}
	return err
}

// close ends the log. The error is that of keeping it.
func (l *log) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.line(l.partial, l.short.cut)
		l.partial = nil
	}
	if l.file == nil {
		return nil
	}
	if l.err == nil {
		l.err = l.shorten()
	}
	if err := l.file.Close(); l.err == nil {
		l.err = err
	}
	l.file = nil
	if l.err != nil {
		return fmt.Errorf("keep the log of k6: %w", l.err)
	}
	return nil
}

// summaryTrouble is what went wrong with handleSummary, if anything did.
func (l *log) summaryTrouble() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.summary
}

// told is what the log said so far: the last error, and how many iterations threw on k6's own executors.
func (l *log) told() (last entry, exceptions int64, first string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastError, l.exceptions, l.first
}
