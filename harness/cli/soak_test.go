package cli_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

const soakScript = `
import http from 'k6/http';
export default function () { http.get(__ENV.BASE_URL + '/'); }
`

const soakExperiment = `
name: soak
services:
  api: {command: [server, %s], port: 8080, metrics: /metrics}
load: {script: script.js, env: {BASE_URL: "${api.url}"}, shape: soak, rate: 10/s, duration: %s}
warmup: 1s
slos:
%s`

// soak writes an experiment on a server that grows, or not, and starts to run it for so long.
func (p *place) soak(flag, duration string, slos ...string) *victim {
	p.Helper()
	p.write("script.js", soakScript)
	p.write("experiment.yaml", fmt.Sprintf(soakExperiment, flag, duration, "  - "+strings.Join(slos, "\n  - ")+"\n"))
	return p.start(p.runArgs()...)
}

// TestWhatGrowsIsSeen soaks a server that grows and one that does not, by what they tell once a second, and has each judged
// again from what was kept.
func TestWhatGrowsIsSeen(t *testing.T) {
	t.Parallel()
	slos := []string{
		"slope(backlog) < 5/min", "slope(after_gc(heap)) < 0.5MiB/min", "max(backlog{node:api}) < 20", "avg(backlog in last-fifth) < 1.5 * avg(backlog in first-fifth)",
		"rate(jobs_total) < 20/s in every 10s", "p95(http_req_duration) < 30s in every 10s", "min(up) == 1",
	}
	grows, holds := slos[:4], slos[4:]
	for _, row := range []struct {
		flag string
		code int
	}{{"--grow", 1}, {"--grow=false", 0}} {
		t.Run(row.flag, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, topology.ProviderLocal)
			v := p.soak(row.flag, "30s", slos...)
			code := v.exit()
			// A machine that is busy with other tests may be unfit to measure on, and then nothing passes for sure.
			if code != row.code && (row.code != 0 || code != 4) {
				t.Fatalf("ended with %d, not %d\n%s%s", code, row.code, v.stderr(), v.stdout.String())
			}
			run := p.runs()[0]
			outcomes := map[string]results.Evidence{}
			for _, e := range run.Verdict.Evidence {
				outcomes[e.What] = e
			}
			for _, what := range grows {
				if e := outcomes[what]; (e.Outcome == results.Fail) != (row.code == 1) || e.Value == nil {
					t.Errorf("%s: %+v", what, e)
				}
			}
			for _, what := range holds {
				if e := outcomes[what]; e.Outcome == results.Fail || e.Value == nil {
					t.Errorf("%s: %+v", what, e)
				}
			}
			if e := outcomes[slos[1]]; row.code == 1 && (e.Unit != "B/min" || *e.Value < 1<<19 || *e.Value > 1<<21) {
				t.Errorf("a leak of 1 MiB/min is seen as %.0f B/min (%.0f to %.0f): %+v", *e.Value, *e.Low, *e.High, e)
			}
			checkScrapes(t, run.Trials[0])
			again := p.run(code, "rejudge", run.ID)
			if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
				t.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
			}
		})
	}
}

func checkScrapes(t *testing.T, trial results.Trial) {
	t.Helper()
	if trial.Metrics != "metrics-1.brunt" || len(trial.Scrapes) != 2 || trial.Scrapes[0].Source != "node" {
		t.Fatalf("scrapes %+v in %q", trial.Scrapes, trial.Metrics)
	}
	s := trial.Scrapes[1]
	if s.Node != "api" || s.Asked < 20 || s.Asked > 50 || s.Missed > s.Asked/2 || s.Series != 8 || s.Took <= 0 {
		t.Errorf("scrapes %+v", s)
	}
}

