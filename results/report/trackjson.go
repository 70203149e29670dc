package report

import (
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// jsonTrack is the object that --json writes of a track record. As of jsonRun, adding keys is free, renaming and removing is not.
type jsonTrack struct {
	Schema     int         `json:"schema"`
	Status     string      `json:"status"`
	Reason     *string     `json:"reason"`
	Answer     string      `json:"answer"`
	AsDeclared bool        `json:"as_declared"` // every verdict is
	Created    *time.Time  `json:"created"`
	Ended      *time.Time  `json:"ended"`
	Command    []string    `json:"command"`
	Seed       int64       `json:"seed"`
	TimeScale  float64     `json:"time_scale"`
	Provider   *string     `json:"provider"`
	Builds     []jsonBuild `json:"builds"`
	Host       *jsonHost   `json:"host"` // null: nothing ran

	Targets  []jsonTarget `json:"targets"`
	Warnings []string     `json:"warnings"`
}

type jsonTarget struct {
	Target     string     `json:"target"`
	Cause      *string    `json:"cause"`
	AsDeclared bool       `json:"as_declared"`
	Naive      *jsonShown `json:"naive"` // null: it did not run
	Fixed      *jsonShown `json:"fixed"`

	Alternatives []jsonAlternative `json:"alternatives"`
	Unasked      []string          `json:"unasked_alternatives"` // declared, and not asked for

	Rows []jsonSide `json:"rows"`
}

// jsonAlternative is what one alternative showed.
type jsonAlternative struct {
	Name    string     `json:"name"`
	Variant string     `json:"variant"`
	Set     []string   `json:"set"` // path=value
	Cause   *string    `json:"cause"`
	Shown   *jsonShown `json:"shown"` // null: it did not run
}

// jsonShown is what one variant showed.
type jsonShown struct {
	Run        string  `json:"run"` // its id in the store
	Status     string  `json:"status"`
	Verdict    *string `json:"verdict"`
	Declared   *string `json:"declared"` // the verdict that was declared; null: none was
	Because    *string `json:"because"`
	AsDeclared bool    `json:"as_declared"`
	Reason     *string `json:"reason"`
}

// jsonSide is one SLO or measurement in all that is compared.
type jsonSide struct {
	What        string        `json:"what"`
	Because     bool          `json:"because"` // naive has to fail by it; by what an alternative has to stands with it
	Measurement bool          `json:"measurement"`
	Naive       *jsonEvidence `json:"naive"` // null: it was not asked, or did not run
	Fixed       *jsonEvidence `json:"fixed"`

	Alternatives map[string]*jsonEvidence `json:"alternatives,omitempty"` // by name; null as of the variants
}

func toJSONTrack(d Document) jsonTrack {
	record := d.Track
	j := jsonTrack{
		Schema: results.Schema, Status: string(record.Status), Reason: known(record.Reason), Answer: d.Answer.String(),
		AsDeclared: record.Status == results.StatusComplete && len(record.Targets) > 0,
		Created:    when(record.Created), Ended: when(record.Ended), Command: list(record.Command), Seed: record.Seed,
		TimeScale: record.TimeScale, Builds: []jsonBuild{}, Targets: each(record.Targets, toJSONTarget), Warnings: list(d.Warnings),
	}
	for _, t := range record.Targets {
		j.AsDeclared = j.AsDeclared && t.Met()
		for _, run := range shownRuns(t) {
			if j.Host == nil {
				host := toJSONHost(run.Host)
				j.Host, j.Builds = &host, each(run.Builds, toJSONBuild)
			}
			if run.Provider != "none" { // a run that did not start has none
				j.Provider = known(run.Provider)
			}
		}
	}
	for i := range j.Builds {
		j.Builds[i].Variant, j.Builds[i].Alternative = nil, "" // all were run
	}
	return j
}

func toJSONTarget(t results.TargetRecord) jsonTarget {
	j := jsonTarget{
		Target: t.Target, Cause: known(t.Cause), AsDeclared: t.Met(), Naive: toJSONShown(t.Naive), Fixed: toJSONShown(t.Fixed),
		Alternatives: each(t.Alternatives, toJSONAlternative), Unasked: list(t.Unasked), Rows: []jsonSide{},
	}
	because := becauseOf(t.Naive)
	for _, what := range asked(t) {
		row := jsonSide{What: what, Because: what == because, Naive: toJSONSide(t.Naive, what), Fixed: toJSONSide(t.Fixed, what)}
		for _, a := range t.Alternatives {
			if row.Alternatives == nil {
				row.Alternatives = map[string]*jsonEvidence{}
			}
			row.Alternatives[a.Name] = toJSONSide(a.Run, what)
		}
		for _, run := range shownRuns(t) {
			if e := rowOf(run, what); e != nil {
				row.Measurement = e.Outcome == ""
			}
		}
		j.Rows = append(j.Rows, row)
	}
	return j
}

func toJSONSide(run *results.Run, what string) *jsonEvidence {
	from := rowOf(run, what)
	if from == nil {
		return nil
	}
	e := toJSONEvidence(*from)
	return &e
}

func toJSONAlternative(a results.AlternativeRecord) jsonAlternative {
	return jsonAlternative{Name: a.Name, Variant: a.Variant, Set: list(a.Set), Cause: known(a.Cause), Shown: toJSONShown(a.Run)}
}

func toJSONShown(run *results.Run) *jsonShown {
	if run == nil {
		return nil
	}
	j := &jsonShown{Run: run.ID, Status: string(run.Status), Verdict: known(string(run.Verdict.Outcome)), AsDeclared: run.AsDeclared(), Reason: known(run.Reason)}
	if x := run.Verdict.Expected; x != nil {
		j.Declared, j.Because, j.Reason = known(string(x.Verdict)), known(x.Because), known(x.Reason)
	}
	return j
}
