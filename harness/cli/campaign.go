package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
)

const (
	// mostLoad is longer than any campaign: its load ends with it.
	mostLoad = 12 * time.Hour
	// constantRate is that of a load which names none, as that of the shape soak.
	constantRate = 50.0
	// leastPart is the least time in which anything can be found.
	leastPart = 40 * time.Second
)

// campaignOptions are the flags of the commands that inject faults of their own: limits and matrix.
type campaignOptions struct {
	runOptions
	links, kinds []string
	budget       time.Duration
}

// oneExperiment is the arguments of a command that takes an experiment.
func oneExperiment(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(fmt.Errorf("%s takes one experiment, not %d", command, len(args)))
		}
		return nil
	}
}

// register registers the flags, given what --kind is about and how long all may take by default.
func (o *campaignOptions) register(c *cobra.Command, kinds string, budget time.Duration) {
	o.registerCommon(c)
	f := c.Flags()
	f.StringArrayVar(&o.links, "link", nil, "only faults on this link, such as 'api->cache'; may be repeated (default: all between nodes)")
	f.StringArrayVar(&o.kinds, "kind", nil, kinds)
	f.DurationVar(&o.budget, "budget", budget, "how long all may take")
}

// checkBudget refuses a budget in which nothing can be done, and a bare script. what says what a budget is too short for, and
// slos what the SLOs of an experiment are needed for.
func (o *campaignOptions) checkBudget(name, command, what, slos string) error {
	if o.budget < leastPart {
		return usage(fmt.Errorf("--budget %v is too short for %s; it is %v at least", o.budget, what, leastPart))
	}
	if isScript(name) {
		return usage(fmt.Errorf("%s takes an experiment, whose SLOs say %s, not a bare script", command, slos))
	}
	return nil
}

// limitLinks are the links to disturb: those that were named, or all between nodes, or that of the load where there is no other.
func (o *campaignOptions) limitLinks(e experiment.Experiment) ([]string, error) {
	known := topology.Links(e)
	if len(o.links) == 0 {
		between := slices.DeleteFunc(slices.Clone(known), func(l string) bool { return strings.HasPrefix(l, site.Load+"->") })
		if len(between) > 0 {
			return between, nil
		}
		return known, nil
	}
	var chosen []string
	for _, l := range o.links {
		l = strings.ReplaceAll(l, " ", "")
		if !slices.Contains(known, l) {
			return nil, usage(fmt.Errorf("--link %s: there is no such link; links are %s", l, strings.Join(known, ", ")))
		}
		chosen = append(chosen, l)
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// replan lets k6 look at the load of the next trial, which is another than that of the experiment. It goes on for as long as
// the trial, which has its share of the time, and not beyond.
func (inv *invocation) replan(ctx context.Context) (err error) {
	q := &inv.question
	q.script.Escape, q.experiment.Load.Escape = false, false
	if q.inspection, err = load.Inspect(ctx, inv.Exe, q.script, q.metrics()); err != nil {
		return inv.inspectionError(err)
	}
	q.inspection.Thresholds = nil
	return nil
}

// conclude ends a campaign: failed is why not all of its trials are there.
func (inv *invocation) conclude(ctx context.Context, failed error) error {
	switch {
	case failed == nil:
		return inv.save(ctx, nil)
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, &resumableError{inv.run.ID, failed}}
	}
	return brokenUnlessClassified(failed)
}
