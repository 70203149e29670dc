package verdict

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// probed is what was added to a counter, or a gauge's value, at each scrape of a synthetic trial; NaN: the scrape was missed.
type probed struct {
	node, source, metric string
	at                   func(s int) float64
}

// probes is a recording of scrapes that fall 5 ms after each whole second, from `from` up to and including `to`.
func probes(t *testing.T, from, to int, all ...probed) []byte {
	t.Helper()
	var recorded []*recording.Frame
	for s := from; s <= to; s++ {
		for _, p := range all {
			begin := zero.UnixNano() + int64(s)*1e9 + 5e6
			f := &recording.Frame{Start: begin, End: begin + 2e6}
			up, by := 1.0, tags{"node": p.node}
			switch v := p.at(s); {
			case math.IsNaN(v):
				up = 0
			case strings.HasSuffix(p.metric, "_total"):
				f.Points = append(f.Points, counter(p.metric, by, v))
			default:
				f.Points = append(f.Points, gaugePoint(p.metric, by, v, v, v))
			}
			own, name := tags{"node": p.node}, "up"
			if p.source != "" {
				own["source"], name = p.source, "probe_up"
			}
			f.Points = append(f.Points, gaugePoint(name, own, up, up, up))
			recorded = append(recorded, f)
		}
	}
	return record(t, recorded)
}

// worked judges a trial with such scrapes beside the frames of a load.
func worked(t *testing.T, trial results.Trial, load []*recording.Frame, scrapes []byte, slo string) results.Verdict {
	t.Helper()
	trial.Metrics = "metrics-1.brunt"
	run := askRun(trial, asked(slo)...)
	run.Question.Scraped = []string{"postgres.queries", "postgres_queries_total", "redis.commands", "redis.memory", "jobs_total"}
	files := map[string][]byte{"recording-1.brunt": record(t, load), "metrics-1.brunt": scrapes}
	v, err := Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Recording])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// steadily is so much work in each second of a load of ten requests a second that begins at −10 s and ends at 120 s.
func steadily(each float64) func(int) float64 {
	return func(s int) float64 {
		if s <= -10 || s > 120 {
			return 0
		}
		return 10 * each
	}
}

// surge is more work per request while the fault is in force, from 40 s to 60 s.
func surge(fault, otherwise float64) func(int) float64 {
	return func(s int) float64 {
		switch {
		case s <= -10:
			return 0
		case s > 40 && s <= 60:
			return 10 * fault
		}
		return 10 * otherwise
	}
}

