package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// Stored is one side of a comparison: a build, and the stored runs that may speak for it.
type Stored struct {
	Reference string        // as it was asked for
	Build     results.Build // that is compared
	Runs      []results.Run // in any order; trials of other builds in them are not looked at
}

// kindBreakpoint is that of runs which searched for the breakpoint: their phases offer another load in each run.
const kindBreakpoint = "breakpoint"

// execution is a trial of one of the two builds: one start of its processes, which is what replicates a measurement.
type execution struct {
	run   *results.Run
	trial *results.Trial
	// unfit says that generator or machine were out of bounds: nothing that takes time is believed.
	unfit bool
}

// contrast compares runs of one kind.
type contrast struct {
	out    *results.Compared
	kind   string
	effect map[results.DifferenceEffect]bool
	sides  [2][]execution // baseline, candidate; oldest first
}

// Compare holds what is stored of a candidate against what is stored of a baseline. It reads no recordings. The rules stand in the
// documentation of the package, under Two builds out of the store.
func Compare(baseline, candidate Stored) results.Compared {
	sides := [2]Stored{baseline, candidate}
	c := results.Compared{
		Outcome: results.Unclear, Differences: []results.Difference{}, Rows: []results.ComparedRow{}, SLOs: []results.ComparedSLO{}, Notes: []string{},
		Baseline:  results.ComparedSide{Reference: baseline.Reference, Build: baseline.Build, Runs: []results.ComparedRun{}},
		Candidate: results.ComparedSide{Reference: candidate.Reference, Build: candidate.Build, Runs: []results.ComparedRun{}},
	}
	for _, s := range sides {
		if len(s.Runs) > 0 {
			c.Experiment = s.Runs[0].Experiment
		}
	}
	for _, kind := range kindsOf(sides) {
		switch kind {
		case results.AskerGate:
			compareStoredCosts(&c, sides)
			continue
		case kindTiming:
			compareTimedGates(&c, sides)
			continue
		}
		if kind == results.AskerCalibrate { // a build against itself, and with changes that were planted
			continue
		}
		k := contrast{out: &c, kind: kind, effect: map[results.DifferenceEffect]bool{}}
		if !k.choose(sides) {
			continue
		}
		k.phases()
		k.work()
		k.recoveries()
		k.limits()
		k.scorecards()
		k.questions()
	}
	gateNotes(&c, sides)
	c.Outcome = together(c)
	if len(c.Rows)+len(c.Costs)+len(c.SLOs) == 0 {
		c.Notes = append(c.Notes, "nothing was measured on both sides that could be compared")
	}
	return c
}

// together is worse when anything is, else better when anything is, and same only when everything is.
func together(c results.Compared) results.ComparisonOutcome {
	found := map[results.ComparisonOutcome]bool{}
	for _, r := range c.Rows {
		found[r.Outcome] = true
	}
	for _, r := range c.Costs {
		found[r.Outcome] = true
	}
	for _, outcome := range []results.ComparisonOutcome{results.Worse, results.Better, results.Unclear, results.Same} {
		if found[outcome] {
			return outcome
		}
	}
	return results.Unclear
}

// kindOf tells runs apart that ask different things of the same experiment.
func kindOf(run results.Run) string {
	searched := slices.ContainsFunc(run.Trials, func(t results.Trial) bool { return t.Search != nil })
	switch {
	case run.Question.Asker == "" && searched:
		return kindBreakpoint
	case run.Question.Asker == results.AskerGate && run.Question.Gate != nil:
		return kindTiming
	}
	return run.Question.Asker
}

