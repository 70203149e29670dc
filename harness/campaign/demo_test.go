package campaign

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func showings(d Demo, done []Showing) []Showing {
	var all []Showing
	for {
		next, ok := d.Next(append(done, all...))
		if !ok {
			return all
		}
		all = append(all, next)
	}
}

func TestADemoShowsNaiveAndThenFixedOfEachTarget(t *testing.T) {
	want := []Showing{{"leak", "naive", 7}, {"leak", "fixed", 7}, {"auth", "naive", 7}, {"auth", "fixed", 7}}
	if diff := cmp.Diff(want, showings(Demo{Targets: []string{"leak", "auth"}, Seed: 7}, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestADemoGoesOnWhereItWasInterrupted(t *testing.T) {
	demo := Demo{Targets: []string{"auth", "leak"}, Seed: 7}
	done := []Showing{{"auth", "fixed", 7}, {"leak", "naive", 8}, {"cache", "naive", 7}}
	want := []Showing{{"auth", "naive", 7}, {"leak", "naive", 7}, {"leak", "fixed", 7}}
	if diff := cmp.Diff(want, showings(demo, done)); diff != "" {
		t.Error(diff)
	}
}

func TestADemoShowsTheAlternativesOfATargetAfterItsVariants(t *testing.T) {
	demo := Demo{Targets: []string{"auth", "leak"}, Alternatives: map[string][]string{"auth": {"passthrough", "mtls"}}, Seed: 7}
	want := []Showing{{"auth", "naive", 7}, {"auth", "fixed", 7}, {"auth", "passthrough", 7}, {"auth", "mtls", 7}, {"leak", "naive", 7}, {"leak", "fixed", 7}}
	if diff := cmp.Diff(want, showings(demo, nil)); diff != "" {
		t.Error(diff)
	}
	// A demo of the variants goes on with the alternatives when they are asked for later, and one of all without them when not.
	if diff := cmp.Diff(want[2:4], showings(demo, append(want[:2:2], want[4:]...))); diff != "" {
		t.Error(diff)
	}
	demo.Alternatives = nil
	if diff := cmp.Diff(want[4:], showings(demo, want[:4])); diff != "" {
		t.Error(diff)
	}
}
