package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// mostCompared is how many runs of a build are compared, the newest: each is a document to read.
const mostCompared = 30

// compareOptions are the flags of `brunt compare`.
type compareOptions struct {
	store      storeFlag
	experiment string
	failOn     string
	outputs    outputFlags
}

func (a *app) compareCommand() *cobra.Command {
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare BASE CAND",
		Short: "two builds or runs out of the store, side by side",
		Long: `compare holds the candidate CAND against the baseline BASE, out of what is stored: latency, failures, goodput and throughput of each
phase, work per request behind the service, recovery, limits, round trips, invariants, which faults of a scorecard are tolerated, what
the cost gate counted, and what the pairs of a timing gate measured.

Each is a run (its id, the beginning of it, latest, or latest~N: N runs before), a commit (four digits or more), release:NAME as
` + "`brunt baseline set`" + ` named it, or a ref: by the name that it was measured under, of which the newest measured commit counts, else by what
git makes of it. Of a commit all complete runs of the experiment that were made in the same way are taken together, the newest 30.

What is replicated is the start of the processes, that is a trial, and never a request. Times get an interval when both builds ran in
turn on one machine, in five pairs or more, each as often first as the other. Else only effects are named that no simulated machine
makes by chance, such as 3.5 times as long of one run each, and everything else is unclear, whatever the numbers look like. What differs
beside the build is listed. It exits with 0 whatever it finds, unless --fail-on says otherwise.`,
		Example: `  brunt compare latest~1 latest
  brunt compare release:v1.2 latest --experiment restapi --markdown comment.md
  brunt compare main 4f0c1d2 --experiment restapi --fail-on worse`,
		Args: exactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return a.compare(c.Context(), args[0], args[1], o) },
	}
	o.store.register(c)
	f := c.Flags()
	f.StringVar(&o.experiment, "experiment", "", "where a commit has runs of several")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 1 when the candidate is: worse")
	o.outputs.inconclusive = "fail"
	o.outputs.files = map[string]*string{
		"json":     f.String("json", "", "write the comparison as json to this file (- is standard output)"),
		"markdown": f.String("markdown", "", "write the comparison as markdown to this file (- is standard output)"),
	}
	return c
}

// compare is `brunt compare` from the references to the exit code.
func (a *app) compare(ctx context.Context, baseline, candidate string, o compareOptions) error {
	if o.failOn != "" && o.failOn != string(results.Worse) {
		return usage(fmt.Errorf("--fail-on is %s, not %q", results.Worse, o.failOn))
	}
	if err := o.outputs.check(); err != nil {
		return err
	}
	s, err := a.openStore(ctx, o.store)
	if err != nil {
		return err
	}
	defer s.Close()
	sides, err := a.comparedSides(ctx, s, [2]string{baseline, candidate}, o.experiment)
	if err != nil {
		return err
	}
	if sides[0].named.Run == sides[1].named.Run && (sides[0].named.Run != "" || sides[0].named.SHA == sides[1].named.SHA) {
		return usage(fmt.Errorf("%s and %s are the same: there is nothing to compare", baseline, candidate))
	}
	experiment, err := experimentOf(ctx, s, sides, o.experiment)
	if err != nil {
		return err
	}
	var notes []string
	for i := range sides {
		if err := sides[i].read(ctx, s, experiment, sides[1-i].named.Run); err != nil {
			return err
		}
		if err := sides[i].preferClean(ctx, s, sides[1-i].named, experiment); err != nil {
			return err
		}
		notes = append(notes, sides[i].notes...)
	}
	notes = append(notes, sides[1].choose("")...)
	notes = append(notes, sides[0].choose(sides[1].stored.Build.Called())...)
	c := verdict.Compare(sides[0].stored, sides[1].stored)
	c.Notes = append(notes, c.Notes...)
	if err := a.deliver(report.NewCompared(c), o.outputs, report.Options{Store: "sqlite:" + s.Path()}); err != nil {
		return err
	}
	if o.failOn == string(c.Outcome) {
		return &exitError{exitFail, nil}
	}
	return nil
}
