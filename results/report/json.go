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

// jsonRun is the object that --json writes. Scripts rely on its keys: adding some is free, renaming and removing is not.
// What is not known is null. Phases, faults and fitness stand for the first trial; all trials are in Trials.
type jsonRun struct {
	Schema     int         `json:"schema"`
	ID         string      `json:"id"`
	Experiment string      `json:"experiment"`
	Status     string      `json:"status"`
	Verdict    *string     `json:"verdict"` // pass, fail, inconclusive
	Reason     *string     `json:"reason"`
	Answer     string      `json:"answer"` // the first line of the other reports
	Created    *time.Time  `json:"created"`
	Ended      *time.Time  `json:"ended"`
	Command    []string    `json:"command"`
	Seed       int64       `json:"seed"`
	TimeScale  float64     `json:"time_scale"`
	Provider   *string     `json:"provider"`
	Builds     []jsonBuild `json:"builds"`
	Host       jsonHost    `json:"host"`
	CI         *results.CI `json:"ci"`

	Phases  []jsonPhase  `json:"phases"`
	Faults  []jsonFault  `json:"faults"`
	Fitness *jsonFitness `json:"fitness"`

	Judge          int                `json:"judge"` // version of the rules that gave the verdict
	Evidence       []jsonEvidence     `json:"evidence"`
	Comparisons    []jsonComparison   `json:"comparisons"`
	PhaseSummaries []jsonPhaseSummary `json:"phase_summaries"`
	Warnings       []string           `json:"warnings"`
	Artifacts      []results.Artifact `json:"artifacts"`
	Trials         []jsonTrial        `json:"trials"`
}

type jsonBuild struct {
	SHA         *string `json:"sha"`
	Dirty       *bool   `json:"dirty"`
	DiffDigest  *string `json:"diff_digest"`
	Ref         *string `json:"ref"`
	HeadSHA     *string `json:"head_sha"`
	MergeSHA    *string `json:"merge_sha"`
	ImageDigest *string `json:"image_digest"`
	Variant     *string `json:"variant"`
	Note        *string `json:"note"`
}

type jsonHost struct {
	Fingerprint *string           `json:"fingerprint"`
	Name        *string           `json:"name"`
	OS          *string           `json:"os"`
	Kernel      *string           `json:"kernel"`
	Arch        *string           `json:"arch"`
	CPU         *string           `json:"cpu"`
	Cores       int               `json:"cores"`
	MemoryBytes int64             `json:"memory_bytes"`
	Tools       map[string]string `json:"tools"`
}

type jsonPhase struct {
	Name   string   `json:"name"`  // warmup, steady, fault, recovery
	Fault  *string  `json:"fault"` // names joined by + where faults overlap
	Start  *float64 `json:"start_s"`
	End    *float64 `json:"end_s"`
	Faults []string `json:"faults"`
}

type jsonFault struct {
	Name         string          `json:"name"`
	Link         *string         `json:"link"`
	Node         *string         `json:"node"`
	Kind         string          `json:"kind"`
	PlannedStart *float64        `json:"planned_start_s"`
	PlannedEnd   *float64        `json:"planned_end_s"`
	Start        *float64        `json:"start_s"`
	End          *float64        `json:"end_s"`
	Applied      bool            `json:"applied"`
	Removed      bool            `json:"removed"`
	Effect       *results.Effect `json:"effect"`
	Ladder       []string        `json:"ladder"`
	Error        *string         `json:"error"`
}

type jsonFitness struct {
	Fit            bool     `json:"fit"`
	Reasons        []string `json:"reasons"`
	CPUPercent     *float64 `json:"cpu_percent"`
	Cores          int      `json:"cores"`
	Offered        int64    `json:"offered"`
	Served         int64    `json:"served"`
	Failed         int64    `json:"failed"`
	Dropped        int64    `json:"dropped"`
	Interrupted    int64    `json:"interrupted"`
	LatenessP99    *float64 `json:"lateness_p99_ms"` // null where the intended start is not known
	Exceptions     int64    `json:"exceptions"`
	FirstException *string  `json:"first_exception"`
	ExitCode       int      `json:"exit_code"`
	Aborted        *string  `json:"aborted"`
}

