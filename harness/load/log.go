package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
)

// maxLog is how much of the end of k6's log is kept, in bytes.
const maxLog = 1 << 20

// maxLine bounds a line of the log, in bytes; longer ones are cut.
const maxLine = 64 << 10

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

// log takes k6's standard error: it keeps the end of it, secrets taken out, and watches it for exceptions, which k6 itself
// only logs. It is an io.Writer and safe for concurrent use.
type log struct {
	redact func(string) string

	mu      sync.Mutex
	partial []byte
	file    *os.File // nil: not kept
	written int64
	err     error // of the file

	lastError  entry
	crashed    bool // lastError is no entry of k6's, but plain text
	exceptions int64
	first      string // exception
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
	n := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			break
		}
		l.line(append(l.partial, p[:end]...))
		l.partial, p = l.partial[:0], p[end+1:]
	}
	if room := maxLine - len(l.partial); room > 0 {
		l.partial = append(l.partial, p[:min(room, len(p))]...)
	}
	return n, nil
}

func (l *log) line(raw []byte) {
	raw = bytes.TrimSpace(raw[:min(len(raw), maxLine)])
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
	e.Message = l.redact(e.Message)
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
	l.keep([]byte(l.redact(string(raw)) + "\n"))
}

// keep appends to the file and cuts its beginning off when it has grown to twice what is kept.
func (l *log) keep(line []byte) {
	if l.file == nil || l.err != nil {
		return
	}
	if _, l.err = l.file.Write(line); l.err != nil {
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
		l.line(l.partial)
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

// told is what the log said so far: the last error, and how many iterations threw on k6's own executors.
func (l *log) told() (last entry, exceptions int64, first string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastError, l.exceptions, l.first
}
