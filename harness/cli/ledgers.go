package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/results/slo"
)

const (
	// readLedger bounds one reading of a service's ledger, and lookLedger the look at it before the load.
	readLedger = 60 * time.Second
	lookLedger = 5 * time.Second
	// Receivers are asked again after pauses that grow from the first to the last.
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
	// longestLabel bounds what is kept of a key that held a secret, in bytes.
	longestLabel = ledger.MaxKey / 2
)

// ledgerFile is where a trial's ledgers are kept, relative to the run's folder.
func ledgerFile(number int) string { return fmt.Sprintf("ledgers-%d.brunt", number) }

// ledgerNames are the ledgers that the script makes and that the experiment names, sorted.
func (q *question) ledgerNames() []string {
	names := slices.Clone(q.inspection.Ledgers)
	for _, l := range q.experiment.Ledgers {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkLedger checks that the ledger of an SLO is one that somebody keeps.
func (q *question) checkLedger(s slo.SLO) error {
	there := q.ledgerNames()
	if !s.Exact() || slices.Contains(there, s.Metric) {
		return nil
	}
	hint := fmt.Sprintf("make it in the script: ledger('%s'), or name the services that keep it below ledgers", s.Metric)
	if near := slo.Nearest(s.Metric, there); near != "" {
		hint = "did you mean " + near + "?"
	}
	return fmt.Errorf("slo %q: no ledger is named %s (%s)", s.Text, s.Metric, hint)
}

// kept is what is kept of the ledgers of a trial.
type kept struct {
	path      string
	redact    func(string) string
	receivers []results.Receiver

	before map[string]string // by ledger and service, why what it tells is not of this trial alone

	mu     sync.Mutex
	labels map[string]string // by ledger and key, of those that hold secrets
}

// label is how a key is kept. Secrets are taken out of it, and so that two of them stay two, they are numbered.
func (k *kept) label(of, key string) string {
	clean := k.redact(key)
	if clean == key {
		return key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.labels == nil {
		k.labels = map[string]string{}
	}
	full := of + "\x00" + key
	if k.labels[full] == "" {
		clean = strings.ToValidUTF8(clean[:min(len(clean), longestLabel)], "")
		k.labels[full] = fmt.Sprintf("%s #%d", clean, len(k.labels)+1)
	}
	return k.labels[full]
}

// book is what was kept so far.
func (k *kept) book() (*ledger.Book, error) {
	b := &ledger.Book{}
	f, err := os.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledgers: %w", err)
	}
	defer f.Close()
	return b, b.Read(f)
}

// append keeps what a service told.
func (k *kept) append(source string, b *ledger.Book) error {
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("write the ledgers: %w", err)
	}
	writer := ledger.Continue(f)
	if info, statErr := f.Stat(); statErr == nil && info.Size() == 0 {
		writer, err = ledger.NewWriter(f)
	}
	if err == nil {
		err = b.Blocks(source, func(block []byte) error {
			block, err := ledger.Relabel(block, k.label)
			if err != nil {
				return err
			}
			return writer.Write(block)
		})
	}
	return errors.Join(err, f.Close())
}

// receiver is a service that offers a ledger, and what it told when it was last read.
type receiver struct {
	results.Receiver
	url  string
	book *ledger.Book
}

// lookBefore looks whether the services' ledgers are empty before the load: one that already runs may have received what other
// trials sent, under the same ids. What can't be read yet is read at the end.
func (as *assembly) lookBefore(ctx context.Context, s *site.Site) {
	as.ledgers.before = map[string]string{}
	for _, l := range as.inv.question.experiment.Ledgers {
		for _, r := range as.receivers(s, l) {
			brief, cancel := context.WithTimeout(ctx, lookLedger)
			r.read(brief, l.Name)
			cancel()
			if n := r.told(); n > 0 {
				as.ledgers.before[l.Name+" "+r.Service] = fmt.Sprintf(
					"it told of %d ids and admissions before the load began: start the service anew before each trial, so that its ledger is empty", n)
			}
		}
	}
}

// receivers are the services of a ledger, not read yet.
func (as *assembly) receivers(s *site.Site, l experiment.Ledger) []receiver {
	all := make([]receiver, len(l.Services))
	for i, name := range l.Services {
		all[i] = receiver{Receiver: results.Receiver{Ledger: l.Name, Service: name, Reason: "it was not started"}}
		if n := s.Node(name); n != nil {
			all[i].url, all[i].Reason = as.tellsAt(n)+l.Path, "the trial was interrupted"
		}
	}
	return all
}

// told is how much the service told when it was read.
func (r *receiver) told() uint64 {
	if !r.Read {
		return 0
	}
	page := r.book.Ledger(r.Ledger)
	return page.Duplicated().Of + page.Lost().Of + page.Admissions()
}

// readReceivers reads what the services received, until all that was acknowledged has arrived somewhere, or the ledger's settle
// is over. The load has ended, and the faults are lifted.
func (as *assembly) readReceivers(ctx context.Context, s *site.Site) {
	ended := time.Now()
	script, err := as.ledgers.book()
	if err != nil {
		as.inv.log.Warn("the script's ledgers can't be read", "error", err)
		script = &ledger.Book{}
	}
	var all []receiver
	for _, l := range as.inv.question.experiment.Ledgers {
		all = append(all, as.settled(ctx, s, l, script.Ledger(l.Name), ended)...)
	}
	for i, r := range all {
		if why := as.ledgers.before[r.Ledger+" "+r.Service]; why != "" {
			all[i].Read, all[i].Reason = false, why
		}
	}
	as.keepReceivers(all)
}

// keepReceivers keeps what the services told: of each, all ledgers at once.
func (as *assembly) keepReceivers(all []receiver) {
	for i, r := range all {
		same := func(o receiver) bool { return o.Service == r.Service }
		if first := slices.IndexFunc(all, same); first == i {
			whole := &ledger.Book{}
			for _, o := range all {
				if same(o) && o.Read {
					_ = o.book.Blocks("", whole.Take) // its own blocks are blocks
				}
			}
			if err := as.ledgers.append(results.ReceiverSource(r.Service), whole); err != nil {
				as.inv.log.Warn("a ledger was not kept", "service", r.Service, "error", err)
			}
		}
		as.ledgers.receivers = append(as.ledgers.receivers, r.Receiver)
	}
}

// settled reads the services of one ledger until nothing is missing, or for its settle after the load.
func (as *assembly) settled(ctx context.Context, s *site.Site, l experiment.Ledger, script *ledger.Ledger, ended time.Time) []receiver {
	all := as.receivers(s, l)
	if ctx.Err() != nil {
		return all
	}
	for pause, said := firstPause, false; ; pause = min(2*pause, lastPause) {
		whole := true
		pages := []*ledger.Ledger{}
		if script != nil {
			pages = append(pages, script)
		}
		for i := range all {
			all[i].read(ctx, l.Name)
			whole = whole && all[i].Read
			if all[i].Read {
				pages = append(pages, all[i].book.Ledger(l.Name))
			}
		}
		missing := ledger.Missing(pages...)
		for i := range all {
			all[i].Settled, all[i].Missing = time.Since(ended).Seconds(), missing
			all[i].Reason = as.inv.redactor.Redact(oneLine(all[i].Reason))
		}
		left := l.Settle - time.Since(ended)
		if whole && missing == 0 || left <= 0 || ctx.Err() != nil {
			return all
		}
		if !said {
			said = true
			as.inv.progress.Step(fmt.Sprintf("waiting up to %v for what is in flight to %s", left.Round(time.Second), l.Name))
		}
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
		}
	}
}

