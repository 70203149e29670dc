package cli_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// shortAttempt is how long a retrier waits for an answer before it asks again, three times at most.
const shortAttempt = 150 * time.Millisecond

// retryBudget allows a tenth of what is asked to be asked again; nil allows all.
type retryBudget struct {
	mu   sync.Mutex
	left float64
}

func (b *retryBudget) earn() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(2, b.left+0.1)
}

func (b *retryBudget) allows() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// insist asks, and again where that fails, as often as a retrier does.
func (b *retryBudget) insist(ask func() error) error {
	b.earn()
	err := ask()
	for n := 1; err != nil && n < attempts && b.allows(); n++ {
		err = ask()
	}
	return err
}

// retrier is a service that asks Redis and a worker for each request, and asks both again where they let it wait: always, or as
// long as a budget of a tenth of the requests lasts.
func retrier() {
	budgeted := flag.Bool("budget", false, "with a budget for retries")
	flag.Parse()
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		panic(err)
	}
	options.ReadTimeout, options.DisableIdentity = shortAttempt, true
	var forRedis, forWorker *retryBudget
	options.MaxRetries, options.MinRetryBackoff = -1, -1
	if *budgeted {
		forRedis, forWorker = &retryBudget{}, &retryBudget{}
	}
	cache, client := redis.NewClient(options), &http.Client{Timeout: shortAttempt}
	work := func() error {
		response, err := client.Get(os.Getenv("WORKER"))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		return errors.Join(err, response.Body.Close())
	}
	serve(func(w http.ResponseWriter, _ *http.Request) {
		worked := make(chan error, 1)
		go func() { worked <- forWorker.insist(work) }()
		err := forRedis.insist(func() error { return cache.Incr(context.Background(), "asked").Err() })
		if err := errors.Join(err, <-worked); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
}

const retriesScript = `
import http from 'k6/http';
export default function () { http.batch([['GET', __ENV.EAGER + '/'], ['GET', __ENV.FRUGAL + '/']]); }
`

const retriesExperiment = `
name: retries
services:
  eager: {command: [retrier], port: 8080, ready: {http: /healthz}, env: {REDIS_URL: "${cache.url}", WORKER: "${worker.url}"}}
  frugal: {command: [retrier, --budget], port: 8081, ready: {http: /healthz}, env: {REDIS_URL: "${cache.url}", WORKER: "${worker.url}"}}
  worker: {command: [server], port: 8082, ready: {http: /healthz}}
dependencies:
  cache: {kind: redis}
load: {target: eager, script: script.js, env: {EAGER: "${eager.url}", FRUGAL: "${frugal.url}"}, shape: soak, rate: 10/s, duration: %s}
warmup: 1s
settle: 1s
faults:
`

// retryLinks are those over which both retriers ask, by the fault that lets each wait.
func retryLinks() map[string]string {
	return map[string]string{
		"eager-redis": "eager->cache", "eager-http": "eager->worker", "frugal-redis": "frugal->cache", "frugal-http": "frugal->worker",
	}
}

// amplified runs both retriers through so long a time in which nobody answers them soon enough, and returns by how much each link
// was asked more often than before. What an SLO says of it is held against that.
func (p *place) amplified(duration, length string) map[string]float64 {
	p.Helper()
	text := fmt.Sprintf(retriesExperiment, duration)
	slos, links := "slos:\n", map[string]bool{}
	for fault, link := range retryLinks() {
		links[link] = true
		kind := "latency, latency: 400ms" // the answer comes too late
		if strings.HasSuffix(fault, "http") {
			kind = "timeout" // the request never arrives
		}
		text += fmt.Sprintf("  - {name: %s, link: %s, kind: %s, at: 5s, for: %s}\n", fault, link, kind, length)
		slos += fmt.Sprintf("  - %s\n", amplificationSLO(fault, link))
	}
	p.write("experiment.yaml", text+slos)
	p.write("script.js", retriesScript)
	v := p.start(p.runArgs()...)
	if code := v.exit(); code != 1 {
		p.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	run := p.runs()[0]
	for fault, link := range retryLinks() {
		for _, e := range run.Verdict.Evidence {
			eager := strings.HasPrefix(fault, "eager")
			if e.What == amplificationSLO(fault, link) && (eager != (e.Outcome == results.Fail) || e.Value == nil) {
				p.Errorf("%+v", e)
			}
		}
	}
	found := map[string]float64{}
	for _, u := range run.Verdict.Uses {
		if links[u.Node] && u.Amplification != nil {
			found[u.Node] = *u.Amplification
		}
	}
	if !strings.Contains(v.stdout.String(), "exchanges") || len(found) != len(links) {
		p.Errorf("the report tells of %v\n%s", found, v.stdout.String())
	}
	p.Logf("asked so many times as often as before: %v", found)
	return found
}

func amplificationSLO(fault, link string) string {
	return fmt.Sprintf("per_request(link.exchanges{node:%s} in %s) <= 1.2 * per_request(link.exchanges{node:%s} in steady)", link, fault, link)
}

// checkAmplified says that four attempts are seen as four, and a tenth more as little more.
func checkAmplified(t *testing.T, found map[string]float64) {
	t.Helper()
	for _, link := range retryLinks() {
		switch n := found[link]; {
		case strings.HasPrefix(link, "eager") && (n < 3.6 || n > 4.4):
			t.Errorf("%s was asked %.2f times as often as before, not 4 times", link, n)
		case strings.HasPrefix(link, "frugal") && (n < 0.9 || n > 1.2):
			t.Errorf("%s was asked %.2f times as often as before, not a tenth more", link, n)
		}
	}
}

// TestRetriesAreSeenOnTheirLink: a service that asks four times when Redis is slow or another service not to be reached, and one with a
// budget.
func TestRetriesAreSeenOnTheirLink(t *testing.T) {
	t.Parallel()
	checkAmplified(t, newPlace(t, topology.ProviderLocal).amplified("13s", "7s"))
}

// TestProofRetriesAreCounted does that for longer, with both providers.
func TestProofRetriesAreCounted(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			row := proof.Row{File: file, What: "retry amplification of four attempts, and of a budget of a tenth", Provider: provider}
			if row.There(t) {
				return
			}
			found := newPlace(t, provider).amplified("37s", "30s")
			if checkAmplified(t, found); !t.Failed() {
				row.Add(t, fmt.Sprintf("Redis %.2f and %.2f, HTTP %.2f and %.2f", found["eager->cache"], found["frugal->cache"],
					found["eager->worker"], found["frugal->worker"]))
			}
		})
	}
}
