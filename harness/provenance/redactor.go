package provenance

import (
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Redacted stands where a secret stood.
const Redacted = "[redacted]"

// Redactor takes secrets out of text. It knows three kinds:
//
//   - The values of variables whose name contains KEY, TOKEN, SECRET or PASSWORD (PASSWD and PASSPHRASE too), in any case,
//     and what stands as password, token, secret or key inside any variable's value: in a URL, in its query, in a libpq or
//     MySQL DSN. Not taken for secrets are values of fewer than six characters (so no "1", "true", "yes"), numbers of fewer
//     than eight, durations, ${references}, and the words of brunt's own vocabulary ("postgres", "inconclusive"): hiding
//     these would destroy records and hide nothing.
//   - What was added with Add, however short.
//   - The password of any URL in the text itself (scheme://user:password@), known or not, of any length.
//
// The first two are found as they are and as URL-encoded, JSON-escaped (twice over, too), Go-quoted, XML-escaped and in
// base64, there also within a longer text, as in HTTP's basic authentication; of a secret of several lines, each longer
// line by itself as well; one of more than a kibibyte is found by its pieces. Where occurrences overlap or touch, all of
// it becomes one mark.
//
// A Redactor is safe for use by several goroutines. The zero value knows no secrets; use NewRedactor.
type Redactor struct {
	mu      sync.RWMutex
	needles map[string]bool
	machine *automaton // nil after Add, until it is needed
}

// NewRedactor gathers the secrets of an environment (NAME=VALUE) and of further variables, such as load.env and the env of
// services.
func NewRedactor(environ []string, more ...map[string]string) *Redactor {
	r := &Redactor{needles: map[string]bool{}}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		r.addVariable(name, value)
	}
	for _, variables := range more {
		for name, value := range variables {
			r.addVariable(name, value)
		}
	}
	return r
}

// Add makes the value a secret, however short; an empty one is ignored, and so is one that consists of nothing but parts
// of the mark itself.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needles == nil {
		r.needles = map[string]bool{}
	}
	for _, needle := range forms(secret) {
		r.needles[needle] = true
	}
	r.machine = nil
}

// AddVariables adds the secrets among further variables, by the same rules as NewRedactor.
func (r *Redactor) AddVariables(variables map[string]string) {
	for name, value := range variables {
		r.addVariable(name, value)
	}
}

func (r *Redactor) addVariable(name, value string) {
	for _, secret := range secretsOf(name, value) {
		r.Add(secret)
	}
}

// Redact returns the text with every secret replaced by [redacted].
func (r *Redactor) Redact(text string) string {
	machine := r.current()
	if !machine.mayFind(text) {
		return text
	}
	var out strings.Builder
	s := scanner{machine: machine}
	for i := range len(text) {
		s.feed(text[i])
		if len(s.pending) >= flushAt {
			s.release(&out, s.held())
		}
	}
	s.finish(&out)
	return out.String()
}

// Writer returns a writer that redacts on the way to w, however the text is cut into writes. A tail that may be the
// beginning of a secret is held back until more comes; Close writes it out, and does not close w.
func (r *Redactor) Writer(w io.Writer) *Writer {
	return &Writer{redactor: r, w: w}
}

// current returns the machine that finds today's needles.
func (r *Redactor) current() *automaton {
	r.mu.RLock()
	machine := r.machine
	r.mu.RUnlock()
	if machine != nil {
		return machine
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.machine == nil {
		r.machine = newAutomaton(slices.Sorted(maps.Keys(r.needles)))
	}
	return r.machine
}

// flushAt is how much is gathered before what is settled goes out, in bytes.
const flushAt = 4096

// Writer redacts a stream; see Redactor.Writer. It is safe for use by several goroutines.
type Writer struct {
	redactor *Redactor
	w        io.Writer

	mu      sync.Mutex
	scanner scanner
	err     error // of w; a stream with a hole in it is not continued
}

// Write takes all of p, unless the underlying writer fails or has failed.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	w.scanner.use(w.redactor.current())
	var out strings.Builder
	for _, c := range p {
		w.scanner.feed(c)
	}
	w.scanner.release(&out, w.scanner.held())
	if w.write(&out) != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Close writes out what was held back. It may be called several times, and the Writer used on.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.scanner.machine == nil || w.err != nil {
		return w.err
	}
	var out strings.Builder
	w.scanner.finish(&out)
	return w.write(&out)
}

func (w *Writer) write(out *strings.Builder) error {
	if out.Len() > 0 && w.err == nil {
		_, w.err = io.WriteString(w.w, out.String())
	}
	return w.err
}
