package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/verdict"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// missedShare of a service's scrapes is what a run warns of.
const missedShare = 0.01

// telling are the services that tell their metrics, with the path.
func (q *question) telling() map[string]string {
	paths := map[string]string{}
	for _, s := range q.experiment.Services {
		if s.Metrics != "" {
			paths[s.Name] = s.Metrics
		}
	}
	return paths
}

// mayBeScraped says whether a metric may be a service's, or one that brunt asks for by itself, as far as that is known before the
// script was read.
func (q *question) mayBeScraped(metric string) bool {
	_, builtin := slo.Builtin(metric)
	return !builtin && (len(q.telling()) > 0 || q.probed(metric))
}

// scraped says whether a metric must be a service's: it is neither k6's nor the script's, nor a slip of the pen for one that is.
func (q *question) scraped(metric string) bool {
	_, scripts := q.inspection.Metrics[metric]
	if scripts || !q.mayBeScraped(metric) {
		return false
	}
	return q.probed(metric) || slo.ScrapedName(metric) != metric || slo.Slip(metric, q.ofLoad()) == ""
}

// ofLoad are the metrics of brunt, k6 and the script.
func (q *question) ofLoad() []string {
	names := append(slo.BuiltinNames(), slices.Collect(maps.Keys(q.inspection.Metrics))...)
	slices.Sort(names)
	return slices.Compact(names)
}