// TestAMetricThatNobodyTellsIsRefused: before the load begins, with what was probably meant.
func TestAMetricThatNobodyTellsIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	for _, row := range []struct {
		name, slo, says string
		started         bool // the service was, before this was known
	}{
		{"a slip of the pen", "max(baklog) < 5", "unknown metric baklog: neither k6 nor the script has it, and no service tells it (did you mean backlog?)", true},
		{"a slip of the pen for one of k6's", "rate(http_req_faild) < 1%", "unknown metric http_req_faild (did you mean http_req_failed?)", false},
		{"nothing like it", "max(zzzzzzzz) < 5", "name the node: zzzzzzzz{node:api}", true},
		{"a statistic that it does not have", "rate(backlog) < 5/s", "is a scraped gauge and has no rate", true},
		{"a unit that it does not have", "max(go_gc_heap_live_bytes) < 5ms", "can't be held against 5ms", false},
		{"a service that is not there", "max(backlog{node:apl}) < 5", "no service with metrics is named apl (did you mean api?)", false},
		{"several series", "max(workers) < 5", "workers are 2 series; name one: workers{node:api,pool:a}", true},
		{"a service that tells nothing", "slope(backlog{node:web}) < 5/min", "no service with metrics is named web (there is only api)", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			q := *p
			q.T = t
			before := len(q.runs())
			v := q.soak("--grow", "40s", row.slo)
			if got := v.exit(); got != 2 {
				t.Errorf("ended with %d", got)
			}
			if said := strings.ReplaceAll(v.stderr(), "\n", " "); !strings.Contains(said, row.says) || !strings.Contains(said, "experiment.yaml:8") {
				t.Errorf("said:\n%s\nwant …%s…", v.stderr(), row.says)
			}
			runs := q.runs()
			if started := len(runs) > before; started != row.started {
				t.Errorf("the topology was started: %v", started)
			} else if started && (runs[0].Status != results.StatusBroken || runs[0].Trials[0].Recording != "") {
				t.Errorf("the run is %s, with recording %q", runs[0].Status, runs[0].Trials[0].Recording)
			}
		})
	}
	t.Run("made at its first use, its node is named", func(t *testing.T) {
		q := *p
		q.T = t
		if got := q.soak("--grow", "1s", "max(made_later{node:api}) < 5").exit(); got != 4 {
			t.Errorf("ended with %d", got)
		}
		e := q.runs()[0].Verdict.Evidence[0]
		if e.Outcome != results.Inconclusive || !strings.Contains(e.Reason, "no service told it") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("a fault is none", func(t *testing.T) {
		q := *p
		q.T = t
		away := "recovery(away) < 10s\nfaults:\n  - {name: away, link: load->api, kind: down, at: 200ms, for: 300ms}"
		if v := q.soak("--grow", "1s", "max(backlog) < 5000", away); v.exit() != 4 {
			t.Errorf("ended otherwise than for too short a time:\n%s", v.stderr())
		}
	})
}

// TestProofASoak soaks restapi for ten minutes at 500/s: fixed has to pass, and a leak of 1 MiB a minute to be seen as such.
func TestProofASoak(t *testing.T) {
	file := proof.File(t)
	scenario, err := filepath.Abs("../../scenarios/restapi/soak.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const asked = "slope(after_gc(heap)) < 0.5MiB/min"
	p := newPlace(t, topology.ProviderLocal)
	for _, soak := range []struct {
		what string
		code int
		args []string
	}{
		{"restapi fixed, soak 10 min at 500/s", 0, nil},
		{"restapi naive, soak 10 min at 500/s, leak", 1, []string{"--variant", "naive", "--set", "target.env.REGRESSION=leak"}},
	} {
		row := proof.Row{File: file, What: soak.what, Provider: p.provider}
		if row.There(t) {
			continue
		}
		v := p.start(append([]string{"run", scenario, "--provider", p.provider}, soak.args...)...)
		select {
		case <-v.ended:
		case <-time.After(20 * time.Minute):
		}
		if got := v.exit(); got != soak.code {
			t.Errorf("%s ended with %d, not %d\n%s", soak.what, got, soak.code, v.stdout.String())
			continue
		}
		run := p.runs()[0]
		p.run(soak.code, "rejudge", run.ID)
		for _, e := range run.Verdict.Evidence {
			switch {
			case e.What == asked:
				if want := map[int]results.Outcome{0: results.Pass, 1: results.Fail}[soak.code]; e.Outcome != want {
					t.Errorf("%s: %+v", soak.what, e)
					continue
				}
				row.Add(t, fmt.Sprintf("%s: slope of the heap after collections %.3f MiB/min (%.3f to %.3f), %s",
					e.Outcome, *e.Value/(1<<20), *e.Low/(1<<20), *e.High/(1<<20), summarised(run)))
			case strings.HasPrefix(e.What, "slope(") && e.Outcome == results.Fail: // nothing else grows
				t.Errorf("%s: %+v", soak.what, e)
			}
		}
	}
}
