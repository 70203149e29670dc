package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/xk6-ext/requests"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// scriptless are two kinds of requests.
func scriptless(url string) *requests.Spec {
	return &requests.Spec{Requests: []requests.Request{
		{Name: "item", Method: "GET", URL: url + "/items/{{int 1 1000}}", Weight: 3, Tags: map[string]string{"endpoint": "item"},
			Checks: requests.Checks{Status: []string{"200"}, Contains: "ok"}},
		{Name: "make", Method: "POST", URL: url + "/items", Body: `{"id": "{{uuid}}"}`, Weight: 1, Checks: requests.Checks{Status: []string{"201"}}},
	}}
}

func TestRequestsWithoutAScriptAreMeasuredAsThoseOfAScript(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.URL.Path+" "+string(body))
		ok(w, r)
	})
	var first []string
	for round := range 2 {
		seen = nil
		fitness, err, r := run(t, Options{
			Script: Script{Path: "experiment.yaml", Requests: scriptless(url), Rate: 50, Duration: 2 * time.Second, Warmup: time.Second, VUs: 7},
			Seed:   5, Selectors: []wire.Selector{{Metric: "latency", Tags: map[string]string{"endpoint": "item"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		balanced(t, fitness, r)
		if fitness.Offered != 100 || fitness.Served != 100 || len(seen) != 125 {
			t.Errorf("%+v, %d arrived; want 100 and 125", fitness, len(seen))
		}
		items, makes := r.trend("latency", 0, always, "name:item", "outcome:ok").Count(), r.trend("latency", 0, always, "name:make", "outcome:ok").Count()
		if items+makes != 100 || items < makes || r.trend("latency", 0, always, "endpoint:item", "selector:1").Count() != items {
			t.Errorf("%d items and %d made; there are %v", items, makes, r.keys())
		}
		for _, metric := range []string{
			"http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking", "http_req_sending", "http_req_waiting",
			"http_req_receiving", "lateness", "iteration_duration",
		} {
			if n := r.trend(metric, 0, always, "scenario:requests").Count(); n != 100 {
				t.Errorf("%s has %d values", metric, n)
			}
		}
		for _, metric := range []string{"http_reqs", "iterations"} {
			if n := r.sum(metric, 0, always, "scenario:requests"); n != 100 {
				t.Errorf("%s is %v", metric, n)
			}
		}
		if r.sum("data_sent", 0, always) < 100*50 || r.sum("data_received", 0, always) < 100*50 {
			t.Errorf("%v sent, %v received", r.sum("data_sent", 0, always), r.sum("data_received", 0, always))
		}
		if trues, total := r.rate("checks", 0, always, "check:item: status is 200"); trues != items || total != items {
			t.Errorf("%d of %d statuses", trues, total)
		}
		if trues, total := r.rate("checks", 0, always, "check:make: status is 201"); trues != 0 || total != makes {
			t.Errorf("%d of %d made", trues, total)
		}
		if trues, total := r.rate("http_req_failed", 0, always); trues != 0 || total != 100 {
			t.Errorf("%d of %d failed", trues, total)
		}
		slices.Sort(seen)
		if round == 0 {
			first = slices.Clone(seen)
		} else if diff := cmp.Diff(first, seen); diff != "" {
			t.Errorf("the same seed gave other requests:\n%s", diff)
		}
	}
}

func TestRequestsWithoutAScriptTakeEveryShape(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	for shape, want := range map[string]int64{"smoke": 20, "soak": 20, "ramp": 15, "spike": 8} {
		t.Run(shape, func(t *testing.T) {
			s := Script{Path: "experiment.yaml", Requests: scriptless(url), Shape: shape, Rate: 10, Duration: 2 * time.Second}
			in, err := Inspect(t.Context(), os.Args[0], s, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !in.OpenModel || in.ConstantRate != (shape == "smoke" || shape == "soak") || in.Duration != 2*time.Second {
				t.Errorf("%+v", in)
			}
			fitness, err, r := run(t, Options{Script: s, Inspection: in})
			if err != nil {
				t.Fatal(err)
			}
			balanced(t, fitness, r)
			if fitness.Offered < want-1 || fitness.Offered > want+1 {
				t.Errorf("offered %d, want about %d", fitness.Offered, want)
			}
		})
	}
}

func TestRequestsWithoutAScriptShowATargetThatFails(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			http.Error(w, "no", http.StatusServiceUnavailable)
		default:
			time.Sleep(3 * time.Second)
		}
	})
	spec := scriptless(url)
	spec.HTTP.Timeout = 300 * time.Millisecond
	fitness, err, r := run(t, Options{
		Script:    Script{Path: "e.yaml", Requests: spec, Rate: 40, Duration: 2 * time.Second, VUs: 2},
		Selectors: []wire.Selector{{Metric: "http_reqs", Tags: map[string]string{"error_code": "1050"}}, {Metric: "http_reqs", Tags: map[string]string{"status": "503"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	late, refused := r.sum("http_reqs", 0, always, "error_code:1050", "selector:1"), r.sum("http_reqs", 0, always, "selector:1", "status:503")
	if fitness.Offered != 80 || fitness.Failed != 80 || late+refused != 80 || late == 0 || refused == 0 {
		t.Errorf("%+v: %v too late, %v refused", fitness, late, refused)
	}
	// Two connections serve at most seven a second: the others wait, and their latency says so.
	service, latency := r.trend("http_req_duration", 0, always).Quantile(0.99), r.trend("latency", 0, always).Quantile(0.99)
	if service > 1000 || latency < 2000 {
		t.Errorf("p99 of the service time is %v ms, of latency %v ms", service, latency)
	}
	if fitness.MostVUs != 2 || fitness.AllowedVUs != 2 || fitness.Waited == 0 {
		t.Errorf("%+v", fitness)
	}
}

func TestALoadWithoutAScriptCanBeStopped(t *testing.T) {
	t.Parallel()
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // until then nobody notices that the client is gone
		<-r.Context().Done()
	})
	p := start(t, Options{Script: Script{Path: "e.yaml", Requests: scriptless(url), Rate: 50, Duration: time.Minute, VUs: 3}})
	<-p.Started()
	time.Sleep(time.Second)
	p.Stop()
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, read(t, p))
	if fitness.Interrupted != fitness.Offered || fitness.Offered < 10 || fitness.Offered > 2500 {
		t.Errorf("%+v", fitness)
	}
}

func TestFewRequestsWithoutAScriptHaveOneProcessor(t *testing.T) {
	for _, row := range []struct {
		name    string
		script  Script
		environ []string
		want    string
	}{
		{"a script", Script{}, nil, ""},
		{"a shape's own rate", Script{Requests: &requests.Spec{}, Shape: "ramp"}, nil, "1"},
		{"few requests", Script{Requests: &requests.Spec{}, Rate: 5000}, nil, "1"},
		{"what the user wants", Script{Requests: &requests.Spec{}, Rate: 5000}, []string{"GOMAXPROCS=2"}, "2"},
		{"many requests", Script{Requests: &requests.Spec{}, Rate: 5001}, nil, ""},
		{"handshakes", Script{Requests: &requests.Spec{HTTP: requests.HTTP{NoKeepAlive: true}}, Rate: 10}, nil, ""},
	} {
		got := ""
		for _, pair := range environment(row.environ, row.script) {
			if value, ok := strings.CutPrefix(pair, "GOMAXPROCS="); ok {
				got = value
			}
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// What can only be seen when references are resolved is the experiment's fault, too.
func TestRequestsThatCannotBeMadeAreRefused(t *testing.T) {
	t.Parallel()
	spec := scriptless("http://a b")
	_, err := Inspect(t.Context(), os.Args[0], Script{Path: "experiment.yaml", Requests: spec, Rate: 1, Duration: time.Second}, nil)
	var wrong *ScriptError
	if !errors.As(err, &wrong) || wrong.Kind != KindConfig || !strings.Contains(err.Error(), `request item: "http://a b/items/`) {
		t.Errorf("%v", err)
	}
}

// Outputs of k6 stand beside ours, and see the samples that they know; without brunt, k6 itself runs such a scenario.
func TestOutputsOfK6SeeRequestsWithoutAScript(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	spec, err := json.Marshal(scriptless(url))
	if err != nil {
		t.Fatal(err)
	}
	script := write(t, "script.js", fmt.Sprintf(`
export const options = {
  scenarios: { s: Object.assign({ executor: 'brunt-native', rate: 20, duration: '1s' }, %s) },
  thresholds: { http_reqs: ['count==20'], 'http_req_duration{name:item}': ['max>0'], http_req_failed: ['rate==0'], iterations: ['count==20'] },
};
export default function () {}`, spec))
	file := filepath.Join(t.TempDir(), "samples.json")
	out, code := plain(t, nil, "run", "--quiet", "--address=", "--no-usage-report", "--out", "json="+file, script)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	points := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line struct {
			Type, Metric string
			Data         struct{ Tags map[string]string }
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Type != "Point" {
			continue
		}
		points[line.Metric]++
		if line.Metric == "http_req_duration" {
			tags := line.Data.Tags
			if tags["status"] != "200" || tags["scenario"] != "s" || tags["expected_response"] != "true" || tags["proto"] != "HTTP/1.1" || tags["method"] == "" {
				t.Errorf("%v", tags)
			}
		}
	}
	for _, metric := range []string{"http_reqs", "http_req_duration", "http_req_waiting", "http_req_failed", "iterations", "iteration_duration", "data_sent"} {
		if points[metric] != 20 {
			t.Errorf("%d samples of %s", points[metric], metric)
		}
	}
}
