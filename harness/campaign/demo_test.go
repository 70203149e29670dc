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
