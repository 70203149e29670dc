package nplusone

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestABatchAsksOnceForAllThatIsWanted(t *testing.T) {
	var asked [][]int64
	b := batch[user]{
		key: func(u user) int64 { return u.ID },
		load: func(_ context.Context, keys []int64) (found []user, err error) {
			asked = append(asked, slices.Clone(keys))
			for _, id := range keys {
				if id < 10 {
					found = append(found, user{ID: id})
				}
			}
			return found, nil
		},
	}
	one, two, again, unknown := b.want(1), b.want(2), b.want(1), b.want(10)
	for _, row := range []struct {
		name string
		get  func(context.Context) ([]user, error)
		want int
	}{{"one", one, 1}, {"two", two, 1}, {"one again", again, 1}, {"one that is not there", unknown, 0}} {
		if found, err := row.get(t.Context()); err != nil || len(found) != row.want {
			t.Errorf("%s: %v, %v, want %d", row.name, found, err, row.want)
		}
	}
	later := b.want(3)
	if found, err := later(t.Context()); err != nil || len(found) != 1 || found[0].ID != 3 {
		t.Errorf("later: %v, %v", found, err)
	}
	if len(asked) != 2 || !slices.Equal(asked[0], []int64{1, 2, 10}) || !slices.Equal(asked[1], []int64{3}) {
		t.Errorf("asked for %v, want 1, 2 and 10 at once, then 3", asked)
	}
}

func TestABatchThatFailedAsksNoMore(t *testing.T) {
	gone, calls := errors.New("gone"), 0
	b := batch[user]{
		key:  func(u user) int64 { return u.ID },
		load: func(context.Context, []int64) ([]user, error) { calls++; return nil, gone },
	}
	for id := range int64(5) {
		if _, err := b.want(id)(t.Context()); !errors.Is(err, gone) {
			t.Errorf("got %v, want %v", err, gone)
		}
	}
	if calls != 1 {
		t.Errorf("asked %d times, want once", calls)
	}
}
