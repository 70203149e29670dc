package campaign

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestRoundTripsTakeTurnsInAnOrderOfTheirSeed(t *testing.T) {
	plan := func(seed int64) (links []string, all []float64) {
		r := RoundTrips{Links: []string{"api->cache", "api->db"}, Seed: seed, Rounds: 3}
		var tried []results.FaultOutcome
		for {
			link, delay, end := r.Next(tried)
			if end != "" {
				if end != results.SearchDone || len(tried) != r.Steps() {
					t.Errorf("%s after %d steps", end, len(tried))
				}
				return links, all
			}
			links, all = append(links, link), append(all, delay)
			tried = append(tried, results.FaultOutcome{Link: link, Strength: delay})
		}
	}
	links, first := plan(7)
	if len(links) != 24 {
		t.Fatalf("%d steps", len(links))
	}
	for turn := range 6 {
		want := []string{"api->cache", "api->db"}[turn%2]
		if got := links[4*turn : 4*turn+4]; !slices.Equal(slices.Compact(slices.Clone(got)), []string{want}) {
			t.Errorf("turn %d is of %v, want %s", turn, got, want)
		}
		if got := slices.Sorted(slices.Values(first[4*turn : 4*turn+4])); !slices.Equal(got, delays()) {
			t.Errorf("turn %d adds %v", turn, got)
		}
	}
	_, again := plan(7)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same seed gave another order:\n%s", diff)
	}
	if _, other := plan(8); slices.Equal(first, other) {
		t.Error("another seed gave the same order")
	}
}
