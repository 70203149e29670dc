package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/load"
)

// What `brunt limits` can look for.
const (
	limitRate       = "rate"
	limitTolerance  = "tolerance"
	limitRoundTrips = "round-trips"
)

func limitNames() []string { return []string{limitRate, limitTolerance, limitRoundTrips} }

// limitsOptions are the flags of `brunt limits`.
type limitsOptions struct {
	campaignOptions
	only []string
	upTo string
}

func (a *app) limitsCommand() *cobra.Command {
	var o limitsOptions
	c := &cobra.Command{
		Use:   "limits EXPERIMENT",
		Short: "find the largest rate and the strongest faults that the SLOs hold under",
		Long: `limits finds the largest rate at which the SLOs hold, the strongest fault that they tolerate on each link, and how many
round trips over each link an answer waits for, one after another. Every step is judged by the SLOs without a phase, or in steady.

The faults of the experiment are left alone. The load is its own, at a constant rate: that of the file, or --rate.`,
		Example: `  brunt limits scenarios/restapi
  brunt limits scenarios/restapi --link 'api->cache' --kind latency --budget 3m
  brunt limits scenarios/restapi --only round-trips --json limits.json`,
		Args: oneExperiment("limits"),
		RunE: func(c *cobra.Command, args []string) error { return a.limits(c.Context(), args[0], o) },
	}
	o.register(c, "of the faults: "+strings.Join(campaign.Searchable(), " or ")+"; may be repeated (default latency)", 10*time.Minute)
	f := c.Flags()
	f.StringArrayVar(&o.only, "only", nil, "look only for this: "+strings.Join(limitNames(), ", ")+"; may be repeated")
	f.StringVar(&o.upTo, "up-to", "", "the largest rate to try, such as 3000/s (default 20 times the first)")
	return c
}

// limits is `brunt limits` from the question to the exit code.
func (a *app) limits(ctx context.Context, name string, o limitsOptions) error {
	if err := o.check(name); err != nil {
		return err
	}
	o.shape, o.duration, o.asker, o.trials = "breakpoint", mostLoad, "limits", 1
	q, err := a.ask(ctx, name, o.runOptions)
	if err != nil {
		return err
	}
	parts, err := o.parts(q)
	if err != nil {
		return err
	}
	return a.conductRun(ctx, q, o.runOptions, func(inv *invocation) error { return inv.measureParts(ctx, parts, o.budget) })
}

// check refuses what can be told without the experiment.
func (o *limitsOptions) check(name string) error {
	if err := o.runOptions.check(); err != nil {
		return err
	}
	for _, what := range o.only {
		if !slices.Contains(limitNames(), what) {
			return usage(fmt.Errorf("--only is %s, not %q", strings.Join(limitNames(), ", "), what))
		}
	}
	for _, kind := range o.kinds {
		if _, ok := campaign.ScaleOf(kind); ok {
			continue
		}
		if _, known := fault.KindNamed(kind); known {
			return usage(fmt.Errorf("--kind %s: it has no strength that could be searched; %s have", kind, strings.Join(campaign.Searchable(), " and ")))
		}
		return usage(fmt.Errorf("--kind %s: there is no such kind; %s can be searched", kind, strings.Join(campaign.Searchable(), " and ")))
	}
	return o.checkBudget(name, "limits", "anything to be found", "what breaks")
}

// wants says whether something is to be looked for.
func (o *limitsOptions) wants(what string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, what)
}

// parts are the trials of a campaign for limits.
func (o *limitsOptions) parts(q question) ([]part, error) {
	links, err := o.limitLinks(q.experiment)
	if err != nil {
		return nil, err
	}
	rate := q.script.Rate
	if q.script.From > 0 {
		rate = q.script.From
	}
	if rate == 0 {
		rate = constantRate
	}
	var parts []part
	if o.wants(limitRate) {
		most := mostRates * rate
		if o.upTo != "" {
			if most, err = experiment.ParseRate(o.upTo); err != nil || most < rate {
				return nil, usage(fmt.Errorf("--up-to %s is not a rate of %g/s or more, such as %g/s", o.upTo, rate, mostRates*rate))
			}
		}
		parts = append(parts, part{name: "the largest rate", weight: 2, script: func(s *load.Script) { s.From, s.Rate = rate, most }})
	}
	kinds := o.kinds
	if len(kinds) == 0 {
		kinds = []string{"latency"}
	}
	for _, link := range links {
		for _, kind := range kinds {
			if o.wants(limitTolerance) {
				parts = append(parts, tolerancePart(link, kind, rate))
			}
		}
	}
	if o.wants(limitRoundTrips) && len(links) > 0 {
		parts = append(parts, roundTripsPart(links, min(rate, tripRate)))
	}
	if len(parts) == 0 {
		return nil, usage(errors.New("the experiment has no link that a fault could act on"))
	}
	return parts, nil
}

const (
	// mostRates is how many times the first rate is the most that is tried.
	mostRates = 20
	// tripRate is low enough for requests not to wait for each other.
	tripRate = 10.0
)
