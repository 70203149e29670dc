package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// reopenPairs takes up a timing gate that was interrupted: with its plan, its seed and its builds. Pairs that are not whole are dropped.
func (inv *invocation) reopenPairs(ctx context.Context) error {
	run, err := inv.store.Run(ctx, inv.options.resume)
	if err != nil {
		return usage(err)
	}
	if run.Question.Gate != nil {
		inv.turnedSince(*run.Question.Gate)
	}
	asked, was := inv.question.timing.asked(), run.Question.Gate
	switch {
	case was == nil:
		return usage(fmt.Errorf("--resume %s: it is no timing gate that was begun", run.ID))
	case (run.Question.Calibration == nil) != (inv.question.timing.calibration == nil):
		return usage(fmt.Errorf("--resume %s: it was begun by `brunt %s`", run.ID, run.Question.Asker))
	case run.Experiment != inv.question.experiment.Name:
		return usage(fmt.Errorf("--resume %s: it asked something else: %s", run.ID, run.Experiment))
	case inv.options.seed != 0 && inv.options.seed != run.Seed:
		return usage(fmt.Errorf("--resume %s: it has the seed %d", run.ID, run.Seed))
	case was.Mode != asked.Mode || was.Measured != asked.Measured || was.Metric != asked.Metric:
		return usage(fmt.Errorf("--resume %s: its pairs were measured in another way (%s, %g s); leave the experiment and the flags out", run.ID, was.Mode, was.Measured))
	}
	now, err := inv.measuredNow(ctx)
	if err != nil {
		return err
	}
	again := inv.builds(now)
	if len(run.Builds) != len(again) {
		run.Builds = again // it had not come so far
	}
	for i, b := range again {
		if old := run.Builds[i]; old.SHA != b.SHA || old.DiffDigest != b.DiffDigest || old.Called() != b.Called() || old.ImageDigest != b.ImageDigest {
			return usage(fmt.Errorf("--resume %s: its %s was another build: %s, not %s", run.ID, (&side{number: i}).name(), buildName(old), buildName(b)))
		}
	}
	if !sameAccepted(inv.question.acceptances(), run.Question.Accept) {
		run.Warnings = appendNew(run.Warnings, "what the experiment accepts is not what it was when the gate began, by which it is judged")
	}
	run.Trials = wholePairs(run.Trials)
	inv.run = run
	return nil
}

// sameAccepted says whether two lists accept the same, wherever that was written.
func sameAccepted(a, b []results.Acceptance) bool {
	return slices.EqualFunc(a, b, func(x, y results.Acceptance) bool {
		x.Origin, y.Origin = "", ""
		return x == y
	})
}

// wholePairs leaves out the trials of pairs that were cut off.
func wholePairs(trials []results.Trial) []results.Trial {
	whole := map[int]int{}
	for _, t := range trials {
		if t.Pair > 0 && !isCutOff(t) {
			whole[t.Pair]++
		}
	}
	return slices.DeleteFunc(slices.Clone(trials), func(t results.Trial) bool { return whole[t.Pair] != 2 })
}

// resumeCommand goes on with a stored gate or calibration by the command that it was begun with: `brunt gate --resume RUN` needs no other
// word. Flags that are given with it come last, and so stand.
func (a *app) resumeCommand(ctx context.Context, command string, o gateOptions) error {
	run, err := a.begunPairs(ctx, command, o)
	if err != nil {
		return err
	}
	c, _, err := a.root().Find([]string{command})
	if err != nil {
		return broken(err)
	}
	c.SetContext(ctx)
	if err := c.ParseFlags(slices.Concat(after(command, run.Command), after(command, a.Args))); err != nil {
		return usage(err)
	}
	// A ref such as main may be another commit by now.
	if baseline := c.Flags().Lookup("baseline"); baseline != nil && !isVariant(baseline.Value.String()) && !isImage(baseline.Value.String()) {
		if sha := run.Builds[0].SHA; sha != "" && len(run.Builds) == 2 {
			if err := baseline.Value.Set(sha); err != nil {
				return usage(err)
			}
		}
	}
	args := c.Flags().Args()
	if len(args) != 1 {
		return usage(fmt.Errorf("--resume %s: how it was begun is not known; give the experiment and the flags again", run.ID))
	}
	return c.RunE(c, args)
}

// after is what stands after the command's name.
func after(command string, args []string) []string { return args[slices.Index(args, command)+1:] }

func isVariant(baseline string) bool { return strings.HasPrefix(baseline, "variant:") }

// isImage: no ref of git has a colon.
func isImage(baseline string) bool {
	return strings.Contains(baseline, "@sha256:") || strings.HasPrefix(baseline, "sha256:")
}

// begunPairs is the stored run of a command that is to go on.
func (a *app) begunPairs(ctx context.Context, command string, o gateOptions) (results.Run, error) {
	s, err := a.openStore(ctx, o.store)
	if err != nil {
		return results.Run{}, err
	}
	defer s.Close()
	run, err := s.Run(ctx, o.resume)
	if err != nil {
		return results.Run{}, usage(err)
	}
	if run.Question.Gate == nil || run.Question.Asker != command || len(run.Builds) == 0 || !slices.Contains(run.Command, command) {
		what := map[string]string{results.AskerGate: "timing gate", results.AskerCalibrate: "calibration"}[command]
		return results.Run{}, usage(fmt.Errorf("--resume %s: it is no %s that was begun", run.ID, what))
	}
	return run, nil
}
