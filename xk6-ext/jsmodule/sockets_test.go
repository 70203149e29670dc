package jsmodule

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/js/modulestest"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// holding runs JavaScript of an iteration that has metrics, and returns what it came to and the samples.
func holding(t *testing.T, url, text string) (any, []metrics.Sample, error) {
	t.Helper()
	runtime := modulestest.NewRuntime(t)
	rt := runtime.VU.Runtime()
	registry := runtime.VU.InitEnvField.Registry
	m := (&module{}).NewModuleInstance(runtime.VU)
	samples := make(chan metrics.SampleContainer, 1000)
	runtime.VU.InitEnvField = nil
	runtime.VU.CtxField = lib.WithScenarioState(context.Background(), &lib.ScenarioState{Name: "load"})
	runtime.VU.StateField = &lib.State{Samples: samples, Tags: lib.NewVUStateTags(registry.RootTagSet())}
	for name, value := range map[string]any{"brunt": m.Exports().Default, "url": url} {
		if err := rt.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	v, err := rt.RunString(text)
	close(samples)
	var all []metrics.Sample
	for c := range samples {
		all = append(all, c.GetSamples()...)
	}
	if err != nil {
		return nil, all, err
	}
	return v.Export(), all, nil
}

func TestScriptsHoldSockets(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ReadHeaderTimeout = 300 * time.Millisecond
	s.Start()
	defer s.Close()
	for _, row := range []struct {
		name, text string
		want       map[string]any
		counted    map[string]float64
	}{
		{
			"half-open requests", `brunt.sockets.slowloris(url, { sockets: 7, over: 50, for: '1h', every: '100ms', headers: { A: 1 }, tags: { who: 'me' } })`,
			map[string]any{"opened": 7, "closed": 7, "refused": 0, "held": 0, "messages": 0, "refusal": ""},
			map[string]float64{"sockets_opened": 7, "sockets_refused": 0, "sockets_closed": 7},
		},
		{
			"WebSockets that are refused", `brunt.sockets.websocket(url, { for: 1e3, end: 'cut', mute: true, tags: { who: 'me' } })`,
			map[string]any{"opened": 0, "closed": 0, "refused": 1, "held": 0, "messages": 0, "refusal": "the server answered 404 Not Found"},
			map[string]float64{"sockets_opened": 0, "sockets_refused": 1, "sockets_closed": 0},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, samples, err := holding(t, s.URL, row.text)
			if err != nil {
				t.Fatal(err)
			}
			delete(got.(map[string]any), "most")
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
			counted, after := map[string]float64{}, 0
			for _, s := range samples {
				if who, _ := s.Tags.Get("who"); who != "me" {
					t.Errorf("%s lacks a tag: %v", s.Metric.Name, s.Tags)
				}
				switch s.Metric.Type {
				case metrics.Counter:
					counted[s.Metric.Name] += s.Value
				case metrics.Trend:
					if after++; s.Metric.Name != "sockets_closed_after" || s.Value <= 0 {
						t.Errorf("%s of %v ms", s.Metric.Name, s.Value)
					}
				}
			}
			if diff := cmp.Diff(row.counted, counted); diff != "" || after != row.want["closed"] {
				t.Errorf("%d closed\n%s", after, diff)
			}
			if last := samples[len(samples)-1]; last.Metric.Name != "sockets_held" || last.Value != 0 {
				t.Errorf("the last sample is %s %v", last.Metric.Name, last.Value)
			}
		})
	}
}

func TestSlipsWithSocketsAreExceptions(t *testing.T) {
	for _, row := range []struct{ text, says string }{
		{`brunt.sockets.slowloris(url)`, `sockets.slowloris: say how long: {for: '10s'}`},
		{`brunt.sockets.slowloris(url, {})`, `for is 0s: sockets are held for up to 1h0m0s`},
		{`brunt.sockets.slowloris(url, { for: 'long' })`, `sockets.slowloris: for: time: invalid duration`},
		{`brunt.sockets.slowloris(url, { for: 1, socket: 5 })`, `unknown option socket: there are end, every, for, headers, over, reopen, sockets, tags`},
		{`brunt.sockets.slowloris(url, { for: 1, mute: true })`, `unknown option mute`},
		{`brunt.sockets.websocket(url, { for: 1, every: 1 })`, `unknown option every: there are end, for, headers, mute, over, reopen, sockets, tags`},
		{`brunt.sockets.websocket(url, { for: 1, sockets: 1.5 })`, `sockets: 1.5 is no whole number`},
		{`brunt.sockets.websocket(url, { for: 1, headers: 'A: b' })`, `headers: A: b is no object of names and values`},
		{`brunt.sockets.websocket('ws://192.0.2.1/', { for: 1 })`, `sockets are held on loopback addresses only, and 192.0.2.1 is at 192.0.2.1`},
	} {
		t.Run(row.text, func(t *testing.T) {
			if _, _, err := holding(t, "http://127.0.0.1:1/", row.text); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
	_, err := script(t, Options{}, 1, nil, `brunt.sockets.websocket('ws://127.0.0.1:1', { for: 1 })`)
	if err == nil || !strings.Contains(err.Error(), "sockets.websocket belongs into a scenario's function") {
		t.Errorf("in the init context: %v", err)
	}
}
