package cli_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// tripsExperiment asks a service that asks Postgres through a pool of 20 connections and another of 2, and Redis through 40.
const tripsExperiment = `
name: trips
target:
  command: [server, -redis, "${cache.address}", -pool, '40', -narrow, '2']
  port: 8080
  ready: {http: /healthz}
  env: {DATABASE_URL: "${db.url}"}
dependencies: {db: {kind: postgres}, cache: {kind: redis}}
load:
  requests: [%s]
  rate: 20/s
  duration: 30s
warmup: 2s
slos: ["rate(http_req_failed) < 1%%"]
`

// trips measures the round trips of some endpoints, by link and name.
func trips(p *place, budget, requests string, more ...string) map[string]results.RoundTrips {
	p.Helper()
	p.write("experiment.yaml", fmt.Sprintf(tripsExperiment, requests))
	args := append([]string{"limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "round-trips", "--budget", budget, "--seed", "3"}, more...)
	v := p.start(args...)
	code := v.exitWithin(10 * time.Minute)
	if code != 0 && code != 4 {
		p.Fatalf("brunt ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	// Not all that is planned fits into a small budget; what does is an answer all the same, unless all of it is unclear.
	found, want := map[string]results.RoundTrips{}, 4
	for _, r := range p.runs()[0].Verdict.RoundTrips {
		found[r.Link+" "+r.Name] = r
		if r.Count != nil {
			want = 0
		}
	}
	if code != want {
		p.Errorf("brunt ended with %d, not %d\n%s%s", code, want, v.stderr(), v.stdout.String())
	}
	p.Logf("\n%s", v.stdout.String())
	return found
}

// rough is what the quickest medians under 10 ms on the link say: how often these 10 ms fit into all that a request took, which is no less
// than its round trips on any machine, and into what it took longer than without them. A machine that was busier without them, or with
// them, makes the latter less or more.
func rough(r results.RoundTrips) (most, added float64) {
	quickest := func(asked float64) float64 {
		least := math.Inf(1)
		for _, p := range r.Points {
			if p.Asked == asked {
				least = min(least, p.Duration)
			}
		}
		return least
	}
	return quickest(10) / 10, (quickest(10) - quickest(0)) / 10
}

// TestQueriesOneAfterAnotherAreRoundTrips: on a machine that is busy with other tests brunt may well say that it is not sure; what it
// measured shows the queries all the same. The proof holds what it says to a tenth.
func TestQueriesOneAfterAnotherAreRoundTrips(t *testing.T) {
	t.Parallel()
	found := trips(newPlace(t, topology.ProviderLocal), "60s", "{name: twenty, path: /postgres/seq/20}, {name: ten, path: /postgres/par/10}", "--link", "target->db")
	twenty, ten := found["target->db twenty"], found["target->db ten"]
	if most, added := rough(twenty); !(most >= 20 && added > 10 && added < 40) || twenty.Count != nil && math.Abs(*twenty.Count-20) > 8 {
		t.Errorf("twenty queries one after another are about %v, and %v at most: %+v", added, most, twenty)
	}
	if most, added := rough(ten); !(most >= 1 && added < 8) || ten.Count != nil && *ten.Count > 5 {
		t.Errorf("ten queries at once are about %v, and %v at most: %+v", added, most, ten)
	}
}

func TestProofRoundTripsAreCounted(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			for _, d := range []struct{ name, link string }{{"postgres", "target->db"}, {"redis", "target->cache"}} {
				t.Run(d.name, func(t *testing.T) {
					row := proof.Row{File: file, What: "round trips on " + d.name + ": 1, 3 and 20 in sequence, and 10 at once", Provider: provider}
					if !row.There(t) {
						proveTrips(t, row, d.name, d.link)
					}
				})
			}
			t.Run("saturated", func(t *testing.T) {
				row := proof.Row{File: file, What: "round trips of a saturated pool of 2 connections to postgres", Provider: provider}
				if row.There(t) {
					return
				}
				r, ok := trips(newPlace(t, provider), "100s", "{name: crowd, path: /narrow/par/40}", "--link", "target->db")["target->db crowd"]
				if !ok || r.Count != nil || len(r.Points) < 8 {
					t.Fatalf("a saturated pool: %+v", r)
				}
				row.Add(t, "unclear: "+r.Reason)
			})
		})
	}
}

// proveTrips holds what brunt says of each endpoint to a tenth.
func proveTrips(t *testing.T, row proof.Row, dependency, link string) {
	asked := []struct {
		name, how string
		want      float64
	}{{"one", "seq/1", 1}, {"three", "seq/3", 3}, {"twenty", "seq/20", 20}, {"ten", "par/10", 1}}
	var requests, told []string
	for _, a := range asked {
		requests = append(requests, fmt.Sprintf("{name: %s, path: /%s/%s}", a.name, dependency, a.how))
	}
	found := trips(newPlace(t, row.Provider), "160s", strings.Join(requests, ", "), "--link", link)
	for _, a := range asked {
		r := found[link+" "+a.name]
		if r.Count == nil {
			t.Errorf("%s: %s", a.name, r.Reason)
			continue
		}
		if math.Abs(*r.Count-a.want) > 0.1*a.want {
			t.Errorf("%s: %v, want %v", a.name, *r.Count, a.want)
		}
		told = append(told, fmt.Sprintf("%s %.2f", a.name, *r.Count))
	}
	if !t.Failed() {
		row.Add(t, strings.Join(told, ", "))
	}
}
