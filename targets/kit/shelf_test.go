package kit_test

import (
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

func TestAShelfTellsWhatIsNotThereFromARedisThatIsNot(t *testing.T) {
	t.Parallel()
	type value struct{ Name string }
	open := func(url string) *kit.Shelf {
		shelf, err := kit.OpenShelf(kittest.Environment(kit.Fixed, map[string]string{"REDIS_URL": url}), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = shelf.Close() })
		return shelf
	}
	there, gone := open(kittest.Redis(t)), open("redis://127.0.0.1:1")
	there.Put(t.Context(), "lamp", value{"lamp"}, time.Minute)
	there.Set(t.Context(), "broken", "{", 0)
	for _, row := range []struct {
		shelf           *kit.Shelf
		key             string
		found, answered bool
	}{
		{there, "lamp", true, true}, {there, "chair", false, true}, {there, "broken", false, true}, {gone, "lamp", false, false},
	} {
		var v value
		found, answered := row.shelf.Take(t.Context(), row.key, &v)
		if found != row.found || answered != row.answered || found && v.Name != "lamp" {
			t.Errorf("%s: %+v, found %v, answered %v", row.key, v, found, answered)
		}
	}
	if left := there.PTTL(t.Context(), "lamp").Val(); left <= 0 || left > time.Minute {
		t.Errorf("what was put for a minute is kept for %v", left)
	}
}
