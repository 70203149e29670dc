package verdict

import (
	"errors"
	"io"
	"slices"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// want is what is gathered of one selector over one scope.
type want struct {
	scope    *scope
	selector slo.Selector
	tags     string // of the series that was recorded for the selector; empty: the base series

	core, edge tally
}

// reader gathers everything that is wanted of a recording in one pass. Wants are registered first.
type reader struct {
	line   timeline
	window *window // what the reader is limited to; nil: the whole trial
	scopes []*scope
	wants  map[*scope]map[string]*want
	order  []*want
	byKey  map[recording.Key][]*want

	windows  []*windows // that are laid over the trial
	sampled  []*sampled // what is measured of the services' metrics
	scraping *scraping
	course   *course   // nil: a reader of windows or steps
	requests *requests // nil where nobody divides by them
}

func newReader(line timeline) *reader {
	return &reader{line: line, wants: map[*scope]map[string]*want{}, byKey: map[recording.Key][]*want{}, scraping: newScraping()}
}

// scope registers a scope, or returns the one of that label that is registered already.
func (r *reader) scope(s *scope) *scope {
	for _, known := range r.scopes {
		if s.label != "" && known.label == s.label {
			return known
		}
	}
	if r.window != nil {
		s.from, s.to = r.window.from, r.window.to
	}
	r.scopes = append(r.scopes, s)
	r.wants[s] = map[string]*want{}
	return s
}

// want registers a selector over a registered scope, or returns what is registered already.
func (r *reader) want(s *scope, selector slo.Selector) *want {
	name := selector.String()
	if w, ok := r.wants[s][name]; ok {
		return w
	}
	w := &want{scope: s, selector: selector}
	if !inBase(selector) {
		tags := map[string]string{slo.ReservedTag: "1"}
		for k, v := range selector.Tags {
			tags[k] = v
		}
		w.tags = recording.JoinTags(tags)
	}
	r.wants[s][name] = w
	r.order = append(r.order, w)
	return w
}

// inBase says whether base series answer a selector, because all its tags stand in them.
func inBase(s slo.Selector) bool {
	var kept []string
	switch s.Metric {
	case "offered":
		kept = []string{"scenario", "outcome"}
	case "lateness":
		kept = []string{"scenario"}
	}
	for tag := range s.Tags {
		if !slices.Contains(kept, tag) {
			return false
		}
	}
	return true
}

// read hands over all frames, one by one. It reports whether the recording is torn.
func read(src io.Reader, frame func(*recording.Frame) error) (torn bool, err error) {
	frames, err := recording.NewReader(src)
	for err == nil {
		var f *recording.Frame
		if f, err = frames.Next(); err == nil {
			err = frame(f)
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case errors.Is(err, recording.ErrTorn):
		return true, nil
	}
	return false, err
}

func (r *reader) frame(f *recording.Frame) error {
	phase := r.line.phaseOf(f)
	parts := map[*scope]part{}
	for _, s := range r.scopes {
		phase := s.phase(f, phase)
		parts[s] = s.part(f, phase)
		if parts[s] == core {
			s.cover(f, phase)
		}
	}
	if r.course != nil {
		if err := r.course.frame(f, phase); err != nil {
			return err
		}
	}
	if r.requests != nil {
		if err := r.requests.frame(f); err != nil {
			return err
		}
	}
	for _, w := range r.windows {
		if err := w.frame(f); err != nil {
			return err
		}
	}
	for i := range f.Points {
		p := &f.Points[i]
		wants, ok := r.byKey[p.Key]
		if !ok {
			var err error
			if wants, err = r.wanting(p.Key); err != nil {
				return err
			}
			r.byKey[p.Key] = wants
		}
		for _, w := range wants {
			switch parts[w.scope] {
			case core:
				w.core.add(f, p)
			case edge:
				w.edge.add(f, p)
			}
		}
	}
	return nil
}

// root is the reader of the whole trial.
func (r *reader) root() *reader {
	if r.window != nil {
		return r.window.of
	}
	return r
}

// compact lets go of what can be made again, when no more frames are expected but late ones.
func (r *reader) compact() error {
	r.byKey = map[recording.Key][]*want{}
	for _, w := range r.order {
		if err := errors.Join(w.core.compact(), w.edge.compact()); err != nil {
			return err
		}
	}
	return nil
}

// wanting lists who wants a series.
func (r *reader) wanting(key recording.Key) ([]*want, error) {
	tags, err := recording.SplitTags(key.Tags)
	if err != nil {
		return nil, err
	}
	_, isSelector := tags[slo.ReservedTag]
	scenario, hasScenario := tags["scenario"]
	betweenLoads := hasScenario && scenario == "" // setup and teardown
	var wants []*want
	for _, w := range r.order {
		switch {
		case w.selector.Metric != key.Metric:
		case w.tags != "":
			if w.tags == key.Tags {
				wants = append(wants, w)
			}
		case isSelector || betweenLoads && w.scope.label != phaseWhole:
		case subset(w.selector.Tags, tags):
			wants = append(wants, w)
		}
	}
	return wants, nil
}

func subset(some, all map[string]string) bool {
	for k, v := range some {
		if got, ok := all[k]; !ok || got != v {
			return false
		}
	}
	return true
}
