package cli

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
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
		if old := run.Builds[i]; b.SHA == old.SHA && b.Dirty && (b.DiffDigest == "" || old.DiffDigest == "") {
			return usage(fmt.Errorf("--resume %s: it is not known whether its %s was another build: what is not committed could not be read (%s)",
				run.ID, (&side{number: i}).name(), oneLine(cmp.Or(old.Note, b.Note))))
		} else if !verdict.SameBuild(old, b) || old.ImageDigest != b.ImageDigest {
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
// word. Of flags that are given with it those stand that change nothing of what is measured, and secrets, which are not kept.
func (a *app) resumeCommand(ctx context.Context, command string, o gateOptions) error {
	run, err := a.begunPairs(ctx, command, o)
	if err != nil {
		return err
	}
	c, given, err := a.bothCommands(command, run)
	if err != nil {
		return err
	}
	c.SetContext(ctx)
	if err := takeGiven(c.Flags(), given.Flags(), run.ID); err != nil {
		return err
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

// resumedAlike refuses to go on with a run by a whole command whose flags are not those that it was begun with. Its builds and its seed are
// looked at once they are known.
func (a *app) resumedAlike(ctx context.Context, command string, args []string, o gateOptions) error {
	if o.resume == "" || len(args) == 0 {
		return nil
	}
	run, err := a.begunPairs(ctx, command, o)
	if err != nil {
		return err
	}
	begun, given, err := a.bothCommands(command, run)
	if err != nil {
		return err
	}
	given.Flags().VisitAll(func(f *pflag.Flag) {
		was := begun.Flags().Lookup(f.Name)
		if err == nil && !anew(f.Name) && f.Name != "baseline" && f.Name != "seed" && !slices.EqualFunc(valuesOf(was), valuesOf(f), isValue) {
			err = otherFlag(run.ID, f.Name)
		}
	})
	return err
}

// bothCommands are the command that a run was begun with, and the one by which it goes on.
func (a *app) bothCommands(command string, run results.Run) (begun, given *cobra.Command, err error) {
	parsed := func(args []string) (*cobra.Command, error) {
		c, _, err := a.root().Find([]string{command})
		if err != nil {
			return nil, broken(err)
		}
		if err := c.ParseFlags(after(command, args)); err != nil {
			return nil, usage(err)
		}
		return c, nil
	}
	if begun, err = parsed(run.Command); err != nil {
		return nil, nil, err
	}
	given, err = parsed(a.Args)
	return begun, given, err
}

// anew says whether a flag may be given anew to a run that goes on: it changes nothing of what is measured.
func anew(flag string) bool {
	return slices.Contains(slices.Concat(formatNames(), []string{"resume", "store", "inconclusive", "no-profiles", "no-wait", "quiet", "verbose", "help"}), flag)
}

// takeGiven puts flags that are given to a run that goes on into those that it was begun with.
func takeGiven(begun, given *pflag.FlagSet, run string) (err error) {
	given.Visit(func(f *pflag.Flag) {
		if err == nil {
			err = takeFlag(begun.Lookup(f.Name), f, run)
		}
	})
	begun.Visit(func(f *pflag.Flag) {
		for _, value := range valuesOf(f) {
			if err == nil && strings.Contains(value, provenance.Redacted) {
				name, _, _ := strings.Cut(value, "=")
				err = usage(&notKeptError{run: run, flag: f.Name, name: name})
			}
		}
	})
	return err
}

// takeFlag takes one of them. It has the value that it had, or one that was not kept.
func takeFlag(was, f *pflag.Flag, run string) error {
	if anew(f.Name) {
		return was.Value.Set(f.Value.String())
	}
	all := valuesOf(was)
	for _, value := range valuesOf(f) {
		i := slices.IndexFunc(all, func(begun string) bool { return isValue(begun, value) })
		if i < 0 {
			return otherFlag(run, f.Name)
		}
		all[i] = value
	}
	if list, ok := was.Value.(pflag.SliceValue); ok {
		return list.Replace(all)
	}
	return nil
}

// valuesOf are the values of a flag, of which there may be more where it may be repeated.
func valuesOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return slices.Clone(list.GetSlice())
	}
	return []string{f.Value.String()}
}

// isValue says whether a value may be the one that is stored, of which secrets are not kept.
func isValue(stored, value string) bool {
	known := strings.Split(stored, provenance.Redacted)
	for i, text := range known {
		known[i] = regexp.QuoteMeta(text)
	}
	return stored == value || len(known) > 1 && regexp.MustCompile(`(?s)^`+strings.Join(known, `.+`)+`$`).MatchString(value)
}

// otherFlag refuses a flag that would let the pairs that come be measured in another way than those before. What it was may be a secret.
func otherFlag(run, flag string) error {
	return usage(fmt.Errorf("--resume %s: --%s is not as it was when the run was begun, and pairs that are measured in different ways can't be put together", run, flag))
}

// notKeptError says that a run can't go on without a secret that was given to it, and was not kept.
type notKeptError struct {
	run, flag string
	name      string // what it is the value of
}

func (e *notKeptError) Error() string {
	return fmt.Sprintf("--resume %s: the value of --%s %s is a secret, which was not kept", e.run, e.flag, e.name)
}

func (e *notKeptError) hint() string {
	return fmt.Sprintf("give it again: --resume %s --%s %s=VALUE", e.run, e.flag, e.name)
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
