package native

import (
	"strconv"
	"sync/atomic"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// worker is a VU: it makes one request after another, on a connection of its own to each origin.
type worker struct {
	run    *run
	id     int64
	drawer *requests.Drawer
	links  []*link // by origin
	waits  []atomic.Pointer[counted]
	alarm  *executor.Alarm
	free   time.Time // since when it has had nothing to do; zero: it was set up because nobody else was free

	message   message
	exchanged executor.Exchange
	out       []byte
	forms     map[outcome]*executor.Form
	former    []known // by request: most have the outcome of the one before
}

// known is the form of an outcome.
type known struct {
	outcome
	form *executor.Form
}

// outcome is what the tags of a request depend on.
type outcome struct {
	request, status int
	proto, secure   string
	failure         failure
}

// mostForms bounds how many outcomes are remembered; there are more only where errors have many texts.
const mostForms = 1000

func (r *run) newWorker() *worker {
	_, id := r.state.GetUniqueVUIdentifiers()
	w := &worker{
		run: r, id: int64(id), drawer: r.program.Drawer(r.config.seed, r.config.Name),
		waits: make([]atomic.Pointer[counted], len(r.origins)), former: make([]known, len(r.forms)), alarm: executor.NewAlarm(r.ctx), forms: map[outcome]*executor.Form{},
	}
	for i, o := range r.origins {
		w.links = append(w.links, &link{origin: o, cutOff: &w.waits[i]})
	}
	return w
}

// cutOff ends what the worker waits on. It is called from outside.
func (w *worker) cutOff() {
	for i := range w.waits {
		if c := w.waits[i].Load(); c != nil {
			_ = c.SetDeadline(time.Unix(1, 0)) // of a connection that is closed: nothing to end
		}
	}
}

// work runs iterations until there are none left.
func (w *worker) work() {
	defer func() {
		w.alarm.Close()
		for _, l := range w.links {
			l.close()
		}
	}()
	for {
		j, ok := w.run.queue.take(time.Now())
		if !ok || !w.await(j) {
			return
		}
		if w.run.idle.Add(-1) == 0 {
			w.run.employ()
		}
		w.iterate(j)
		w.free = time.Now()
		w.run.idle.Add(1)
	}
}

// await returns when an iteration is due. false: the load ended before; an iteration that was due by then is told of.
func (w *worker) await(j job) bool {
	if w.alarm.Wait(time.Until(j.intended)) {
		return true
	}
	if !j.intended.After(w.run.over()) {
		w.run.unserved(j, false)
	}
	return false
}

// iterate makes the request of an iteration and tells of it.
func (w *worker) iterate(j job) {
	r := w.run
	started := time.Now()
	x := &w.exchanged
	*x = executor.Exchange{
		Intended: j.intended, Lateness: started.Sub(j.intended), Warmup: j.warmup, VU: w.id, Iteration: j.index,
	}
	if !w.free.IsZero() {
		x.Waited = max(0, w.free.Sub(j.intended))
	}
	r.use(+1, !j.warmup)
	f := r.forms[w.drawer.Begin(j.index)]
	a := w.exchange(f, started, x)
	r.use(-1, false)
	x.End = time.Now()
	l := w.links[f.origin]
	x.Sent, x.Received = l.volume()
	if a.err != nil || l.closing {
		l.close()
	}
	if x.Interrupted = a.err != nil && r.ctx.Err() != nil; x.Interrupted {
		x.Form = &executor.Form{Scenario: r.tags}
		r.state.AddInterruptedIterations(1)
	} else {
		x.Form = w.form(f, a)
		for i, c := range f.Checks {
			if c.Holds(a.status, a.body, w.drawer) {
				x.Passed |= 1 << i
			}
		}
		r.state.AddFullIterations(1)
	}
	r.note(x)
}

// exchange draws the values of a request, sends it and awaits the answer.
func (w *worker) exchange(f *form, started time.Time, x *executor.Exchange) answer {
	timeout := w.run.http.Timeout
	if timeout == 0 {
		timeout = requests.DefaultTimeout
	}
	m := &w.message
	w.fill(f)
	l := w.links[f.origin]
	deadline := started.Add(timeout)
	if err := l.ready(w.run.ctx, deadline, x); err != nil {
		return answer{err: err}
	}
	if l.http2 != nil {
		return l.exchange2(w.run.ctx, m, deadline, x)
	}
	w.out = m.appendHTTP1(w.out[:0], l.keepAlive)
	return l.exchange1(w.out, f.Method, x)
}

// fill puts the iteration's values into the message.
func (w *worker) fill(f *form) {
	m, d := &w.message, w.drawer
	m.form = f
	m.path = d.Append(m.path[:0], f.Path)
	for len(m.headers) < len(f.Headers) {
		m.headers = append(m.headers, nil)
	}
	m.headers = m.headers[:len(f.Headers)]
	for i, h := range f.Headers {
		m.headers[i] = d.Append(m.headers[i][:0], h.Value)
	}
	m.body = d.Append(m.body[:0], f.Body)
}

// form is what the samples of a request with that answer have in common.
func (w *worker) form(f *form, a answer) *executor.Form {
	o := outcome{request: f.index, status: a.status, proto: a.proto, secure: a.secure}
	if a.err != nil {
		o.failure = failureOf(a.err)
	}
	last := &w.former[f.index]
	if last.form != nil && last.outcome == o {
		return last.form
	}
	found := w.forms[o]
	if found == nil {
		if len(w.forms) >= mostForms {
			clear(w.forms)
		}
		found = w.run.form(f, o)
		w.forms[o] = found
	}
	*last = known{o, found}
	return found
}

// form is that of an outcome, the same for all workers.
func (r *run) form(f *form, o outcome) *executor.Form {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.shared[o]; known != nil {
		return known
	}
	if len(r.shared) >= mostForms {
		clear(r.shared)
	}
	made := r.newForm(f, o)
	r.shared[o] = made
	return made
}

// newForm makes the tags of a request as k6 makes them.
func (r *run) newForm(f *form, o outcome) *executor.Form {
	system := r.state.Test.Options.SystemTags
	tags := r.tags.WithTagsFromMap(f.Tags)
	made := &executor.Form{
		Scenario: r.tags, Failed: o.status == 0 || o.status >= 400, Builtin: r.state.Test.BuiltinMetrics, System: system,
	}
	add := func(tag metrics.SystemTag, value string) {
		if system.Has(tag) && value != "" {
			tags = tags.With(tag.String(), value)
		}
	}
	for _, c := range f.Checks {
		made.Checks = append(made.Checks, tags.With("check", c.Name))
	}
	if r.config.Alone() {
		made.Builtin = nil
	}
	add(metrics.TagName, f.Name)
	add(metrics.TagURL, f.Name)
	add(metrics.TagMethod, f.Method)
	add(metrics.TagStatus, strconv.Itoa(o.status))
	add(metrics.TagProto, o.proto)
	add(metrics.TagTLSVersion, o.secure)
	add(metrics.TagExpectedResponse, strconv.FormatBool(!made.Failed))
	add(metrics.TagError, o.failure.text)
	switch {
	case o.failure.code != 0:
		add(metrics.TagErrorCode, strconv.Itoa(o.failure.code))
	case o.status >= 400:
		add(metrics.TagErrorCode, strconv.Itoa(1000+o.status))
	}
	made.Request = tags
	return made
}
