package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

const becauseSlow = "p95(latency) < 300ms in redis-slow"

// variant is a run of a reference target with three SLOs and a measurement.
func variant(name string, slow float64) results.Run {
	r := passing()
	r.ID, r.Builds[0].Variant = "20260304-050607-"+name, name
	r.Question.SLOs = append(r.Question.SLOs, results.SLO{Text: becauseSlow})
	row := results.Evidence{What: becauseSlow, Trial: 1, Phase: "redis-slow", Value: ptr(slow), Unit: "ms", Bound: "< 300ms", Outcome: results.Pass}
	expect := results.Expectation{Variant: name, Verdict: results.Pass}
	reason := "it passes"
	if name == "naive" {
		expect.Verdict, expect.Because, expect.Cause = results.Fail, becauseSlow, "nobody told the cache's client how long to wait"
		reason = "it fails by " + becauseSlow + ", with 612ms"
		row.Outcome, r.Verdict.Outcome = results.Fail, results.Fail
	}
	r.Question.Expect = &expect
	r.Verdict.Evidence = append(r.Verdict.Evidence, row)
	r.Verdict.Expected = &results.Expected{Expectation: expect, Met: true, Reason: reason}
	r.Verdict.Measurements = []results.Evidence{{What: "per_request(redis.commands in redis-slow)", Trial: 1, Phase: "redis-slow", Value: ptr(slow / 306), Samples: 900}}
	return r
}

// declared is a run that did not show what is declared of its variant.
func declared() results.Run {
	r := variant("naive", 12)
	r.Verdict.Outcome, r.Verdict.Evidence[3].Outcome = results.Pass, results.Pass
	r.Verdict.Expected.Met, r.Verdict.Expected.Reason = false, "it passes: "+becauseSlow+" is kept, with 12ms"
	return r
}

func target(name string, naive, fixed results.Run) results.TargetRecord {
	naive.ID, fixed.ID = naive.ID+"-"+name, fixed.ID+"-"+name
	return results.TargetRecord{Target: name, Cause: "nobody told the cache's client how long to wait", Naive: &naive, Fixed: &fixed}
}

func record(targets ...results.TargetRecord) results.TrackRecord {
	began := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	return results.TrackRecord{
		Created: began, Ended: began.Add(3 * time.Minute), Status: results.StatusComplete, Seed: 42, TimeScale: 0.25, Targets: targets,
		Command: []string{"brunt", "demo", "restapi", "--seed=42"},
	}
}

// contrary has a naive that does not fail.
func contrary() results.TargetRecord { return target("leak", declared(), variant("fixed", 11)) }

// dazed has a fixed whose machine was unfit.
func dazed() results.TargetRecord {
	fixed := variant("fixed", 11)
	fixed.Verdict.Outcome = results.Inconclusive
	fixed.Verdict.Evidence[0].Outcome, fixed.Verdict.Evidence[0].Reason = results.Inconclusive, "would be pass; not fit to measure"
	fixed.Verdict.Expected.Met, fixed.Verdict.Expected.Reason = false, "inconclusive: "+fixed.Verdict.Evidence[0].What
	fixed.Trials[0].Fitness.Fit, fixed.Trials[0].Fitness.Reasons = false, []string{"generator used 193 % CPU, the limit is 160 %"}
	return target("cache", variant("naive", 612), fixed)
}

// vague has a naive that fails, and nobody can tell whether for the declared reason.
func vague() results.TargetRecord {
	naive := variant("naive", 612)
	naive.Verdict.Evidence[0].Outcome = results.Fail
	naive.Verdict.Evidence[3].Outcome, naive.Verdict.Evidence[3].Reason = results.Inconclusive, "would be fail; the load generator made times longer"
	naive.Verdict.Expected.Met, naive.Verdict.Expected.Reason = false, "whether it fails by "+becauseSlow+" can't be told"
	return target("auth", naive, variant("fixed", 11))
}

func halted() results.TrackRecord {
	unfinished := target("leak", variant("naive", 612), variant("fixed", 0))
	unfinished.Naive.Status, unfinished.Naive.Reason, unfinished.Naive.Verdict.Expected = results.StatusAborted, "interrupted", nil
	unfinished.Fixed = nil
	r := record(sound(), unfinished)
	r.Status, r.Reason = results.StatusAborted, "interrupted; --resume 20260304-050607-naive-restapi goes on"
	return r
}

func sound() results.TargetRecord {
	return target("restapi", variant("naive", 612), variant("fixed", 11))
}

