package cli_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

const (
	// silence is how long nobody must ask a convalescent server for it to fall ill.
	silence = 1500 * time.Millisecond
	// attemptTimeout is how long a stormy server waits for its worker, and attempts how often it asks.
	attemptTimeout = 250 * time.Millisecond
	attempts       = 4
	// workTime is how long the worker takes for each request, one after the other.
	workTime = 10 * time.Millisecond
	// longest is how long a run may take: one of 86 s that is stepped down to the last.
	longest = 5 * time.Minute
	// answerTime is added to every answer, and slowAnswer to those of a convalescent server, whose p95 is to be as before: a busy
	// machine must change less of it than a fifth.
	answerTime, slowAnswer = 50 * time.Millisecond, 200 * time.Millisecond
)

// convalescent is a service that answers 503 for a known time after an outage: from the first request after a silence on.
func convalescent() {
	tail := flag.Duration("tail", 8*time.Second, "how long it answers 503")
	flag.Parse()
	var mu sync.Mutex
	var last, well time.Time
	ill := func() bool {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if !last.IsZero() && now.Sub(last) > silence {
			well = now.Add(*tail)
		}
		last = now
		return now.Before(well)
	}
	serve(func(w http.ResponseWriter, _ *http.Request) {
		ill := ill()
		time.Sleep(slowAnswer)
		if ill {
			http.Error(w, "not well yet", http.StatusServiceUnavailable)
		}
	})
}

// worker works on one request at a time, in their order, and does not notice when nobody waits for the answer any more. It
// refuses what its queue has no room for.
func worker() {
	flag.Parse()
	queue := make(chan chan struct{}, 100)
	go func() {
		for done := range queue {
			time.Sleep(workTime)
			close(done)
		}
	}()
	serve(func(w http.ResponseWriter, _ *http.Request) {
		done := make(chan struct{})
		select {
		case queue <- done:
			<-done
		default:
			http.Error(w, "full", http.StatusServiceUnavailable)
		}
	})
}

// stormy asks the worker, and again where that takes too long: always, or as long as a budget of a tenth of the requests lasts.
// Without the budget, requests that gave up fill the worker's queue, and with a full queue every request gives up: four times
// the rate is more than the worker can do, until it is less than a quarter of that.
func stormy() {
	budgeted := flag.Bool("budget", false, "with a budget for retries")
	flag.Parse()
	client := &http.Client{Timeout: attemptTimeout}
	ask := func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("WORKER"), http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if response.StatusCode != http.StatusOK {
			err = errors.New(response.Status)
		}
		return errors.Join(err, response.Body.Close())
	}
	var mu sync.Mutex
	budget := 0.0
	earn := func() {
		mu.Lock()
		defer mu.Unlock()
		budget = min(10, budget+0.1)
	}
	allowed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if *budgeted && budget < 1 {
			return false
		}
		budget--
		return true
	}
	serve(func(w http.ResponseWriter, r *http.Request) {
		earn()
		err := ask(r.Context())
		for n := 1; err != nil && n < attempts && allowed(); n++ {
			err = ask(r.Context())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		time.Sleep(answerTime)
	})
}

