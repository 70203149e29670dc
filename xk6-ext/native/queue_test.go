package native

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// At ten a second, iteration i is due 100 ms × i after the start.
func TestTheQueueMakesUpForWhatBecameDueSinceTheLastLook(t *testing.T) {
	config := newConfig("s", executor.Options{})
	if err := lib.StrictJSONUnmarshal([]byte(`{"rate": 10, "duration": "2s"}`), config); err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1000, 0)
	q := newQueue(config.Timetable(), start, 3)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var got []int64
	take := func(ms int) {
		j, ok := q.take(at(ms))
		if !ok {
			j.index = -1
		} else if j.intended != at(int(j.index)*100) {
			t.Errorf("iteration %d is due at %v", j.index, j.intended)
		}
		got = append(got, j.index)
	}
	lost := func(jobs []job) {
		for _, j := range jobs {
			got = append(got, -100-j.index)
		}
	}
	take(0)   // the first is due at once
	take(50)  // the next one is claimed before it is due
	take(210) // and so on: 2 has waited 10 ms
	take(650) // 3, 4 and 5 wait; 6 found the queue full
	lost(q.drops(at(650)))
	take(660)            // 4
	take(660)            // 5
	take(660)            // nobody waits: 7 is claimed
	lost(q.drops(at(0))) // nothing new
	take(1010)           // 8, 9 and 10 wait
	lost(q.rest(at(1350)))
	take(5000)
	lost(q.drops(at(5000)))
	want := []int64{0, 1, 2, 3, -106, 4, 5, 7, 8, -109, -110, -111, -1, -112, -113}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
