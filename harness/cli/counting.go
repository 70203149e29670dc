package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// listed is how many requests are counted, and listTime how long they may take: what is asked of a slow build is the beginning
	// of the list.
	listed   = 200
	listTime = 12 * time.Second
	// restful is how long dependencies must not have been asked before the list begins, and restless how long that is waited for.
	restful, restless = 400 * time.Millisecond, 5 * time.Second
	// afterwards is how long the last request may go on working after its answer.
	afterwards = 500 * time.Millisecond
)

// errListEnds says that all requests of the list were made, or as many as there was time for.
var errListEnds = errors.New("the list of requests has ended")

// counting counts what each request of a trial had its dependencies do.
type counting struct {
	as      *assembly
	meter   *probe.Meter
	trips   probe.Exchanges
	tallies []*dependency.Tally
	metrics string // where the target tells its allocations; empty: nowhere

	mu       sync.Mutex
	process  *load.Process
	began    time.Time
	last     []dependency.Done // of each tally, when the latest request began
	gone     int64             // round trips, by then
	requests []counted
	failed   error

	allocated float64 // before the first request; below 0: not known
	texts     []map[int64]string
	costs     *results.Costs
}

// counted is a request with what each tally says of it.
type counted struct {
	probe.Metered
	done    []dependency.Done
	trips   int64
	settled bool // both are known
}

func newCounting(as *assembly) *counting {
	c := &counting{as: as}
	c.meter = &probe.Meter{Before: c.before, After: c.after, Endless: c.endless}
	return c
}

// links are those that are counted on: the load's to its target, and the services' to what speaks in exchanges.
func (c *counting) links(e experiment.Experiment) []string {
	all := []string{site.LinkName(site.Load, e.Load.Target)}
	for _, d := range e.Dependencies {
		if _, known := dependency.Known(d.Kind); !known {
			continue
		}
		for _, s := range e.Services {
			all = append(all, site.LinkName(s.Name, d.Name))
		}
	}
	return all
}

// Open opens a link with what counts on it, as topology's Linker does.
func (c *counting) Open(ctx context.Context, name, listen, upstream string) (string, error) {
	if strings.HasPrefix(name, site.LinkName(site.Load, "")) {
		return c.meter.Open(ctx, name, listen, upstream)
	}
	return c.trips.Open(ctx, name, listen, upstream)
}

// start connects to the dependencies that can be counted in.
func (c *counting) start(ctx context.Context, s *site.Site) error {
	for _, n := range s.Nodes {
		if _, known := dependency.Known(n.Kind); !known || n.Role != "dependency" {
			continue
		}
		instance, err := dependency.Of(n)
		if err != nil {
			return err
		}
		tally, err := instance.Tally(ctx)
		if err != nil {
			return fmt.Errorf("count in %s: %w", n.Name, err)
		}
		c.tallies = append(c.tallies, tally)
	}
	e := c.as.inv.question.experiment
	for _, service := range e.Services {
		if n := s.Node(service.Name); n != nil && service.Name == e.Load.Target && service.Metrics != "" {
			c.metrics = c.as.tellsAt(n) + service.Metrics
		}
	}
	return nil
}

// endsWith lets the end of the list end the load.
func (c *counting) endsWith(p *load.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process = p
	if c.failed != nil {
		p.Stop()
	}
}

// before closes the account of the request before, and says whether there may be another one.
func (c *counting) before(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failed != nil:
		return c.failed
	case c.began.IsZero():
		c.rest(ctx)
		c.began, c.allocated = time.Now(), c.allocations(ctx)
		c.last, c.failed = c.read(ctx)
		c.gone = c.trips.Count()
	case len(c.requests) == listed || time.Since(c.began) > listTime:
		c.failed = errListEnds
	default:
		c.failed = c.settleAccount(ctx)
	}
	if c.failed != nil && c.process != nil {
		c.process.Stop()
	}
	return c.failed
}

// rest waits until services have done what they do when they start, such as opening the connections of their pools: until nothing
// has been asked of dependencies for a while.
func (c *counting) rest(ctx context.Context) {
	still, count := time.Now(), c.trips.Count()
	for began := time.Now(); time.Since(still) < restful && time.Since(began) < restless && ctx.Err() == nil; time.Sleep(restful / 20) {
		if now := c.trips.Count(); now != count {
			still, count = time.Now(), now
		}
	}
}

func (c *counting) after(m probe.Metered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, counted{Metered: m})
}

// endless ends the list at a request that can't be counted.
func (c *counting) endless(endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = &endlessError{endpoint}
	if c.process != nil {
		c.process.Stop()
	}
}

// endlessError says that the load opens a connection that stays open.
type endlessError struct{ endpoint string }

func (e *endlessError) Error() string {
	return e.endpoint + " opens a connection that stays open, as WebSockets do, so that there is no end at which its cost could be counted"
}