type jsonEvidence struct {
	What    string   `json:"what"`
	Trial   int      `json:"trial"` // 0: all
	Phase   *string  `json:"phase"`
	Value   *float64 `json:"value"`
	Unit    string   `json:"unit"`
	Bound   string   `json:"bound"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	Samples int64    `json:"samples"`
	Outcome *string  `json:"outcome"`
	Reason  *string  `json:"reason"`
}

type jsonComparison struct {
	Metric    string   `json:"metric"`
	Statistic string   `json:"statistic"`
	Phase     string   `json:"phase"`
	Ratio     *float64 `json:"ratio"`
	Low       *float64 `json:"low"`
	High      *float64 `json:"high"`
	Outcome   *string  `json:"outcome"`
	MDE       *float64 `json:"mde"`
}

type jsonPhaseSummary struct {
	Trial     int      `json:"trial"`
	Phase     string   `json:"phase"`
	Start     *float64 `json:"start_s"`
	End       *float64 `json:"end_s"`
	Rate      *float64 `json:"rate"`
	Requests  int64    `json:"requests"`
	ErrorRate *float64 `json:"error_rate"` // null without requests, as are the latencies
	P50       *float64 `json:"p50_ms"`
	P95       *float64 `json:"p95_ms"`
	P99       *float64 `json:"p99_ms"`
}

type jsonTrial struct {
	Number       int            `json:"number"`
	Build        int            `json:"build"`
	Status       string         `json:"status"`
	Reason       *string        `json:"reason"`
	Began        *time.Time     `json:"began"`
	Zero         *time.Time     `json:"zero"`
	Ended        *time.Time     `json:"ended"`
	Phases       []jsonPhase    `json:"phases"`
	Faults       []jsonFault    `json:"faults"`
	Fitness      *jsonFitness   `json:"fitness"`
	Nodes        []results.Node `json:"nodes"`
	Links        []results.Link `json:"links"`
	Recording    *string        `json:"recording"`
	OpenModel    bool           `json:"open_model"`
	ConstantRate bool           `json:"constant_rate"`
}

// JSON writes one indented object with its keys in the order of jsonRun.
func JSON(w io.Writer, d Document, _ Options) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // or each -> and < of a report would become \u003e and \u003c
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(toJSON(d)); err != nil {
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
		PhaseSummaries: each(run.Verdict.Phases, toJSONPhaseSummary), Warnings: list(d.Warnings),
		Artifacts: list(run.Artifacts), Trials: each(run.Trials, toJSONTrial),
	}
	if len(j.Trials) > 0 {
		j.Phases, j.Faults, j.Fitness = j.Trials[0].Phases, j.Trials[0].Faults, j.Trials[0].Fitness
	}
	return j
}

func toJSONBuild(b results.Build) jsonBuild {
	j := jsonBuild{SHA: known(b.SHA), DiffDigest: known(b.DiffDigest), Ref: known(b.Ref), HeadSHA: known(b.HeadSHA),
		MergeSHA: known(b.MergeSHA), ImageDigest: known(b.ImageDigest), Variant: known(b.Variant), Note: known(b.Note)}
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
		Effect: f.Effect, Ladder: list(f.Ladder), Error: known(f.Error)}
	if f.Applied {
		j.Start = number(f.Start)
	}
	if f.Applied && f.Removed {
		j.End = number(f.End)
	}
	return j
}

func toJSONFitness(trial results.Trial) *jsonFitness {
	if !measuredLoad(trial) {
		return nil
	}
	f := trial.Fitness
	j := &jsonFitness{Fit: f.Fit, Reasons: list(f.Reasons), CPUPercent: number(f.CPUPercent), Cores: f.Cores,
		Offered: f.Offered, Served: f.Served, Failed: f.Failed, Dropped: f.Dropped, Interrupted: f.Interrupted,
		Exceptions: f.Exceptions, FirstException: known(f.FirstException), ExitCode: f.ExitCode, Aborted: known(f.Aborted)}
	if trial.OpenModel {
		j.LatenessP99 = number(f.LatenessP99)
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
		Rate: number(p.Rate), Requests: p.Requests}
	if p.Requests > 0 {
		j.ErrorRate, j.P50, j.P95, j.P99 = number(p.ErrorRate), number(p.P50), number(p.P95), number(p.P99)
	}
	return j
}

func toJSONTrial(t results.Trial) jsonTrial {
	return jsonTrial{Number: t.Number, Build: t.Build, Status: string(t.Status), Reason: known(t.Reason),
		Began: when(t.Began), Zero: when(t.Zero), Ended: when(t.Ended), Phases: each(t.Phases, toJSONPhase),
		Faults: each(t.Faults, toJSONFault), Fitness: toJSONFitness(t), Nodes: list(t.Nodes), Links: list(t.Links),
		Recording: known(t.Recording), OpenModel: t.OpenModel, ConstantRate: t.ConstantRate}
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
