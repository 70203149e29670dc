package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

const rejudgeScript = `
import { check, sleep } from 'k6';
const ms = Number(__ENV.MS || 0);
const thresholds = { checks: ['rate==1'], 'http_reqs{name:nobody}': __ENV.ASK ? ['count>0'] : [] };
if (!__ENV.ASK) delete thresholds['http_reqs{name:nobody}'];
export const options = { thresholds };
export default function () { sleep(ms / 1000); check(1, { good: () => !__ENV.BAD }); }
export function setup() { if (__ENV.THROW) throw new Error('no data'); }
`

const unansweredExperiment = `
name: unanswered
target: {command: [server], port: 8080}
load: {script: script.js, shape: smoke, rate: 10/s, duration: 1s}
warmup: 0s
slos: ["p95(http_req_duration) < 1s"]
`

// TestAStoredRunIsJudgedAsItWas: whatever a run came to, rejudge says the same, to the letter, and ends with the same code.
func TestAStoredRunIsJudgedAsItWas(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", rejudgeScript)
	p.write("experiment.yaml", unansweredExperiment)
	bare := []string{"run", "--no-wait", p.path("script.js")}
	with := func(args ...string) []string { return append(append([]string{}, bare...), args...) }
	rows := []struct {
		name      string
		args      []string
		interrupt bool
		code      int
		status    results.Status
		outcome   results.Outcome
	}{
		{"pass", with("--", "--iterations", "3"), false, 0, results.StatusComplete, results.Pass},
		{"fail", with("-e", "BAD=1", "--", "--iterations", "3"), false, 1, results.StatusComplete, results.Fail},
		{"inconclusive", p.runArgs(), false, 4, results.StatusComplete, results.Inconclusive},
		{"broken", with("-e", "THROW=1", "--", "--iterations", "3"), false, 3, results.StatusBroken, results.Inconclusive},
		{"aborted", with("-e", "MS=100", "--", "--duration", "60s"), true, 130, results.StatusAborted, results.Inconclusive},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := *p
			p.T = t
			v := p.start(row.args...)
			if row.interrupt {
				v.awaitLine(`^  steady `)
				if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			if got := v.exit(); got != row.code {
				t.Fatalf("the run ended with %d, not %d\n%s%s", got, row.code, v.stderr(), v.stdout.String())
			}
			run := p.runs()[0]
			if run.Status != row.status || run.Verdict.Outcome != row.outcome {
				t.Errorf("the run is %s, %s", run.Status, run.Verdict.Outcome)
			}
			again := p.run(row.code, "rejudge", run.ID)
			if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
				t.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
			}
			if said := again.stderr(); !strings.Contains(said, "the same as is stored") {
				t.Errorf("rejudge says:\n%s", said)
			}
			if diff := cmp.Diff(run, p.runs()[0]); diff != "" {
				t.Errorf("rejudge changed the record:\n%s", diff)
			}
		})
	}
	t.Run("a recording that was changed", p.changedRecording)
}

// changedRecording damages the recording of the oldest run, which passed.
func (p *place) changedRecording(t *testing.T) {
	q := *p
	q.T = t
	runs := q.runs()
	passed := runs[len(runs)-1]
	path := filepath.Join(q.dir, "store", "artifacts", passed.ID, passed.Trials[0].Recording)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 0xff
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	v := q.run(3, "rejudge", passed.ID)
	if said := v.stderr(); !strings.HasPrefix(said, "brunt: ") || !strings.Contains(said, "\nhint: the recording was damaged") {
		t.Errorf("said:\n%s", said)
	}
}
