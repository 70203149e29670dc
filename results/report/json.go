package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// JSON writes one indented object with its keys in the order of jsonRun, jsonTrack, jsonGates or jsonCompared.
func JSON(w io.Writer, d Document, _ Options) error {
	var object any
	switch {
	case d.Track != nil:
		object = toJSONTrack(d)
	case d.Gates != nil:
		object = toJSONGates(d)
	case d.Compared != nil:
		object = jsonCompared{Schema: results.Schema, Answer: d.Answer.String(), Compared: *d.Compared}
	default:
		object = toJSON(d)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // or each -> and < of a report would become \u003e and \u003c
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(object); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return nil
}

func toJSON(d Document) jsonRun {
	run := d.Run
	j := jsonRun{
		Schema: results.Schema, ID: run.ID, Experiment: run.Experiment, Status: string(run.Status),
		Verdict: known(string(run.Verdict.Outcome)), Reason: known(run.Reason), Answer: d.Answer.String(),
		Created: when(run.Created), Ended: when(run.Ended), Command: list(run.Command), Seed: run.Seed,
		TimeScale: run.TimeScale, Provider: known(run.Provider), CI: run.CI, Host: toJSONHost(run.Host),
		Judge: run.Verdict.Judge, Builds: each(run.Builds, toJSONBuild), Phases: []jsonPhase{}, Faults: []jsonFault{},
		Evidence: each(run.Verdict.Evidence, toJSONEvidence), Comparisons: each(run.Verdict.Comparisons, toJSONComparison),
		SLOs: list(run.Question.SLOs), Generator: known(run.Question.Generator), PhaseSummaries: each(run.Verdict.Phases, toJSONPhaseSummary), Warnings: list(d.Warnings),
		Artifacts: list(run.Artifacts), Trials: each(run.Trials, toJSONTrial),
		Resilience: run.Verdict.Resilience, Recoveries: run.Verdict.Recoveries,
	}
	j.Dependencies = run.Verdict.Uses
	j.Expected = run.Verdict.Expected
	if len(run.Verdict.Measurements) > 0 {
		j.Measurements = each(run.Verdict.Measurements, toJSONEvidence)
	}
	if found := run.Verdict.Breakpoints; len(found) > 0 {
		j.Breakpoint, j.Breakpoints = &found[0], found
	}
	j.Tolerances, j.RoundTrips, j.Cells = run.Verdict.Tolerances, run.Verdict.RoundTrips, run.Verdict.Cells
	j.AskedCells = run.Question.Cells
	j.Gate, j.GatePlan, j.Profiled = run.Verdict.Gate, run.Question.Gate, run.Profiled
	j.Foreseen, j.NoiseCard, j.Calibration = run.Foresight, run.Verdict.Noise, run.Question.Calibration
	j.Costs, j.CostChanges, j.Accepted = run.Verdict.Costs, run.Verdict.CostChanges, run.Verdict.Accepted
	if len(j.Trials) > 0 {
		j.Phases, j.Faults, j.Fitness = j.Trials[0].Phases, j.Trials[0].Faults, j.Trials[0].Fitness
	}
	return j
}

func toJSONBuild(b results.Build) jsonBuild {
	j := jsonBuild{SHA: known(b.SHA), DiffDigest: known(b.DiffDigest), Ref: known(b.Ref), HeadSHA: known(b.HeadSHA),
		MergeSHA: known(b.MergeSHA), ImageDigest: known(b.ImageDigest), Variant: known(b.Variant), Alternative: b.Alternative, Note: known(b.Note)}
	if b.SHA != "" || b.Dirty {
		j.Dirty = &b.Dirty
	}
	return j
}

func toJSONHost(h results.Host) jsonHost {
	j := jsonHost{Fingerprint: known(h.Fingerprint), Name: known(h.Name), OS: known(h.OS), Kernel: known(h.Kernel),
		Arch: known(h.Arch), CPU: known(h.CPU), Cores: h.Cores, MemoryBytes: h.MemoryBytes, Tools: h.Tools}
	if j.Tools == nil {
		j.Tools = map[string]string{}
	}
	return j
}

func toJSONPhase(p results.Phase) jsonPhase {
	return jsonPhase{Name: string(p.Name), Fault: known(strings.Join(p.Faults, "+")), Start: number(p.Start),
		End: number(p.End), Faults: list(p.Faults)}
}

func toJSONFault(f results.Fault) jsonFault {
	j := jsonFault{Name: f.Name, Link: known(f.Link), Node: known(f.Node), Kind: f.Kind,
		PlannedStart: number(f.PlannedStart), PlannedEnd: number(f.PlannedEnd), Applied: f.Applied, Removed: f.Removed,
		Effect: toJSONEffect(f.Effect), Ladder: list(f.Ladder), Error: known(f.Error), Occurrence: f.Occurrence}
	if f.Applied {
		j.Start = number(f.Start)
	}
	if f.Applied && f.Removed {
		j.End = number(f.End)
	}
	return j
}

func toJSONEffect(e *results.Effect) *jsonEffect {
	if e == nil {
		return nil
	}
	return &jsonEffect{Seen: e.Seen, What: e.What, Unit: e.Unit, Before: number(e.Before), During: number(e.During),
		After: number(e.After), Added: number(e.Added), Probes: e.Probes, Note: known(e.Note), Idle: e.Idle}
}

func toJSONFitness(trial results.Trial) *jsonFitness {
	if !measuredLoad(trial) {
		return nil
	}
	f := trial.Fitness
	j := &jsonFitness{Fit: f.Fit, Reasons: list(f.Reasons), CPUPercent: number(f.CPUPercent), Cores: f.Cores,
		Offered: f.Offered, Served: f.Served, Failed: f.Failed, Dropped: f.Dropped, Interrupted: f.Interrupted,
		Saturated: f.Saturated, Exceptions: f.Exceptions, FirstException: known(f.FirstException), ExitCode: f.ExitCode, Aborted: known(f.Aborted),
		Late: f.Late, Waited: f.Waited, Machine: f.Machine, FirstStack: known(f.FirstStack), Signal: known(f.Signal), OOMKilled: f.OOMKilled}
	if trial.OpenModel {
		j.LatenessP99 = number(f.LatenessP99)
	}
	if f.Due > 0 {
		j.Due = &f.Due
	}
	if f.AllowedVUs > 0 {
		j.VUs = &jsonVUs{Most: f.MostVUs, Allowed: f.AllowedVUs, Needed: measuredNumber(f.NeededVUs)}
		j.LatenessOwnP99 = number(f.LatenessOwnP99)
	}
	if f.QuotaCores > 0 {
		j.QuotaCores, j.Throttled = number(f.QuotaCores), number(f.Throttled)
	}
	j.CPUSeconds, j.CPUNeeded = measuredNumber(f.CPUSeconds), measuredNumber(f.CPUNeeded)
	if f.SchedulerP99 > 0 { // the child told of itself
		j.SchedulerP99, j.GCPauseP99, j.GCShare = number(f.SchedulerP99), number(f.GCPauseP99), number(f.GCShare)
	}
	return j
}

func toJSONEvidence(e results.Evidence) jsonEvidence {
	return jsonEvidence{What: e.What, Trial: e.Trial, Phase: known(e.Phase), Value: optional(e.Value), Unit: e.Unit,
		Bound: e.Bound, Low: optional(e.Low), High: optional(e.High), Samples: e.Samples,
		Outcome: known(string(e.Outcome)), Reason: known(e.Reason)}
}

func toJSONComparison(c results.Comparison) jsonComparison {
	return jsonComparison{Metric: c.Metric, Statistic: c.Statistic, Phase: c.Phase, Ratio: number(c.Ratio),
		Low: number(c.Low), High: number(c.High), Outcome: known(string(c.Outcome)), MDE: number(c.MDE)}
}

func toJSONPhaseSummary(p results.PhaseSummary) jsonPhaseSummary {
	j := jsonPhaseSummary{Trial: p.Trial, Phase: p.Phase, Start: number(p.Start), End: number(p.End),
		Rate: number(p.Rate), Requests: p.Requests, Goodput: optional(p.Goodput)}
	if p.Requests > 0 {
		j.ErrorRate, j.P50, j.P95, j.P99 = number(p.ErrorRate), number(p.P50), number(p.P95), number(p.P99)
	}
	return j
}

func toJSONTrial(t results.Trial) jsonTrial {
	return jsonTrial{Number: t.Number, Pair: t.Pair, Build: t.Build, Status: string(t.Status), Reason: known(t.Reason),
		Began: when(t.Began), Zero: when(t.Zero), Ended: when(t.Ended), Phases: each(t.Phases, toJSONPhase),
		Faults: each(t.Faults, toJSONFault), Fitness: toJSONFitness(t), Nodes: list(t.Nodes), Links: list(t.Links), Selectors: list(t.Selectors),
		Recording: known(t.Recording), Metrics: known(t.Metrics), Scrapes: t.Scrapes, OpenModel: t.OpenModel, ConstantRate: t.ConstantRate, Drivers: t.Drivers, Escape: t.Escape, Ledgers: t.Ledgers}
}

// each converts a list; the result is never null.
func each[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}

// list is the list itself, never null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// known is null for an empty text.
func known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// number is null for what JSON can't express.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// measuredNumber is null for 0, where that says that nothing was measured.
func measuredNumber(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return number(v)
}

func optional(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return number(*v)
}

// when is null for the zero time.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
