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
	"github.com/devcraft-studio/brunt/harness/topology"
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

The faults of the experiment are left alone. The load is its own, at a constant rate: that of the file, or --rate, and of a file whose
shape is breakpoint its load.from, or a tenth of its rate. The search for the largest begins there.

--resume goes on with a run that was interrupted, or whose budget was used up: what was found is kept, and so is each step of a
search that was cut off; only that for the largest rate begins anew. Give the other flags again.`,
		Example: `  brunt limits scenarios/restapi
  brunt limits scenarios/restapi --link 'api->cache' --kind latency --budget 3m
  brunt limits scenarios/restapi --only round-trips --json limits.json
  brunt limits scenarios/restapi --kind stall --kind connect-delay --resume latest`,
		Args: oneExperiment("limits"),
		RunE: func(c *cobra.Command, args []string) error { return a.limits(c.Context(), args[0], o) },
	}
	o.register(c, "of the faults: "+strings.Join(campaign.Searchable(), " or ")+"; may be repeated (default latency)", 10*time.Minute)
	f := c.Flags()
	f.StringArrayVar(&o.only, "only", nil, "look only for this: "+strings.Join(limitNames(), ", ")+"; may be repeated")
	f.StringVar(&o.upTo, "up-to", "", "the largest rate to try, such as 3000/s (default 20 times the first, or the rate of a breakpoint's file)")
	f.StringVar(&o.resume, "resume", "", "go on with this run: an id, the beginning of one, or latest")
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
	slices.Sort(o.kinds)
	o.kinds = slices.Compact(o.kinds)
	for _, kind := range o.kinds {
		if _, ok := campaign.ScaleOf(kind); ok {
			continue
		}
		if _, known := fault.KindNamed(kind); known {
			return usage(fmt.Errorf("--kind %s: it has no strength that could be searched; there are %s (`brunt matrix` tries the others)", kind, strings.Join(campaign.Searchable(), ", ")))
		}
		return usage(fmt.Errorf("--kind %s: there is no such kind; %s can be searched", kind, strings.Join(campaign.Searchable(), ", ")))
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
	rate, most, err := o.rates(q)
	if err != nil {
		return nil, err
	}
	var parts []part
	if o.wants(limitRate) {
		parts = append(parts, part{name: "the largest rate", weight: 2, script: func(s *load.Script) { s.From, s.Rate = rate, most }})
	}
	if o.wants(limitTolerance) {
		tolerances, err := o.tolerances(q.experiment, links, rate)
		if err != nil {
			return nil, err
		}
		parts = append(parts, tolerances...)
	}
	if o.wants(limitRoundTrips) && len(links) > 0 {
		parts = append(parts, roundTripsPart(links, min(rate, tripRate)))
	}
	if len(parts) == 0 {
		return nil, usage(errors.New("the experiment has no link that a fault could act on"))
	}
	return parts, nil
}

// rates are the first rate, which is also that under faults, and the largest that is tried.
func (o *limitsOptions) rates(q question) (first, most float64, err error) {
	first = q.script.Rate
	if q.experiment.Load.Named == "breakpoint" && o.rate == "" { // its rate is the largest that is tried
		most = first
		first /= firstOfMost
	}
	if q.script.From > 0 {
		first = q.script.From
	}
	if first == 0 {
		first = constantRate
	}
	if most <= first {
		most = mostRates * first
	}
	if o.upTo != "" {
		if most, err = experiment.ParseRate(o.upTo); err != nil || most < first {
			return 0, 0, usage(fmt.Errorf("--up-to %s is not a rate of %g/s or more, such as %g/s", o.upTo, first, mostRates*first))
		}
	}
	return first, most, nil
}

// tolerances look for the strongest fault of each kind on each link that it can act on.
func (o *limitsOptions) tolerances(e experiment.Experiment, links []string, rate float64) ([]part, error) {
	kinds := o.kinds
	if len(kinds) == 0 {
		kinds = []string{"latency"}
	}
	var parts []part
	var wrong []error
	for _, kind := range kinds {
		on := links
		if strings.HasPrefix(kind, "http-") {
			if len(o.links) == 0 {
				on = topology.Links(e)
			}
			on = slices.DeleteFunc(slices.Clone(on), func(l string) bool { return !leadsToService(e, l) })
			if len(on) == 0 {
				wrong = append(wrong, fmt.Errorf("--kind %s: it acts on HTTP, and no link leads to a service: %s", kind, strings.Join(links, ", ")))
			}
		}
		for _, link := range on {
			parts = append(parts, tolerancePart(link, kind, rate))
		}
	}
	if len(wrong) > 0 {
		return nil, usage(errors.Join(wrong...))
	}
	return parts, nil
}

const (
	// firstOfMost is how many times the first rate of the shape breakpoint its largest is, where the file does not say.
	firstOfMost = 10.0
	// mostRates is how many times the first rate is the most that is tried.
	mostRates = 20
	// tripRate is low enough for requests not to wait for each other.
	tripRate = 10.0
)