// alternative is a run of an alternative, which fails by errors in the same phase, if at all.
func alternative(name string, slow float64, fails bool) results.AlternativeRecord {
	a := results.AlternativeRecord{Name: name, Variant: "fixed", Set: []string{"services.api.env.PATTERN=" + name}}
	run := variant("fixed", slow)
	run.ID, run.Builds[0].Alternative = "20260304-050607-"+name, name
	expect := results.Expectation{Variant: name, Verdict: results.Pass}
	reason := "it passes"
	if fails {
		row := &run.Verdict.Evidence[1]
		a.Cause, row.Outcome, row.Value, run.Verdict.Outcome = "each request asks for a token", results.Fail, ptr(0.31), results.Fail
		expect = results.Expectation{Variant: name, Verdict: results.Fail, Because: row.What, Cause: a.Cause}
		reason = "it fails by " + row.What + ", with 31%"
	}
	run.Question.Expect = &expect
	run.Verdict.Expected = &results.Expected{Expectation: expect, Met: true, Reason: reason}
	a.Run = &run
	return a
}

// compared has two alternatives as declared and one that was cut off.
func compared() results.TargetRecord {
	t := sound()
	cut := alternative("mtls", 12, false)
	cut.Run.Verdict.Evidence[3].Outcome, cut.Run.Verdict.Evidence[3].Reason = results.Inconclusive, "would be pass; the load generator made times longer"
	cut.Run.Verdict.Outcome, cut.Run.Verdict.Expected.Met, cut.Run.Verdict.Expected.Reason = results.Inconclusive, false, "inconclusive: "+becauseSlow
	t.Fixed.Verdict.Evidence[0].Reason, t.Fixed.Verdict.Evidence[0].Value = "nothing was served", nil
	cut.Run.Verdict.Evidence[0].Reason, cut.Run.Verdict.Evidence[0].Value = "nothing was served", nil
	t.Alternatives = []results.AlternativeRecord{alternative("passthrough", 14, true), alternative("introspect", 17, false), cut}
	return t
}

// unasked has alternatives that were not asked for.
func unasked() results.TargetRecord {
	t := sound()
	t.Unasked = []string{"passthrough", "mtls"}
	return t
}

// unrun has an alternative that did not run.
func unrun() results.TargetRecord {
	t := sound()
	t.Alternatives = []results.AlternativeRecord{{Name: "mtls", Variant: "fixed"}}
	return t
}

func TestEveryFormatOfATrackRecordIsAsInItsGoldenFile(t *testing.T) {
	for _, example := range []struct {
		name   string
		record results.TrackRecord
	}{
		{"demo", record(sound())},
		{"demo-all", record(sound(), contrary(), dazed())},
		{"demo-halted", halted()},
		{"demo-alternatives", record(compared())},
		{"demo-unasked", record(unasked())},
	} {
		for _, format := range Formats {
			t.Run(example.name+" as "+format.Name, func(t *testing.T) {
				var out bytes.Buffer
				if err := format.Write(&out, NewTrack(example.record), Options{Store: "results/data/brunt.db"}); err != nil {
					t.Fatal(err)
				}
				asInItsGoldenFile(t, example.name+"."+format.Name, out.String())
			})
		}
	}
}

func TestTheAnswerOfATrackRecord(t *testing.T) {
	for _, row := range []struct {
		name    string
		record  results.TrackRecord
		word    string
		outcome results.Outcome
	}{
		{"all is as declared", record(sound()), "PASS", results.Pass},
		{"a naive that does not fail", record(sound(), contrary()), "FAIL", results.Fail},
		{"what can't be told", record(dazed()), "INCONCLUSIVE", results.Inconclusive},
		{"a fail of which the reason can't be told", record(vague()), "INCONCLUSIVE", results.Inconclusive},
		{"a fail is worse than what can't be told", record(dazed(), contrary()), "FAIL", results.Fail},
		{"an alternative that can't be told", record(compared()), "INCONCLUSIVE", results.Inconclusive},
		{"an alternative that did not run", record(unrun()), "INCONCLUSIVE", results.Inconclusive},
		{"an interrupted one", halted(), "ABORTED", results.Inconclusive},
	} {
		a := NewTrack(row.record).Answer
		if a.Word != row.word || a.Outcome != row.outcome {
			t.Errorf("%s: %s, %s", row.name, a, a.Outcome)
		}
	}
	if text := NewTrack(record(sound(), contrary())).Answer.Text; !strings.HasPrefix(text, "3 of 4 verdicts are as declared; not: leak (naive)") {
		t.Error(text)
	}
}
