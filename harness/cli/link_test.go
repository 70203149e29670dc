package cli_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/topology"
)

// linkExperiment runs at half its time. Its service reads an item that is not cached with three round trips: two to the
// cache and one to the database.
const linkExperiment = `
name: links
services:
  api:
    reference: restapi
    variant: naive
    port: 8080
    ready: {http: /healthz, timeout: 60s}
    env: {DATABASE_URL: "%DATABASE%", REDIS_URL: "%CACHE%"}
dependencies:
  orders-db: {kind: postgres}
  cache: {kind: redis}
setup:
  - {sql: schema.sql, on: orders-db}
load: {script: script.js, env: {BASE_URL: "${api.url}"}, shape: soak, rate: 10/s, duration: 19s}
warmup: 2s
settle: 1s
faults:
  - {name: cache-slow, link: api->cache, kind: latency, latency: 200ms, at: 4s, for: 5s}
  - {name: db-slow, link: api->orders-db, kind: latency, latency: 100ms, at: 12s, for: 5s}
slos:
  - p50(latency) < 90ms in steady
  - p50(latency) > 200ms in cache-slow
  - p50(latency) > 100ms in db-slow
`

const linkScript = `
import http from 'k6/http';
export default function () { http.get(__ENV.BASE_URL + '/items/' + (1 + Math.floor(Math.random() * 20000))); }
`

// linkReport is what scripts read of --json about links and faults.
type linkReport struct {
	Status, Verdict string
	TimeScale       float64 `json:"time_scale"`
	Phases          []struct {
		Name  string
		Fault string
		Start float64 `json:"start_s"`
		End   float64 `json:"end_s"`
	}
	Faults []struct {
		Name, Link, Kind string
		PlannedStart     float64 `json:"planned_start_s"`
		PlannedEnd       float64 `json:"planned_end_s"`
		Start            float64 `json:"start_s"`
		End              float64 `json:"end_s"`
		Applied, Removed bool
		Effect           struct {
			Seen   bool
			Unit   string
			Added  float64
			Probes int
		}
	}
	Evidence []struct {
		What, Phase string
		Value       float64
	}
	Trials []struct {
		Links []struct {
			Name, Address string
			Proxied       bool
			Connections   int64
		}
	}
}

// aFaultOnALinkIsAFact: when it began and ended, what it added, that it is gone, and that the service's own traffic
// went through it. In a container the service dials its dependencies by their usual names and ports; a process of the local
// provider, which shares this machine's names, by the addresses that it is given.
func aFaultOnALinkIsAFact(t *testing.T) {
	t.Parallel()
	dials := map[string][]string{
		topology.ProviderDocker: {
			"%DATABASE%", "postgres://${orders-db.user}:${orders-db.password}@orders-db:5432/${orders-db.database}?sslmode=disable",
			"%CACHE%", "redis://cache:6379",
		},
		topology.ProviderLocal: {"%DATABASE%", "${orders-db.url}", "%CACHE%", "${cache.url}"},
	}
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, provider)
			p.write("experiment.yaml", strings.NewReplacer(dials[provider]...).Replace(linkExperiment))
			p.write("script.js", linkScript)
			p.write("schema.sql", strings.ReplaceAll(killSchema, "series(1, 100)", "series(1, 20000)"))
			v := p.run(0, p.runArgs("--time-scale", "0.5", "--inconclusive=pass", "--json", "-")...)
			var report linkReport
			if err := json.Unmarshal(v.stdout.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if report.Status != "complete" || report.TimeScale != 0.5 || len(report.Faults) != 2 {
				t.Fatalf("%s at time scale %v with %d faults", report.Status, report.TimeScale, len(report.Faults))
			}
			report.fault(t, 0, plannedFault{"cache-slow", "api->cache", 2, 4.5, 200})
			report.fault(t, 1, plannedFault{"db-slow", "api->orders-db", 6, 8.5, 100})
			report.traffic(t)
		})
	}
}

type plannedFault struct {
	name, link        string
	start, end, added float64 // s, s, ms
}

// fault compares what happened with the plan: times within 250 ms, and what was added within -10 % and +30 %.
func (r linkReport) fault(t *testing.T, i int, want plannedFault) {
	t.Helper()
	f := r.Faults[i]
	if f.Name != want.name || f.Link != want.link || f.Kind != "latency" || f.PlannedStart != want.start || f.PlannedEnd != want.end {
		t.Errorf("planned as %+v, not as %+v", f, want)
	}
	if math.Abs(f.Start-f.PlannedStart) > 0.25 || math.Abs(f.End-f.PlannedEnd) > 0.25 {
		t.Errorf("%s was in force from %.3f to %.3f s, planned from %.3f to %.3f s", f.Name, f.Start, f.End, f.PlannedStart, f.PlannedEnd)
	}
	if !f.Applied || !f.Removed {
		t.Errorf("%s: applied %v, removed %v", f.Name, f.Applied, f.Removed)
	}
	e := f.Effect
	if !e.Seen || e.Unit != "ms" || e.Probes == 0 || e.Added < 0.9*want.added || e.Added > 1.3*want.added {
		t.Errorf("%s added %.1f %s (seen %v, %d probes), not %.0f ms", f.Name, e.Added, e.Unit, e.Seen, e.Probes, want.added)
	}
	for _, p := range r.Phases {
		if p.Name == "fault" && p.Fault == f.Name && p.Start == f.Start && p.End == f.End {
			return
		}
	}
	t.Errorf("no phase of %s from %.3f to %.3f s among %+v", f.Name, f.Start, f.End, r.Phases)
}

// traffic says that the service's connections crossed the proxied links, and that its users felt it.
func (r linkReport) traffic(t *testing.T) {
	t.Helper()
	ports := map[string]string{"api->cache": ":6379", "api->orders-db": ":5432"}
	proxied := 0
	for _, l := range r.Trials[0].Links {
		port := ports[l.Name]
		if l.Proxied != (port != "") || l.Proxied && (l.Connections == 0 || !strings.HasSuffix(l.Address, port)) {
			t.Errorf("link %s at %s: proxied %v, %d connections", l.Name, l.Address, l.Proxied, l.Connections)
		}
		if l.Proxied {
			proxied++
		}
	}
	if proxied != len(ports) {
		t.Errorf("%d links are proxied, not %d", proxied, len(ports))
	}
	names := []string{}
	for _, p := range r.Phases {
		if len(names) == 0 || names[len(names)-1] != p.Name {
			names = append(names, p.Name)
		}
	}
	want := []string{"warmup", "steady", "fault", "recovery", "steady", "fault", "recovery"}
	if !slices.Equal(names[:min(len(names), len(want))], want) {
		t.Errorf("phases %v, not %v", names, want)
	}
	// A machine that is busy with other tests may be unfit to judge on; the values stand all the same.
	felt := map[string]func(float64) bool{
		"steady":     func(ms float64) bool { return ms < 90 },
		"cache-slow": func(ms float64) bool { return ms > 400 }, // a read and a write
		"db-slow":    func(ms float64) bool { return ms > 100 && ms < 200 },
	}
	for _, e := range r.Evidence {
		if expected := felt[e.Phase]; expected != nil && !expected(e.Value) {
			t.Errorf("%s in %s: %.1f ms", e.What, e.Phase, e.Value)
		}
	}
}
