package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// disturbedExperiment asks a service by its address for all that a plain run may ask without parts of its own.
const disturbedExperiment = `
name: disturbed
target: {url: %q}
load: {requests: [{name: root, path: /, checks: {status: 200}}], shape: soak, rate: 40/s, duration: 8s}
warmup: 1s
settle: 2s
faults:
  - {name: slow, link: load->target, kind: latency, latency: 60ms, jitter: 10ms, at: 2s, for: 2s}
  - {name: cut, link: load->target, kind: reset, at: 5s, for: 1s}
slos:
  - p95(latency) < 300ms in steady
  - p95(latency) < 20ms in slow
  - p99(latency{name:root}) < 1s
  - rate(http_req_failed) < 1%%
  - count(offered{outcome:dropped}) == 0
  - recovery(cut) < 10s
`

const ledgerScript = `
import { ledger } from 'k6/x/brunt';
import { Trend } from 'k6/metrics';
const orders = ledger('orders'), took = new Trend('took');
export const options = { thresholds: { took: ['p(95)<50'], checks: [] }, vus: 3, iterations: 60 };
delete options.thresholds.checks;
export default function () {
  const id = orders.next();
  orders.acked(id);
  if (id % 7) orders.seen(id);
  took.add(id % 40);
}
`

// kindOfRun is one way of making a stored run, several times.
type kindOfRun struct {
	name      string
	times     int // of the command
	args      []string
	interrupt bool
}

// judgedAlike judges every stored run again, and counts them by what asked. The stored verdict and the new one have to be the same bytes.
func (p *place) judgedAlike() map[string]int {
	p.Helper()
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	found := map[string]int{}
	for _, run := range p.runs() {
		again, err := verdict.Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
			if t.Recording == "" {
				return nil, os.ErrNotExist
			}
			return s.OpenArtifact(run.ID, t.Recording)
		})
		if err != nil {
			p.Errorf("run %s of %s: %v", run.ID, run.Experiment, err)
			continue
		}
		before, failed := json.Marshal(run.Verdict)
		after, err := json.Marshal(again)
		if failed != nil || err != nil {
			p.Fatal(failed, err)
		}
		if string(before) != string(after) {
			p.Errorf("run %s of %s is judged otherwise (-stored +again):\n%s", run.ID, run.Experiment, cmp.Diff(run.Verdict, again))
		}
		found[strings.TrimSpace(run.Question.Asker+" "+string(run.Verdict.Outcome))]++
	}
	return found
}

// make runs a kind as often as it says. How the runs end is nobody's business here.
func (p *place) make(k kindOfRun) {
	p.Helper()
	for range k.times {
		v := p.start(k.args...)
		if k.interrupt {
			v.awaitLine(`^  steady `)
			if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
				p.Fatal(err)
			}
		}
		if code := v.exitWithin(20 * time.Minute); code == 2 {
			p.Fatalf("%s: brunt %s is wrong usage:\n%s", k.name, strings.Join(k.args, " "), v.stderr())
		}
	}
}

// plainKinds are runs that need no parts but a server here.
func (p *place) plainKinds(t *testing.T, times int) []kindOfRun {
	p.write("script.js", rejudgeScript)
	p.write("ledger.js", ledgerScript)
	p.write("experiment.yaml", fmt.Sprintf(disturbedExperiment, counter(t, 40, 2*time.Millisecond)))
	script := func(args ...string) []string {
		return append([]string{"run", "--quiet", p.path("script.js")}, args...)
	}
	return []kindOfRun{
		{"a script that passes", 3 * times, script("--", "--iterations", "3"), false},
		{"a script that fails", 2 * times, script("-e", "BAD=1", "--", "--iterations", "3"), false},
		{"a script that throws", times, script("-e", "THROW=1", "--", "--iterations", "3"), false},
		{"a script with a ledger", 2 * times, []string{"run", "--quiet", p.path("ledger.js")}, false},
		{"an experiment", times, []string{"run", "--quiet", p.dir, "--provider", p.provider}, false},
		{"an experiment of two trials", (times + 1) / 2, []string{"run", "--quiet", p.dir, "--provider", p.provider, "--trials", "2", "--time-scale", "0.5"}, false},
	}
}

