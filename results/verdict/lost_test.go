package verdict

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestALossOfToleranceIsOneWhoseIntervalsDoNotMeet(t *testing.T) {
	limit := func(kind, unit string, held, broke float64) results.Verdict {
		return results.Verdict{Tolerances: []results.Tolerance{{Link: "api->cache", Kind: kind, Unit: unit, Rate: 50, Held: &held, Broke: &broke}}}
	}
	rate := func(held, broke float64) results.Verdict {
		return results.Verdict{Breakpoints: []results.Breakpoint{{Held: &held, Broke: &broke}}}
	}
	elsewhere := limit("latency", "ms", 8, 9)
	elsewhere.Tolerances[0].Rate = 100
	for _, row := range []struct {
		name        string
		before, now results.Verdict
		want        []string
	}{
		{"less latency", limit("latency", "ms", 235, 256), limit("latency", "ms", 60, 64), []string{"latency tolerated on api->cache is 60ms, not 235ms"}},
		{"none any more", limit("stall", "%", 4, 5), limit("stall", "%", 0, 1), []string{"stall tolerated on api->cache is none, not 4%"}},
		{"more bandwidth is needed", limit("bandwidth", "B/s", 50_000, 46_000), limit("bandwidth", "B/s", 1_000_000, 900_000),
			[]string{"bandwidth tolerated on api->cache is 1MB/s, not 50KB/s"}},
		{"a lower rate", rate(420, 466), rate(200, 220), []string{"the largest rate is 200/s, not 420/s"}},
		{"the intervals meet", limit("latency", "ms", 235, 256), limit("latency", "ms", 220, 240), nil},
		{"it tolerates more", limit("latency", "ms", 60, 64), limit("latency", "ms", 235, 256), nil},
		{"less bandwidth is needed", limit("bandwidth", "B/s", 1_000_000, 900_000), limit("bandwidth", "B/s", 50_000, 46_000), nil},
		{"at another rate", limit("latency", "ms", 235, 256), elsewhere, nil},
		{"of another kind", limit("latency", "ms", 235, 256), limit("connect-delay", "ms", 8, 9), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, Lost(row.before, row.now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