// read asks every tally.
func (c *counting) read(ctx context.Context) ([]dependency.Done, error) {
	all := make([]dependency.Done, len(c.tallies))
	for i, t := range c.tallies {
		var err error
		if all[i], err = t.Read(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// settleAccount puts down to the latest request what was done since it began.
func (c *counting) settleAccount(ctx context.Context) error {
	now, err := c.read(ctx)
	if err != nil {
		return err
	}
	latest := &c.requests[len(c.requests)-1]
	if latest.settled { // it has been, and what came after it is under way
		return nil
	}
	done := make([]dependency.Done, len(now))
	for i := range now {
		if done[i], err = now[i].Since(c.last[i]); err != nil {
			return fmt.Errorf("%s: %w", latest.Endpoint, err)
		}
	}
	trips := c.trips.Count()
	latest.done, latest.trips, latest.settled = done, trips-c.gone, true
	c.last, c.gone = now, trips
	return nil
}

// finish closes the last account, while the dependencies still run.
func (c *counting) finish(ctx context.Context) {
	select {
	case <-time.After(afterwards):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), prepareTimeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil && !errors.Is(c.failed, errListEnds) || len(c.requests) == 0 {
		return
	}
	if err := c.settleAccount(ctx); err != nil {
		c.failed = err
		return
	}
	c.texts = make([]map[int64]string, len(c.tallies))
	for i, t := range c.tallies {
		var err error
		if c.texts[i], err = t.Texts(ctx); err != nil {
			c.failed = err
			return
		}
	}
	c.costs = c.account()
	if end := c.allocations(ctx); c.allocated >= 0 && end >= c.allocated {
		each := (end - c.allocated) / float64(len(c.requests))
		c.costs.Allocations = &each
	}
}

// allocations are those that the target has made, or -1.
func (c *counting) allocations(ctx context.Context) float64 {
	if c.metrics == "" {
		return -1
	}
	page, err := probe.Fetch(ctx, c.metrics)
	if err != nil {
		return -1
	}
	lines := bufio.NewScanner(bytes.NewReader(page))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "go_memstats_mallocs_total "); ok {
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				return n
			}
		}
	}
	return -1
}

// account is what was counted, as it is kept.
func (c *counting) account() *results.Costs {
	costs := &results.Costs{Requests: make([]results.RequestCost, len(c.requests)), Links: len(c.tallies) > 0}
	for _, t := range c.tallies {
		costs.Postgres = costs.Postgres || t.Kind() == dependency.Postgres
		costs.Redis = costs.Redis || t.Kind() == dependency.Redis
	}
	for i, r := range c.requests {
		cost := results.RequestCost{Endpoint: c.as.inv.redactor.Redact(r.Endpoint), Status: r.Status, Bytes: r.Bytes, RoundTrips: r.trips}
		for t, done := range r.done {
			cost.RedisBytes += done.Bytes
			for _, id := range slices.Sorted(maps.Keys(done.Statements)) {
				s := done.Statements[id]
				text := c.texts[t][id]
				if text == "" {
					text = "a statement whose text is not known"
				}
				cost.Statements = append(cost.Statements, results.StatementCost{
					Statement: index(&costs.Statements, c.as.inv.redactor.Redact(text)), Calls: s.Calls, Rows: s.Rows, Buffers: s.Buffers, WAL: s.WAL,
				})
			}
			for _, name := range slices.Sorted(maps.Keys(done.Commands)) {
				cost.Commands = append(cost.Commands, results.CommandCost{Command: index(&costs.Commands, name), Calls: done.Commands[name]})
			}
		}
		costs.Requests[i] = cost
	}
	return costs
}

// index is where a text stands in a list, which is made longer where it is not there.
func index(list *[]string, text string) int {
	if i := slices.Index(*list, text); i >= 0 {
		return i
	}
	*list = append(*list, text)
	return len(*list) - 1
}

// keep keeps what was counted with the trial. The error says why it can't be compared.
func (c *counting) keep(trial *results.Trial) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	trial.Costs = c.costs
	var why error
	switch {
	case c.costs != nil || trial.Status != results.StatusComplete:
		return nil
	case c.failed != nil:
		why = fmt.Errorf("count what requests cost: %w", c.failed)
	default:
		why = fmt.Errorf("no request came by: the load has to take its target's address from ${%s.url}", c.as.inv.question.experiment.Load.Target)
	}
	trial.Status, trial.Reason = results.StatusBroken, why.Error()
	if errors.As(why, new(*endlessError)) {
		return usage(why)
	}
	return why
}

// close ends what start began.
func (c *counting) close() {
	if c == nil {
		return
	}
	if err := c.meter.Close(); err != nil {
		c.as.inv.log.Warn("meter not closed", "error", err)
	}
	c.trips.Close()
	for _, t := range c.tallies {
		t.Close(c.as.ctx)
	}
}