// kindsOf are the kinds of which there are runs, plain ones first.
func kindsOf(sides [2]Stored) (kinds []string) {
	for _, s := range sides {
		for _, run := range s.Runs {
			if k := kindOf(run); !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	slices.Sort(kinds)
	return kinds
}

// choose takes, of the runs of the kind, those of one configuration on each side: the two that differ least, of those the newest.
// It is false where a side has none.
func (k *contrast) choose(sides [2]Stored) bool {
	var groups [2][]configured
	for s, side := range sides {
		groups[s] = configurations(side, k.kind)
	}
	name := [2]string{"baseline", "candidate"}
	for s := range groups {
		if len(groups[s]) == 0 {
			k.note(fmt.Sprintf("the %s has no complete %s", name[s], k.runs()))
			return false
		}
	}
	var best [2]configured
	least := -1
	for _, candidate := range groups[1] {
		for _, baseline := range groups[0] {
			if n := weight(differences(baseline, candidate)); least < 0 || n < least {
				least, best = n, [2]configured{baseline, candidate}
			}
		}
	}
	for s := range groups {
		if more := len(groups[s]) - 1; more > 0 {
			left := 0
			for _, g := range groups[s] {
				left += len(g.runs)
			}
			k.note(fmt.Sprintf("left out: %s of the %s with another configuration; name one by its id to compare it",
				plural(int64(left-len(best[s].runs)), "run"), name[s]))
		}
	}
	for _, d := range differences(best[0], best[1]) {
		k.effect[d.Effect] = true
		if !slices.Contains(k.out.Differences, d) {
			k.out.Differences = append(k.out.Differences, d)
		}
	}
	k.take(sides, best)
	return true
}

// take makes executions of the trials of the chosen runs.
func (k *contrast) take(sides [2]Stored, chosen [2]configured) {
	for s, of := range []*results.ComparedSide{&k.out.Baseline, &k.out.Candidate} {
		for i := range chosen[s].runs {
			run := &chosen[s].runs[i]
			shown := comparedRun(run)
			for t := range run.Trials {
				trial := &run.Trials[t]
				if trial.Status != results.StatusComplete || !sides[s].is(*run, trial.Build) {
					continue
				}
				// Searches go beyond the limit on purpose, and of a gate's pairs it is known which count.
				e := execution{run: run, trial: trial, unfit: (k.kind == "" || k.kind == kindMatrix) && trial.Fitness.Saturated}
				if e.unfit {
					k.note(fmt.Sprintf("trial %d of run %s was not fit to measure times: %s", trial.Number, run.ID, firstText(trial.Fitness.Reasons)))
				} else {
					shown.Trials++
				}
				k.sides[s] = append(k.sides[s], e)
			}
			of.Runs = append(of.Runs, shown)
		}
		slices.SortStableFunc(k.sides[s], func(a, b execution) int {
			return cmp.Or(a.trial.Began.Compare(b.trial.Began), cmp.Compare(a.run.ID, b.run.ID))
		})
		slices.SortStableFunc(of.Runs, func(a, b results.ComparedRun) int {
			return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
	}
}

// comparedRun is a run as it is listed.
func comparedRun(run *results.Run) results.ComparedRun {
	return results.ComparedRun{
		ID: run.ID, Created: run.Created, Asker: run.Question.Asker, Provider: run.Provider, Host: run.Host.Fingerprint, HostName: run.Host.Name,
		CPU: run.Host.CPU, Cores: run.Host.Cores, Tools: run.Host.Tools,
	}
}

// is says whether a build of a run, by its index, is the one that is compared. Of changes that are not known nobody can say that another
// run has the same: then it is that of one run alone, the first.
func (s Stored) is(run results.Run, index int) bool {
	if index < 0 || index >= len(run.Builds) {
		return len(run.Builds) == 0 && s.Build == results.Build{}
	}
	if !unknownChanges(s.Build) {
		return SameBuild(run.Builds[index], s.Build)
	}
	first := slices.IndexFunc(s.Runs, func(r results.Run) bool { return slices.Contains(r.Builds, s.Build) })
	return run.Builds[index] == s.Build && first >= 0 && s.Runs[first].ID == run.ID
}

// unknownChanges says that a build has changes which are not committed, and that it is not known which.
func unknownChanges(b results.Build) bool { return b.Dirty && b.DiffDigest == "" }

// SameBuild says whether two descriptions are of one build: the commit with its uncommitted changes and the variant, or where no
// commit is known the image. Changes that are not known are never the same.
func SameBuild(a, b results.Build) bool {
	if unknownChanges(a) || unknownChanges(b) {
		return false
	}
	if a.SHA == "" && b.SHA == "" && a.ImageDigest != b.ImageDigest {
		return false
	}
	return a.SHA == b.SHA && a.Dirty == b.Dirty && a.DiffDigest == b.DiffDigest && a.Called() == b.Called()
}

// runs is what runs of the kind are called.
func (k *contrast) runs() string {
	switch k.kind {
	case "":
		return "run"
	case kindBreakpoint:
		return "search for the breakpoint"
	case kindTiming:
		return kindTiming
	case results.AskerGate:
		return "cost gate"
	}
	return "run of " + k.kind
}

func (k *contrast) note(text string) {
	if !slices.Contains(k.out.Notes, text) {
		k.out.Notes = append(k.out.Notes, text)
	}
}

func firstText(all []string) string {
	if len(all) == 0 {
		return "no reason was recorded"
	}
	return all[0]
}

// gateNotes name the gates that held these very builds against each other, which are better evidence.
func gateNotes(c *results.Compared, sides [2]Stored) {
	seen := map[string]bool{}
	for _, s := range sides {
		for _, run := range s.Runs {
			if seen[run.ID] || run.Question.Asker != results.AskerGate || len(run.Builds) != 2 {
				continue
			}
			seen[run.ID] = true
			is := func(build, side int) bool { return sides[side].is(run, build) }
			how := "in turn"
			switch {
			case is(0, 0) && is(1, 1):
			case is(0, 1) && is(1, 0):
				how = "in turn, this candidate as the baseline"
			default:
				continue
			}
			c.Notes = append(c.Notes, fmt.Sprintf("the gate %s of %s held these two builds against each other %s: %s",
				run.ID, run.Created.UTC().Format("2006-01-02"), how, run.Verdict.Outcome))
		}
	}
}