func TestWorkPerRequest(t *testing.T) {
	db := func(at func(int) float64) probed {
		return probed{"orders-db", "postgres", "postgres_queries_total", at}
	}
	cache := func(at func(int) float64) probed { return probed{"cache", "redis", "redis_commands_total", at} }
	slow := func(int) second { return second{served: 10, latency: 1000, requests: 1} }
	usual := func(int) second { return quiet() }
	busy := func(int) second { return second{served: 10, latency: 100, requests: 10} }
	lost := func(s int) float64 {
		if s > 40 && s < 60 {
			return math.NaN()
		}
		return 30
	}
	for _, row := range []struct {
		name    string
		load    func(int) second
		slo     string
		probes  []probed
		outcome results.Outcome
		value   float64
		reason  string
	}{
		{"exactly three, which is not more than three", usual, "per_request(postgres.queries) <= 3", []probed{db(steadily(3))}, results.Pass, 3, "at the edges blur it by"},
		{"exactly three, which is three", usual, "per_request(postgres.queries) == 3", []probed{db(steadily(3))}, results.Pass, 3, ""},
		{"exactly three, which is not fewer than three", usual, "per_request(postgres.queries) < 3", []probed{db(steadily(3))}, results.Fail, 3, ""},
		{"three of two", usual, "per_request(postgres_queries_total{node:orders-db}) <= 2", []probed{db(steadily(3))}, results.Fail, 3, ""},
		{"three of four, in a phase", usual, "per_request(postgres.queries) <= 4 in steady", []probed{db(steadily(3))}, results.Pass, 3, ""},
		{"a fault that doubles the work", usual, "per_request(redis.commands in redis-slow) < 1.2 * per_request(redis.commands in steady)", []probed{cache(surge(4, 2))}, results.Fail, 4, ""},
		{"twice the work, and twice is allowed", busy, "per_request(redis.commands in redis-slow) <= 2 * per_request(redis.commands in steady)", []probed{cache(surge(40, 20))}, results.Pass, 4, "taken for its bound 4"},
		{"requests that take long blur the edges of a short phase", slow, "per_request(redis.commands) <= 4 in redis-slow", []probed{cache(surge(4, 2))}, results.Inconclusive, 4, "under way at the edges could decide it"},
		{"but not by as much as that", slow, "per_request(redis.commands) <= 5 in redis-slow", []probed{cache(surge(4, 2))}, results.Pass, 4, ""},
		{"scrapes that were missed in the phase", usual, "per_request(postgres.queries) <= 3 in redis-slow", []probed{db(lost)}, results.Inconclusive, 0, "missed"},
		{"scrapes that were missed elsewhere", usual, "per_request(postgres.queries) <= 4 in steady", []probed{db(lost)}, results.Pass, 3, ""},
		{"in windows, of which one breaks", busy, "per_request(redis.commands) <= 3 in every 30s", []probed{cache(surge(40, 20))}, results.Fail, 10.0 / 3, "the worst of 4 windows is 30s to 60s"},
		{"in windows, of which none does", busy, "per_request(redis.commands) <= 3 in steady in every 20s", []probed{cache(surge(40, 20))}, results.Pass, 2, "windows"},
		{"nothing is told", usual, "per_request(postgres.queries) <= 3", []probed{cache(steadily(1))}, results.Inconclusive, 0, "no service told it"},
		{"two tell it", usual, "per_request(postgres.queries) <= 3", []probed{db(steadily(3)), {"stock-db", "postgres", "postgres_queries_total", steadily(1)}}, results.Inconclusive, 0, "name one: postgres.queries{node:orders-db}"},
		{"one of two", usual, "per_request(postgres.queries{node:stock-db}) == 1", []probed{db(steadily(3)), {"stock-db", "postgres", "postgres_queries_total", steadily(1)}}, results.Pass, 1, ""},
		{"a counter of a service's page", usual, "per_request(jobs_total) <= 3", []probed{{"api", "", "jobs_total", steadily(2)}}, results.Pass, 2, ""},
		{"no requests", func(int) second { return second{served: 10, latency: 100} }, "per_request(postgres.queries) <= 3", []probed{db(steadily(3))}, results.Inconclusive, 0, "no requests"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := worked(t, completeTrial(), frames(row.load), probes(t, -11, 120, row.probes...), row.slo)
			e := v.Evidence[0]
			if e.Outcome != row.outcome || !strings.Contains(e.Reason, row.reason) {
				t.Fatalf("%s: %+v", row.outcome, e)
			}
			if row.value != 0 && (e.Value == nil || math.Abs(*e.Value-row.value) > 0.01*row.value) {
				t.Errorf("value %v, want %v", *e.Value, row.value)
			}
		})
	}
}

// TestTheWholeLoadHasNoEdges: without a warm-up nothing was requested before the first scrape nor after the last, and what the edges
// would blur is exact.
func TestTheWholeLoadHasNoEdges(t *testing.T) {
	trial := completeTrial()
	trial.Phases, trial.Faults = []results.Phase{{Name: results.PhaseSteady, Start: 0, End: 5}}, nil
	var load []*recording.Frame
	for s := range 5 {
		load = append(load, quiet().frame(float64(s), 1e9))
	}
	work := probed{"orders-db", "postgres", "postgres_queries_total", func(s int) float64 {
		return map[int]float64{1: 25, 2: 30, 3: 30, 4: 31, 5: 20, 6: 14}[s] // 150, the last of them after the planned end
	}}
	v := worked(t, trial, load, probes(t, -2, 6, work), "per_request(postgres.queries) == 3")
	if e := v.Evidence[0]; e.Outcome != results.Pass || *e.Value != 3 || *e.Low != 3 || *e.High != 3 || e.Samples != 50 || e.Reason != "" {
		t.Errorf("%+v", e)
	}
}

func TestCountersOfTheLoadPerRequest(t *testing.T) {
	with := func(int) second {
		s := quiet()
		s.points = []recording.Point{counter("orders", tags{"scenario": "main"}, 20), trend("order_time", tags{"scenario": "main"}, 3)}
		return s
	}
	for slo, want := range map[string]results.Outcome{
		"per_request(orders) == 2": results.Pass, "per_request(orders) < 2 in steady": results.Fail, "per_request(order_time) < 2": results.Inconclusive,
		"per_request(http_reqs) == 1": results.Pass, "per_request(orders) <= 2 in every 30s": results.Pass, "per_request(orders) < 2 in every 30s": results.Fail,
	} {
		v, err := Judgement(askRun(completeTrial(), asked(slo)...), opening(record(t, frames(with))))
		if err != nil {
			t.Fatal(err)
		}
		if e := v.Evidence[0]; e.Outcome != want {
			t.Errorf("%s: %+v", slo, e)
		}
	}
}

