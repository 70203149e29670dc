package native

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// heard are the paths and bodies that a build was sent.
type heard struct {
	mu     sync.Mutex
	bodies []string
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.bodies = append(h.bodies, r.URL.Path+" "+string(body))
	h.mu.Unlock()
	ok(w, r)
}

func (h *heard) sorted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.bodies)
	return h.bodies
}

// mixed is a spec of two kinds of requests, with values that are drawn.
func mixed(url string) requests.Spec {
	return requests.Spec{Requests: []requests.Request{
		{Name: "get", Method: "GET", URL: url + "/{{int 1 1000000}}", Weight: 2},
		{Name: "post", Method: "POST", URL: url + "/post", Body: "{{uuid}}", Weight: 1},
	}}
}

// beside is the options of a schedule with two builds.
func beside(t *testing.T, schedule string, urls ...string) string {
	t.Helper()
	var sides []requests.Spec
	for _, url := range urls {
		sides = append(sides, mixed(url))
	}
	text, err := json.Marshal(sides)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{%s, "builds": [{"name": "baseline"}, {"name": "candidate"}], "sides": %s}`, schedule, text)
}

// of are the exchanges of a build, by number.
func (p *played) of(build string) []*executor.Exchange {
	var all []*executor.Exchange
	for _, x := range p.done {
		if name, _ := x.Form.Scenario.Get(executor.BuildTag); name == build {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(a, b *executor.Exchange) int { return int(a.Iteration - b.Iteration) })
	return all
}

// TestBothBuildsGetTheSameRequests half a slot apart, in an order that is drawn.
func TestBothBuildsGetTheSameRequests(t *testing.T) {
	t.Parallel()
	var baseline, candidate heard
	urls := []string{serve(t, baseline.ServeHTTP).URL, serve(t, candidate.ServeHTTP).URL}
	got := play{seed: 3, warmup: 500 * time.Millisecond, options: beside(t, `"rate": 40, "duration": "1s"`, urls...)}.run(t, t.Context())
	if a := got.account(); a.served != 100 || a.offered() != 100 { // 10 and 40 of each
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff(baseline.sorted(), candidate.sorted()); diff != "" || len(slices.Compact(baseline.sorted())) != 50 {
		t.Errorf("the builds were asked otherwise:\n%s", diff)
	}
	first, second := got.of("baseline"), got.of("candidate")
	if len(first) != 50 || len(second) != 50 {
		t.Fatalf("%d and %d exchanges", len(first), len(second))
	}
	leads := 0
	for i := range first {
		apart := second[i].Intended.Sub(first[i].Intended)
		want := 12500 * time.Microsecond
		if first[i].Warmup {
			want *= 2
		}
		if first[i].Iteration != second[i].Iteration || tag(first[i], "name") != tag(second[i], "name") || (apart-want).Abs() > 1000 && (apart+want).Abs() > 1000 {
			t.Errorf("slot %d: %v apart, want %v", i, apart, want)
		}
		if apart > 0 {
			leads++
		}
	}
	if leads < 10 || leads > 40 {
		t.Errorf("the baseline came first in %d of 50 slots", leads)
	}
	if len(got.pools) != 2 || got.zero.IsZero() {
		t.Errorf("pools %+v, t = 0 at %v", got.pools, got.zero)
	}
}

// TestABuildThatStandsStillKeepsNothingFromTheOther.
func TestABuildThatStandsStillKeepsNothingFromTheOther(t *testing.T) {
	t.Parallel()
	still := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before which nobody notices that the client is gone
		<-r.Context().Done()
	})
	got := play{options: beside(t, `"rate": 40, "duration": "1s", "maxVUs": 3, "queue": 20, "gracefulStop": "500ms"`, serve(t, ok).URL, still.URL)}.run(t, t.Context())
	if n := len(got.of("baseline")); n != 40 {
		t.Errorf("the baseline was asked %d times", n)
	}
	// 3 that hang, 20 that wait and what found no place.
	if a := got.account(); a.served != 40 || a.dropped != 17 || a.interrupted != 23 {
		t.Errorf("%+v", a)
	}
}

// TestRequestsFollowAWarmUpThatEndsWhenTimesAreLevel, and those of builds take turns after it.
func TestRequestsFollowAWarmUpThatEndsWhenTimesAreLevel(t *testing.T) {
	t.Parallel()
	const most = 1500 * time.Millisecond
	s := serve(t, ok)
	for _, row := range []struct {
		name    string
		options string
		slices  []executor.Slice
		builds  []string
		want    int // of the schedule, of each build
	}{
		{"of one target", `{"rate": 100, "duration": "1s"}`, nil, []string{""}, 100},
		{"of two builds", beside(t, `"rate": 100, "duration": "1s"`, s.URL, s.URL), nil, []string{"baseline", "candidate"}, 100},
		{"of two builds in turn", beside(t, `"rate": 100, "duration": "1s"`, s.URL, s.URL), []executor.Slice{
			{Start: 0, End: 250 * time.Millisecond}, {Start: 250 * time.Millisecond, End: 750 * time.Millisecond, Build: 1}, {Start: 750 * time.Millisecond, End: time.Second},
		}, []string{"baseline", "candidate"}, 50},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			levels := executor.NewLeveling(500*time.Millisecond, most, len(row.builds))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { // what the output does
				for ctx.Err() == nil {
					for _, build := range row.builds {
						levels.Heard(build, time.Now(), 10)
					}
					levels.Look(time.Now(), time.Now())
					time.Sleep(10 * time.Millisecond)
				}
			}()
			p := play{warmup: most, levels: levels, slices: row.slices, options: row.options}
			if len(row.builds) == 1 {
				p.spec = get(s.URL)
			}
			began := time.Now()
			got := p.run(t, ctx)
			length := got.zero.Sub(began)
			if length < 500*time.Millisecond || length > most-100*time.Millisecond {
				t.Errorf("the warm-up lasted for %v", length)
			}
			if over := time.Since(got.zero); over < time.Second {
				t.Errorf("it ended %v after t = 0", over)
			}
			for i, build := range row.builds {
				warm, numbers := 0, []int64{}
				for _, x := range got.of(build) {
					if x.Warmup != x.Intended.Before(got.zero) {
						t.Errorf("an iteration at %v is of the warm-up: %v", x.Intended.Sub(got.zero), x.Warmup)
					}
					if x.Warmup {
						warm++
						continue
					}
					numbers = append(numbers, x.Iteration)
					at := x.Intended.Sub(got.zero)
					if row.slices != nil && (at >= 250*time.Millisecond && at < 750*time.Millisecond) != (i == 1) {
						t.Errorf("%s has no turn at %v", build, at)
					}
				}
				if want := length.Seconds() * 50; math.Abs(float64(warm)-want) > 3 {
					t.Errorf("%q: %d iterations of the warm-up, want about %v", build, warm, want)
				}
				// Their numbers do not depend on how long the warm-up was.
				if n := len(numbers); n != row.want || numbers[0] != 75 || numbers[n-1] != int64(75+row.want-1) {
					t.Errorf("%q: %d iterations of the schedule, numbers %v", build, n, numbers)
				}
			}
			if a := got.account(); a.dropped+a.interrupted+a.failed > 0 {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestBuildsNeedTheRequestsOfEach(t *testing.T) {
	one, err := json.Marshal(get("http://127.0.0.1:9"))
	if err != nil {
		t.Fatal(err)
	}
	const two = `"builds": [{"name": "baseline"}, {"name": "candidate"}]`
	for _, row := range []struct{ options, says string }{
		{`{` + two + `}`, "builds need sides"},
		{`{"sides": [` + string(one) + `]}`, "builds need sides"},
		{`{` + two + `, "sides": [` + string(one) + `, ` + string(one) + `], "requests": [{"name": "x", "method": "GET", "url": "http://127.0.0.1:9", "weight": 1}]}`, "either requests or sides"},
		{`{` + two + `, "sides": [` + string(one) + `, {"requests": [{"name": "x", "method": "GET", "url": "nowhere", "weight": 1}]}]}`, "nowhere"},
	} {
		c := newConfig("s", executor.Options{})
		for _, raw := range []string{brief, row.options} {
			if err := lib.StrictJSONUnmarshal([]byte(raw), c); err != nil {
				t.Fatal(err)
			}
		}
		if problems := c.Validate(); !strings.Contains(fmt.Sprint(problems), row.says) {
			t.Errorf("%s is refused with %v, not %q", row.options, problems, row.says)
		}
	}
}
