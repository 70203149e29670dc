package native

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// play is a scenario of requests that is run on k6's own execution state.
type play struct {
	seed    int64
	warmup  time.Duration
	options string // of the schedule, as JSON
	spec    requests.Spec
	levels  *executor.Leveling
	slices  []executor.Slice
	watch   func(metrics.SampleContainer)
	system  []metrics.SystemTag
}

// played is what became of it.
type played struct {
	zero    time.Time
	done    []*executor.Exchange
	lost    []executor.Unserved
	pools   []executor.PoolEnd
	dropped int // samples of dropped_iterations
	state   *lib.ExecutionState
}

func (p play) run(t testing.TB, ctx context.Context) *played {
	t.Helper()
	got := &played{}
	config := newConfig("s", executor.Options{Warmup: p.warmup, Leveling: p.levels, Slices: p.slices, Seed: p.seed, Marked: true})
	spec, err := json.Marshal(p.spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{p.options, string(spec)} {
		if err := lib.StrictJSONUnmarshal([]byte(raw), config); err != nil {
			t.Fatal(err)
		}
	}
	if problems := config.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	tuple, err := lib.NewExecutionTuple(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	registry := metrics.NewRegistry()
	if p.system == nil {
		p.system = []metrics.SystemTag{
			metrics.TagScenario, metrics.TagName, metrics.TagMethod, metrics.TagStatus, metrics.TagURL, metrics.TagProto, metrics.TagTLSVersion,
			metrics.TagError, metrics.TagErrorCode, metrics.TagExpectedResponse,
		}
	}
	got.state = lib.NewExecutionState(&lib.TestRunState{
		TestPreInitState: &lib.TestPreInitState{Registry: registry, BuiltinMetrics: metrics.RegisterBuiltinMetrics(registry)},
		Options:          lib.Options{Scenarios: lib.ScenarioConfigs{"s": config}, SystemTags: metrics.NewSystemTagSet(p.system...)},
		RunTags:          registry.RootTagSet(),
	}, tuple, 0, 0)
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	made, err := config.NewExecutor(got.state, logrus.NewEntry(logger))
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Init(ctx); err != nil {
		t.Fatal(err)
	}
	out := make(chan metrics.SampleContainer)
	var taking sync.WaitGroup
	taking.Go(func() {
		for m := range out {
			got.take(m)
			if p.watch != nil {
				p.watch(m)
			}
		}
	})
	if err := made.Run(ctx, out); err != nil {
		t.Fatal(err)
	}
	close(out)
	taking.Wait()
	return got
}

func (p *played) take(m metrics.SampleContainer) {
	switch m := m.(type) {
	case executor.LoadStart:
		p.zero = m.Zero
	case executor.Exchanges:
		for i := range m {
			p.done = append(p.done, &m[i])
		}
	case executor.Unserved:
		p.lost = append(p.lost, m)
	case executor.PoolEnd:
		p.pools = append(p.pools, m)
	default:
		p.dropped += len(m.GetSamples())
	}
}

// account is how the iterations ended.
type account struct{ served, failed, dropped, interrupted int }

func (p *played) account() (a account) {
	for _, x := range p.done {
		switch {
		case x.Interrupted:
			a.interrupted++
		case x.Form.Failed:
			a.failed++
		default:
			a.served++
		}
	}
	for _, u := range p.lost {
		if u.Dropped {
			a.dropped++
		} else {
			a.interrupted++
		}
	}
	return a
}

func (a account) offered() int { return a.served + a.failed + a.dropped + a.interrupted }

// tag is a tag of a request's samples.
func tag(x *executor.Exchange, name string) string {
	value, _ := x.Form.Request.Get(name)
	return value
}

// serve starts a target on loopback.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// get is a spec with one GET.
func get(url string) requests.Spec {
	return requests.Spec{Requests: []requests.Request{{Name: "get", Method: "GET", URL: url, Weight: 1}}}
}
