package verdict

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/results/slo"
)

// ledgers are those of a trial, as they were kept.
type ledgers struct {
	trial  results.Trial
	line   timeline
	book   ledger.Book
	unread string // why there are none; empty when there are
	torn   bool
	asked  bool // an SLO is about them
}

// counted is an SLO on a ledger in one trial.
type counted struct {
	question
	of *ledgers
}

func (l *ledgers) plan(q question) counted {
	l.asked = true
	return counted{q, l}
}

// read reads the ledgers, if something is asked of them.
func (l *ledgers) read(open Opener) error {
	switch {
	case !l.asked:
		return nil
	case l.trial.Ledgers == nil || l.trial.Ledgers.Path == "":
		l.unread = "the trial kept no ledger"
		return nil
	}
	of := l.trial
	of.Recording = l.trial.Ledgers.Path
	src, err := open(of)
	if errors.Is(err, fs.ErrNotExist) {
		l.unread = "the ledgers were not kept"
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the ledgers: %w", err)
	}
	defer func() { _ = src.Close() }() // only read from
	err = l.book.Read(src)
	l.torn = errors.Is(err, ledger.ErrTorn) || err != nil && l.trial.Status != results.StatusComplete
	if err != nil && !l.torn {
		return fmt.Errorf("read the ledgers: %w", err)
	}
	return nil
}

// weighed is the evidence. Lateness has no part in a count.
func (c counted) weighed(trial int) (results.Evidence, string) {
	s := c.parsed
	e := results.Evidence{
		What: c.Text, Trial: trial, Phase: phaseWhole, Unit: s.Unit, Bound: s.Bound(), Outcome: results.Inconclusive,
	}
	if s.In != "" {
		e.Phase = s.In
	}
	l := c.of.book.Ledger(s.Metric)
	if e.Reason = c.of.unknown(s, l); e.Reason != "" {
		return e, ""
	}
	var value float64
	var said string
	if s.Func == "admitted" {
		value, said = c.admitted(&e, l)
	} else {
		value, said = c.counted(&e, l)
	}
	if e.Samples == 0 {
		e.Reason = said
		return e, ""
	}
	e.Value, e.Low, e.High = finite(value), finite(value), finite(value)
	e.Outcome = results.Fail
	if relation(s.Op, value, s.Value) {
		e.Outcome = results.Pass
	}
	e.Reason = said
	return e, ""
}

// unknown says why nothing can be said of a ledger, or is empty.
func (l *ledgers) unknown(s slo.SLO, found *ledger.Ledger) string {
	if l.unread != "" {
		return l.unread
	}
	for _, r := range l.trial.Ledgers.Receivers {
		if r.Ledger != s.Metric {
			continue
		}
		if !r.Read {
			return withReason("what "+r.Service+" received could not be read", r.Reason)
		}
		if !l.book.Ended(results.ReceiverSource(r.Service)) {
			return "what " + r.Service + " received was not kept in full"
		}
	}
	for _, name := range l.trial.Ledgers.Script {
		if name == s.Metric && !l.book.Ended(results.ScriptSource) {
			return "the load generator ended before it told its ledgers"
		}
	}
	switch {
	case l.torn:
		return "the file of the ledgers is torn"
	case found == nil:
		return "the trial kept no ledger " + s.Metric
	case found.Full() != "":
		return "the ledger " + s.Metric + " is not whole: " + found.Full()
	case s.Func == "lost" && l.trial.Status != results.StatusComplete:
		return "what was in flight when the trial ended can't be told from what was lost"
	}
	return ""
}

// counted is a count or a share of ids or arrivals, and what is to be said of it. No samples mean that there was nothing to count.
func (c counted) counted(e *results.Evidence, l *ledger.Ledger) (float64, string) {
	s := c.parsed
	var f ledger.Finding
	of, never := noun{"arrival", "arrivals"}, ""
	switch s.Func {
	case "lost":
		f, of, never = l.Lost(), noun{"acknowledged id", "acknowledged ids"}, "no id was acknowledged, so that none could be lost"
	case "duplicated":
		f, never = l.Duplicated(), "nothing arrived, so that nothing could arrive twice"
	case "reordered":
		f, of, never = l.Reordered(), noun{"arrival with a key", "arrivals with a key"}, "nothing arrived with a key, so that there was no order"
	case "unknown":
		f, of, never = l.Unknown(), noun{"id that arrived", "ids that arrived"}, "nothing arrived"
		if l.Issued() == 0 {
			return 0, "the ledger issued no id, so that it can't tell its own"
		}
	}
	e.Samples = int64(min(f.Of, math.MaxInt64))
	if f.Of == 0 {
		return 0, never
	}
	value := float64(f.Count)
	if s.Unit == slo.UnitShare {
		value /= float64(f.Of)
	}
	said := ""
	if f.Count > 0 {
		said = fmt.Sprintf("%d of %s: ids %s", f.Count, of.count(f.Of), first(f))
	}
	if s.Func == "lost" {
		said = join(said, lostBesides(l, f))
	}
	return value, said
}

// lostBesides says what else is to be known where ids were lost, or arrived without being asked for.
func lostBesides(l *ledger.Ledger, lost ledger.Finding) string {
	unasked := l.Unasked()
	if unasked.Of == 0 {
		return "nothing arrived at all: does anything call seen, and is every receiver named under ledgers?"
	}
	if unasked.Count > 0 && lost.Count > 0 {
		return noun{"id", "ids"}.count(unasked.Count) + " arrived without having been acknowledged"
	}
	return ""
}

// first names the first few ids of a finding.
func first(f ledger.Finding) string {
	var names []string
	for _, id := range f.First {
		names = append(names, fmt.Sprint(id))
	}
	text := strings.Join(names, ", ")
	if more := f.IDs - min(f.IDs, uint64(len(f.First))); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// noun is what is counted, as one and as several.
type noun struct{ one, several string }

func (n noun) count(of uint64) string {
	if of == 1 {
		return "1 " + n.one
	}
	return fmt.Sprintf("%d %s", of, n.several)
}

// admitted is the largest number of admissions in a window.
func (c counted) admitted(e *results.Evidence, l *ledger.Ledger) (float64, string) {
	s := c.parsed
	w := l.Densest(s.Per, s.Value, c.of.line.within(s.In))
	e.Samples = int64(min(w.Admissions, math.MaxInt64))
	if w.Admissions == 0 {
		if s.In != "" && l.Admissions() > 0 {
			return 0, "nothing was admitted in " + s.In
		}
		return 0, "nothing was admitted, so that nothing could be admitted too often"
	}
	if relation(s.Op, float64(w.Count), s.Value) {
		return float64(w.Count), ""
	}
	said := fmt.Sprintf("%d in the %s up to %s", w.Count, display(s.Per.Seconds()*1000, slo.UnitTime), seconds(w.Until.Sub(time.Unix(0, c.of.line.zero)).Seconds()))
	if w.Key != "" {
		said = "key " + w.Key + ": " + said
	}
	if w.Over > 1 {
		said += fmt.Sprintf("; %d keys are above %s", w.Over, slo.Format(s.Value, slo.UnitNone))
	}
	return float64(w.Count), said
}

// within says which moments lie in the phases of a name, guards and all; nil for the empty name: all do.
func (l timeline) within(name string) func(time.Time) bool {
	if name == "" {
		return nil
	}
	s := l.named(name)
	return func(at time.Time) bool {
		for _, p := range s.line.spans {
			if s.match(p) && p.start <= at.UnixNano() && at.UnixNano() < p.end {
				return true
			}
		}
		return false
	}
}