func TestAStoredVerdictIsTheSameToTheByte(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	for _, k := range p.plainKinds(t, 1)[3:] {
		k.times = 1
		k.args = append([]string{k.args[0], "--no-wait"}, k.args[1:]...)
		p.make(k)
	}
	if found := p.judgedAlike(); len(found) == 0 {
		t.Error("nothing was stored")
	}
}

// everyKind are runs of every kind, the quick ones first.
func (p *place) everyKind(t *testing.T) []kindOfRun {
	kinds := append(p.plainKinds(t, 8),
		kindOfRun{"an interrupted script", 3, []string{"run", p.path("script.js"), "-e", "MS=100", "--", "--duration", "60s"}, true},
		kindOfRun{"a search for the breakpoint", 1, []string{"run", "--quiet", p.dir, "--provider", p.provider, "--shape", "breakpoint", "--rate", "80/s",
			"--set", "load.from=40/s", "--set", "load.step=3s", "--duration", "30s"}, false},
		kindOfRun{"the load that is tolerated", 1, []string{"limits", p.dir, "--provider", p.provider, "--only", "rate", "--up-to", "80/s", "--budget", "80s"}, false},
		kindOfRun{"the faults that are tolerated", 1, []string{"limits", p.dir, "--provider", p.provider, "--only", "tolerance", "--kind", "latency", "--budget", "110s"}, false},
		kindOfRun{"a scorecard", 1, []string{"matrix", p.dir, "--provider", p.provider, "--kind", "latency", "--budget", "3m"}, false},
		kindOfRun{"times of restapi", 1, []string{"gate", scenario(t, "restapi"), "--provider", p.provider, "--baseline", "variant:fixed", "--variant", "naive",
			"--mode", "mirror", "--rate", "50/s", "--time-scale", "0.2", "--pairs", "3"}, false})
	for _, name := range []string{"restapi", "nplusone", "missingindex", "jsonb", "cache"} {
		kinds = append(kinds, kindOfRun{"costs of " + name, 1, []string{"gate", scenario(t, name), "--costs", "--provider", p.provider, "--baseline", "variant:fixed", "--variant", "naive"}, false})
	}
	for _, i := range incidents {
		kinds = append(kinds, kindOfRun{"demo of " + i.target, 1, []string{"demo", i.target, "--provider", p.provider, "--time-scale", "0.2"}, false})
	}
	return kinds
}

// TestProofAHundredStoredRunsAreJudgedAlike makes runs of every kind, and judges all of them again: those of this call and those of the
// calls before, whose store stands beside the table.
func TestProofAHundredStoredRunsAreJudgedAlike(t *testing.T) {
	file, left := proof.File(t), rowsAtOnce(t)
	row := proof.Row{File: file, What: "rejudge of 100 stored runs", Provider: topology.ProviderLocal}
	if row.There(t) {
		return
	}
	p := newPlace(t, topology.ProviderLocal)
	p.keepRuns(proof.Beside(t, file, "runs"))
	missing := ""
	for _, k := range p.everyKind(t) {
		made := proof.Row{File: file, What: "runs to be judged again: " + k.name, Provider: p.provider}
		if made.There(t) {
			continue
		}
		if left--; left < 0 {
			missing = k.name
			break
		}
		before := len(p.runs())
		p.make(k)
		made.Add(t, fmt.Sprintf("%d stored", len(p.runs())-before))
	}
	total := 0
	var parts []string
	found := p.judgedAlike()
	for _, what := range slices.Sorted(maps.Keys(found)) {
		total += found[what]
		parts = append(parts, fmt.Sprintf("%d %s", found[what], what))
	}
	figure := fmt.Sprintf("%d of %d the same to the byte: %s", total, total, strings.Join(parts, ", "))
	switch {
	case t.Failed():
	case missing != "":
		t.Errorf("not proven yet: %s; the next call goes on with %s", figure, missing)
	case total < 100:
		t.Errorf("only %d runs were stored: %s", total, figure)
	default:
		row.Add(t, figure)
	}
}