func serve(handle http.HandlerFunc) {
	http.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/", handle)
	if err := http.ListenAndServe(net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

const tailExperiment = `
name: tail
services:
  api: {command: [convalescent], port: 8080, ready: {http: /healthz}}
load: {target: api, requests: [{name: home, path: /}], rate: 20/s, duration: %s}
warmup: 1s
settle: 5s
faults:
  - {name: outage, link: load->api, kind: down, at: 13s, for: 3s}
slos:
  - recovery(outage) < %s
  - p95(latency) < 30s in steady
`

// recovers runs the convalescent server for so long, against a bound, and returns what became of the fault.
func (p *place) recovers(duration, bound string) (results.Resilience, results.Evidence) {
	p.Helper()
	p.write("experiment.yaml", fmt.Sprintf(tailExperiment, duration, bound))
	return p.resilient()
}

// resilient runs the experiment and has it judged again. A busy machine may be unfit to measure on: the row is what counts.
func (p *place) resilient() (results.Resilience, results.Evidence) {
	p.Helper()
	v := p.start(p.runArgs("--trials", "1")...)
	select {
	case <-v.ended:
	case <-time.After(longest):
		p.Fatalf("brunt does not end\n%s", v.stderr())
	}
	code := v.cmd.ProcessState.ExitCode()
	run := p.runs()[0]
	if run.Status != results.StatusComplete || len(run.Verdict.Resilience) != 1 {
		p.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	if !strings.Contains(v.stdout.String(), "\nResilience\n") {
		p.Errorf("the report does not tell it:\n%s", v.stdout.String())
	}
	again := p.run(code, "rejudge", run.ID)
	if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
		p.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
	}
	return run.Verdict.Resilience[0], run.Verdict.Evidence[0]
}

// isTail says whether the tail of 8 s was read as such.
func isTail(r results.Resilience) bool {
	return r.Recovery.Seconds != nil && math.Abs(*r.Recovery.Seconds-8) <= 2
}

// TestAKnownTailIsTheRecovery: a server that is ill for 8 s after an outage of 3 s. TestProofRecoveryIsReadAsItIs also has a run
// that ends too early to see it.
func TestAKnownTailIsTheRecovery(t *testing.T) {
	t.Parallel()
	r, e := newPlace(t, topology.ProviderLocal).recovers("38s", "60s")
	if !isTail(r) || e.Outcome == results.Fail || *r.Metastable {
		t.Fatalf("%+v\n%+v", r, e)
	}
	if *r.Depth < 0.99 || *r.Loss < 9 || *r.Loss > 14 || r.Detect == nil || *r.Detect > 2 {
		t.Errorf("depth %g, loss %g s, detected %v", *r.Depth, *r.Loss, r.Detect)
	}
}

const stormExperiment = `
name: storm
services:
  api: {command: [stormy, %s], port: 8080, ready: {http: /healthz}, env: {WORKER: "${worker.url}"}}
  worker: {command: [worker], port: 8081, ready: {http: /healthz}}
load: {target: api, requests: [{name: home, path: /}], rate: 40/s, duration: %s, escape: %v}
warmup: 1s
settle: 5s
faults:
  - {name: frozen, on: worker, kind: pause, at: 13s, for: 5s}
slos:
  - recovery(frozen) < 20s
`

// storms freezes the worker for 5 s, under a load that it could bear but for the retries.
func (p *place) storms(flag, duration string, escape bool) (results.Resilience, results.Evidence) {
	p.Helper()
	p.write("experiment.yaml", fmt.Sprintf(stormExperiment, flag, duration, escape))
	return p.resilient()
}

// TestARetryStormOutlivesItsTrigger: without a budget for retries goodput stays down; with one it comes back.
// TestProofAMetastableTargetIsTold waits long enough to call it metastable.
func TestARetryStormOutlivesItsTrigger(t *testing.T) {
	t.Parallel()
	t.Run("without a budget", func(t *testing.T) {
		t.Parallel()
		r, _ := newPlace(t, topology.ProviderLocal).storms("--budget=false", "40s", false)
		if r.Recovery.Seconds != nil || r.Metastable != nil || r.Down < 15 || !strings.Contains(r.Note, "let the load run longer") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("with a budget", func(t *testing.T) {
		t.Parallel()
		r, _ := newPlace(t, topology.ProviderLocal).storms("--budget", "40s", true)
		if r.Metastable == nil || *r.Metastable || r.After == nil || *r.After < 0.9 || r.EscapeTried != nil {
			t.Errorf("%+v", r)
		}
	})
}

// scriptedTail is the same outage where a scenario of the script drives it.
const scriptedTail = `
name: tail
services:
  api: {command: [convalescent], port: 8080, ready: {http: /healthz}}
load: {target: api, script: script.js, env: {BASE_URL: "${api.url}"}}
settle: 5s
faults:
  - {name: outage, link: load->api, kind: down, at: script, for: 10s}
slos:
  - recovery(outage) < 12s
  - p95(latency) < 30s in steady
`

const scriptedTailScript = `
import http from 'k6/http';
import { sleep } from 'k6';
import { fault } from 'k6/x/brunt';
export const options = { scenarios: {
  load: { executor: 'brunt-arrival', rate: 20, duration: '40s', maxVUs: 100 },
  trouble: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'trouble' },
} };
export default function () { http.get(__ENV.BASE_URL + '/'); }
export function trouble() {
  sleep(13);
  fault.apply('outage');
  sleep(3);
  fault.lift('outage');
}
`

// scriptRecovers lets the script drive the outage.
func (p *place) scriptRecovers() (results.Resilience, results.Evidence) {
	p.Helper()
	p.write("script.js", scriptedTailScript)
	p.write("experiment.yaml", scriptedTail)
	return p.resilient()
}

// TestProofRecoveryIsReadAsItIs: five of five, of a tail that is known, with each provider; and where a script drives the outage.
func TestProofRecoveryIsReadAsItIs(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newPlace(t, provider)
			for n := 1; n <= 5; n++ {
				p.provesTail(fmt.Sprintf("recovery from a tail of 8 s, run %d", n), file, func() (results.Resilience, results.Evidence) {
					return p.recovers("40s", "12s")
				})
			}
			p.provesTail("recovery from a tail of 8 s after an outage that the script drives", file, p.scriptRecovers)
			p.provesCensored(file)
		})
	}
}

func (p *place) provesTail(what, file string, run func() (results.Resilience, results.Evidence)) {
	p.Helper()
	row := proof.Row{File: file, What: what, Provider: p.provider}
	if row.There(p.T) {
		return
	}
	r, e := run()
	if !isTail(r) || e.Outcome == results.Fail || r.Depth == nil || r.Detect == nil {
		p.Errorf("%s: %+v\n%+v", what, r, e)
		return
	}
	row.Add(p.T, fmt.Sprintf("%g s, loss %.1f s, depth %.2f, detected after %g s", *r.Recovery.Seconds, *r.Loss, *r.Depth, *r.Detect))
}

func (p *place) provesCensored(file string) {
	p.Helper()
	row := proof.Row{File: file, What: "recovery from a tail of 8 s, in a run that ends too early", Provider: p.provider}
	if row.There(p.T) {
		return
	}
	r, e := p.recovers("28s", "12s")
	if r.Recovery.Seconds != nil || r.Recovery.Censor == nil || e.Outcome != results.Inconclusive || !strings.Contains(e.Reason, "end of run") {
		p.Fatalf("%+v\n%+v", r, e)
	}
	row.Add(p.T, fmt.Sprintf("> %g s, %s", *r.Recovery.Censor, e.Outcome))
}

// TestProofAMetastableTargetIsTold: a retry storm that keeps itself alive is metastable; with a budget for retries it is none.
func TestProofAMetastableTargetIsTold(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newPlace(t, provider)
			p.provesStorm(file, "retry storm", "--budget=false", true)
			p.provesStorm(file, "retry storm, with a budget for retries", "--budget", false)
		})
	}
}

func (p *place) provesStorm(file, what, flag string, metastable bool) {
	p.Helper()
	row := proof.Row{File: file, What: what, Provider: p.provider}
	if row.There(p.T) {
		return
	}
	r, e := p.storms(flag, "86s", true)
	if r.Metastable == nil || *r.Metastable != metastable || (e.Outcome == results.Fail) != metastable ||
		(r.EscapeRate != nil) != metastable {
		p.Errorf("%s: %+v\n%+v", what, r, e)
		return
	}
	row.Add(p.T, fmt.Sprintf("metastable %v, goodput %.2f before, %.2f at the end, down for %g s, recovery %s",
		*r.Metastable, *r.Before, *r.After, r.Down, lasted(r.Recovery))+escaped(r))
}

func escaped(r results.Resilience) string {
	if r.EscapeRate == nil {
		return ""
	}
	return fmt.Sprintf(", back at %g/s of 40/s", *r.EscapeRate)
}

func lasted(r results.Recovery) string {
	switch {
	case r.Seconds != nil:
		return fmt.Sprintf("%g s", *r.Seconds)
	case r.Never:
		return fmt.Sprintf("never (> %g s)", *r.Censor)
	}
	return "not seen"
}