func TestUsesAreToldByPhase(t *testing.T) {
	trial := completeTrial()
	trial.Nodes = []results.Node{{Name: "cache", Kind: "redis"}, {Name: "api", Kind: "command"}}
	trial.Links = []results.Link{{Name: "api->cache", Proxied: true, Connections: 1}}
	all := probes(t, -11, 120, probed{"cache", "redis", "redis_commands_total", surge(4, 2)},
		probed{"api", "node", "node_cpu_seconds_total", func(int) float64 { return 0.25 }},
		probed{"api->cache", "link", "link_connections_total", surge(0.5, 0)},
		probed{"api", "", "jobs_total", steadily(2)})
	v := worked(t, trial, frames(func(int) second { return quiet() }), all, "p95(latency) < 1s")
	var got []string
	for _, u := range v.Uses {
		line := u.Phase + " " + u.Node + " " + u.Kind
		for _, n := range []struct {
			name string
			v    *float64
		}{{"commands", u.Commands}, {"connections", u.Connections}, {"cpu", u.CPUPercent}, {"times", u.Amplification}} {
			if n.v != nil {
				line += " " + n.name + " " + display(math.Round(*n.v*100)/100, "")
			}
		}
		got = append(got, line)
	}
	want := []string{
		"warmup cache redis commands 2", "warmup api command cpu 25", "warmup api->cache link connections 0",
		"steady cache redis commands 2", "steady api command cpu 25", "steady api->cache link connections 0",
		"redis-slow cache redis commands 4 times 2", "redis-slow api command cpu 25", "redis-slow api->cache link connections 0.5",
		"recovery cache redis commands 2", "recovery api command cpu 25", "recovery api->cache link connections 0",
		"steady cache redis commands 2", "steady api command cpu 25", "steady api->cache link connections 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTheAmplificationOfALinkIsThatOfItsExchanges: a client in trouble opens connections that it did not need before, which says
// nothing of how often it asks.
func TestTheAmplificationOfALinkIsThatOfItsExchanges(t *testing.T) {
	trial := completeTrial()
	trial.Links = []results.Link{{Name: "api->cache", Proxied: true, Connections: 1}}
	for _, row := range []struct {
		name   string
		metric string
		at     func(int) float64
		want   *float64
	}{
		{"four attempts instead of one", "link_exchanges_total", surge(4, 1), ptr(4)},
		{"nobody asked before", "link_exchanges_total", surge(4, 0), nil},
		{"of a recording that counted connections only", "link_connections_total", surge(0.75, 0.25), ptr(3)},
	} {
		t.Run(row.name, func(t *testing.T) {
			all := probes(t, -11, 120, probed{"api->cache", "link", row.metric, row.at})
			v := worked(t, trial, frames(func(int) second { return quiet() }), all, "p95(latency) < 1s")
			for _, u := range v.Uses {
				if u.Phase != "redis-slow" {
					continue
				}
				if diff := cmp.Diff(row.want, u.Amplification); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func ptr(v float64) *float64 { return &v }

func TestALinkThatNothingCrossedIsNamed(t *testing.T) {
	for _, row := range []struct {
		name string
		link results.Link
		want bool
	}{
		{"nothing crossed it", results.Link{Name: "api->cache", Proxied: true}, true},
		{"one connection, kept in a pool", results.Link{Name: "api->cache", Proxied: true, Connections: 1}, false},
		{"it is not proxied, so that nobody counted", results.Link{Name: "api->cache"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial := completeTrial()
			trial.Links = []results.Link{row.link}
			v, err := Judgement(askRun(trial, asked("p95(latency) < 1s")...), opening(record(t, frames(func(int) second { return quiet() }))))
			if err != nil {
				t.Fatal(err)
			}
			if named := strings.Contains(strings.Join(v.Warnings, " "), "no connection crossed the link api->cache"); named != row.want {
				t.Errorf("warnings %v", v.Warnings)
			}
		})
	}
}