// scrapedMetrics are those of the services that SLOs name, sorted.
func (q *question) scrapedMetrics() []string {
	var names []string
	for _, s := range q.wanted() {
		for _, x := range s.SLO.Selectors() {
			if q.scraped(x.Metric) {
				names = append(names, x.Metric)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withoutScraped leaves out what the load generator knows nothing of.
func (q *question) withoutScraped(list []wire.Selector) []wire.Selector {
	return slices.DeleteFunc(list, func(x wire.Selector) bool { return q.scraped(x.Metric) })
}

// scrapeFile is where a trial's scrapes are kept, relative to the run's folder.
func scrapeFile(number int) string { return fmt.Sprintf("metrics-%d.brunt", number) }

// scraping is the scraping of one trial.
type scraping struct {
	*probe.Scraper
	file     *os.File
	counters map[string]*dependency.Counters
	ended    bool
	told     []results.Scrape
}

// startScraping begins to scrape the services that tell their metrics and to ask whom brunt asks by itself, and holds the SLOs against
// what they tell.
func (as *assembly) startScraping(ctx context.Context, s *site.Site, number int) error {
	paths := as.inv.question.telling()
	sources, counters := as.probes(ctx, s)
	if len(paths)+len(sources) == 0 {
		return nil
	}
	file, err := os.Create(filepath.Join(as.dir, scrapeFile(number)))
	if err != nil {
		closeCounters(ctx, counters)
		return fmt.Errorf("record the services' metrics: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		if n := s.Node(name); n != nil {
			sources = append(sources, probe.Source{Node: name, URL: as.tellsAt(n) + paths[name]})
		}
	}
	scraper, err := probe.StartScraping(ctx, probe.ScrapeOptions{
		Sources: sources, Out: file, Redact: as.inv.redactor.Redact, Logger: as.inv.log,
	})
	if err != nil {
		closeCounters(ctx, counters)
		return errors.Join(err, file.Close())
	}
	as.scraping = &scraping{Scraper: scraper, file: file, counters: counters}
	return as.inv.question.checkTold(scraper.Told(), as.lacking(counters))
}

// tellsAt is the base URL of a service's own pages.
func (as *assembly) tellsAt(n *site.Node) string {
	for _, s := range as.inv.question.experiment.Services {
		if s.Name == n.Name && strings.HasPrefix(s.URL, "https:") {
			return "https://" + n.Address
		}
	}
	return "http://" + n.Address
}

// stopScraping ends the scraping, if there is any, and returns what became of it.
func (as *assembly) stopScraping() []results.Scrape {
	s := as.scraping
	if s == nil {
		return nil
	}
	if !s.ended {
		s.ended = true
		var err error
		s.told, err = s.Stop()
		closeCounters(as.ctx, s.counters)
		if err = errors.Join(err, s.file.Close()); err != nil {
			as.inv.log.Warn("the services' metrics are not complete", "error", err)
			as.inv.run.Warnings = appendNew(as.inv.run.Warnings, "the services' metrics are not complete: "+as.inv.redactor.Redact(err.Error()))
		}
	}
	return s.told
}

// keepScrapes notes in the trial's record where the scrapes are kept and what became of them.
func (as *assembly) keepScrapes(trial *results.Trial) {
	if as.scraping == nil {
		return
	}
	trial.Metrics, trial.Scrapes = scrapeFile(trial.Number), as.stopScraping()
	for _, s := range trial.Scrapes {
		if float64(s.Missed) > missedShare*float64(s.Asked) && !(s.Source != "" && as.inv.question.disturbed(s.Node)) {
			as.inv.run.Warnings = appendNew(as.inv.run.Warnings,
				fmt.Sprintf("%s: %d of %d scrapes were missed; the first: %s", scrapeLabel(s), s.Missed, s.Asked, s.Reason))
		}
		if s.LeftOut > 0 {
			as.inv.run.Warnings = appendNew(as.inv.run.Warnings,
				fmt.Sprintf("%s: %d series are kept, and %d or more are left out", scrapeLabel(s), s.Series, s.LeftOut))
		}
	}
}

// checkTold holds the SLOs on scraped metrics against what is told, before load begins. lacks says, by whom brunt asks, what is not.
func (q *question) checkTold(told []probe.Series, lacks map[string]string) error {
	var all []verdict.Told
	kinds := map[string]slo.Kind{}
	for _, s := range told {
		kind := slo.ScrapedGauge
		if s.Kind == recording.Counter {
			kind = slo.ScrapedCounter
		}
		kinds[s.Metric] = kind
		all = append(all, verdict.Told{Metric: s.Metric, Tags: s.Tags, Kind: kind})
	}
	var wrong []error
	for _, s := range q.experiment.SLOs {
		for _, m := range []slo.Measure{s.SLO.Measure, s.SLO.Of} {
			if !m.OfMetric() || !q.scraped(m.Metric) {
				continue
			}
			err := q.checkProbed(m, kinds, lacks)
			if err == nil {
				err = q.checkMeasure(s.SLO, m, kinds, all)
			}
			if err != nil {
				if syntax := new(slo.SyntaxError); !errors.As(err, &syntax) { // which says itself which SLO it is of
					err = fmt.Errorf("slo %q: %w", s.Text, err)
				}
				wrong = append(wrong, fmt.Errorf("%s:%d: %w", q.experiment.File, s.Line, err))
				break
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return usage(errors.Join(wrong...))
}

// checkNodes checks that what an SLO asks of a service is asked of one that tells its metrics.
func (q *question) checkNodes(s slo.SLO) error {
	for _, m := range []slo.Measure{s.Measure, s.Of} {
		there := q.tellers(m.Metric)
		node := m.Tags["node"]
		if !m.OfMetric() || node == "" || !q.scraped(m.Metric) || slices.Contains(there, node) {
			continue
		}
		hint := "there is " + strings.Join(there, ", ")
		if near := slo.Nearest(node, there); near != "" {
			hint = "did you mean " + near + "?"
		}
		if q.probed(m.Metric) {
			return fmt.Errorf("slo %q: %s tells no %s (%s)", s.Text, node, m.Metric, hint)
		}
		return fmt.Errorf("slo %q: no service with metrics is named %s (%s)", s.Text, node, hint)
	}
	return nil
}

// checkMeasure checks one measure of a service's metric. A metric that is not there yet, as those that are made at their first
// use, is let through when its node is named: whoever names it knows it.
func (q *question) checkMeasure(s slo.SLO, m slo.Measure, kinds map[string]slo.Kind, told []verdict.Told) error {
	name := slo.ScrapedName(m.Metric)
	names := slices.Sorted(maps.Keys(kinds))
	if _, ok := kinds[name]; !ok {
		near, hint := slo.Nearest(m.Metric, append(names, q.ofLoad()...)), ""
		switch {
		case m.Tags["node"] != "" && slo.Slip(m.Metric, names) == "":
			return nil
		case near != "":
			hint = "did you mean " + near + "?"
		default:
			node := slices.Sorted(maps.Keys(q.telling()))[0]
			hint = "if " + node + " makes it at its first use only, name the node: " +
				slo.Selector{Metric: m.Metric, Tags: map[string]string{"node": node}}.String()
		}
		return fmt.Errorf("unknown metric %s: neither k6 nor the script has it, and no service tells it (%s)", m.Metric, hint)
	}
	if problem := verdict.Ambiguous(m, told); problem != "" {
		return errors.New(problem)
	}
	return hinted(s.Validate(func(metric string) (slo.Kind, bool) {
		if kind, ok := kinds[slo.ScrapedName(metric)]; ok && q.scraped(metric) {
			return kind, true
		}
		return q.kind(metric)
	}))
}

// hinted adds to what is wrong with an SLO what to write instead, as the reader of experiments does.
func hinted(err error) error {
	var syntax *slo.SyntaxError
	if errors.As(err, &syntax) && syntax.Hint != "" {
		return fmt.Errorf("%w (%s)", err, syntax.Hint)
	}
	return err
}
