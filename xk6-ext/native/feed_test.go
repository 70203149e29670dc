package native

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAFeedHandsOutWhatIsDueInOrderAndDropsWhatIsTooMuch(t *testing.T) {
	f := newFeed(3)
	for i := range int64(5) {
		f.offer(job{index: i})
	}
	numbers := func(jobs []job) (all []int64) {
		for _, j := range jobs {
			all = append(all, j.index)
		}
		return all
	}
	if diff := cmp.Diff([]int64{3, 4}, numbers(f.drops(time.Now()))); diff != "" {
		t.Error(diff)
	}
	if j, ok := f.take(time.Now()); !ok || j.index != 0 {
		t.Errorf("%+v, %v", j, ok)
	}
	taken := make(chan job)
	empty := newFeed(3)
	go func() {
		j, _ := empty.take(time.Now()) // waits for one to come
		taken <- j
	}()
	empty.offer(job{index: 7})
	if j := <-taken; j.index != 7 {
		t.Errorf("%+v", j)
	}
	f.end()
	if j, ok := f.take(time.Now()); !ok || j.index != 1 {
		t.Errorf("what waits at the end is handed out: %+v, %v", j, ok)
	}
	if diff := cmp.Diff([]int64{2}, numbers(f.rest(time.Now()))); diff != "" {
		t.Error(diff)
	}
	if j, ok := f.take(time.Now()); ok {
		t.Errorf("%+v is handed out when all is over", j)
	}
}