// read reads the ledger anew.
func (r *receiver) read(ctx context.Context, name string) {
	if r.url == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readLedger)
	defer cancel()
	r.book = ledger.NewBook()
	page, err := r.book.Open(name)
	if err == nil {
		err = probe.Stream(ctx, r.url, func(body io.Reader) error { return ledger.Parse(body, page) })
	}
	r.Read, r.Reason = err == nil, ""
	if err != nil {
		r.Reason = err.Error()
	}
}

// keepLedgers notes in the trial's record what became of the ledgers.
func (as *assembly) keepLedgers(trial *results.Trial) {
	script := as.inv.question.inspection.Ledgers
	if len(script) == 0 && len(as.inv.question.experiment.Ledgers) == 0 {
		return
	}
	trial.Ledgers = &results.Ledgers{Script: slices.Clone(script), Receivers: as.ledgers.receivers}
	if trial.Ledgers.Script == nil {
		trial.Ledgers.Script = []string{}
	}
	if trial.Ledgers.Receivers == nil {
		trial.Ledgers.Receivers = []results.Receiver{}
	}
	if _, err := os.Stat(as.ledgers.path); err == nil {
		trial.Ledgers.Path = ledgerFile(trial.Number)
	}
	for _, r := range as.ledgers.receivers {
		if !r.Read {
			as.inv.run.Warnings = appendNew(as.inv.run.Warnings, fmt.Sprintf("ledger %s of %s was not read: %s", r.Ledger, r.Service, r.Reason))
		}
	}
}
