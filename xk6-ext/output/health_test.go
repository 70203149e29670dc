package output

import (
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

func TestTheQuantileOfBucketsIsTheEdgeThatHoldsIt(t *testing.T) {
	edges := []float64{math.Inf(-1), 0, 1, 2, 4, math.Inf(1)}
	for _, row := range []struct {
		name   string
		counts []uint64
		q      float64
		want   float64
	}{
		{"nothing", []uint64{0, 0, 0, 0, 0}, 0.99, 0},
		{"one value", []uint64{0, 0, 1, 0, 0}, 0.99, 2},
		{"all but the last hundredth", []uint64{0, 99, 0, 1, 0}, 0.99, 1},
		{"the last hundredth and more", []uint64{0, 98, 0, 2, 0}, 0.99, 4},
		{"the least", []uint64{0, 1, 99, 0, 0}, 0, 1},
		{"beyond the last edge", []uint64{0, 0, 0, 0, 3}, 0.5, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := bucketQuantile(row.counts, edges, row.q); got != row.want {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

func TestHealthTellsOfThisProcess(t *testing.T) {
	var none health
	if delay, pauses, share := none.end(); delay != 0 || pauses != 0 || share != 0 {
		t.Errorf("without a begin it tells of %v, %v, %v", delay, pauses, share)
	}
	var h health
	h.begin()
	// Twenty times as many goroutines that never rest as there are CPUs: whoever wakes waits for the turns of others.
	var all sync.WaitGroup
	until := time.Now().Add(time.Second)
	for range 20 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for time.Now().Before(until) {
				_ = make([]byte, 1<<10)
			}
		})
	}
	all.Wait()
	runtime.GC() // the runtime brings its account of CPU time up to date with every collection
	h.begin()    // of no effect
	delay, pauses, share := h.end()
	if delay < 5 {
		t.Errorf("p99 of the delay is %v ms with twenty goroutines for each CPU", delay)
	}
	if pauses <= 0 || pauses > 10_000 {
		t.Errorf("p99 of the pauses is %v ms", pauses)
	}
	if share <= 0 || share >= 1 {
		t.Errorf("collecting took a share of %v", share)
	}
}

func TestADelayStandsForTheProbesThatItKeptFromBeingMade(t *testing.T) {
	h := health{delays: histogram.New()}
	for range 990 {
		h.late(100 * time.Microsecond)
	}
	h.late(-time.Microsecond) // a clock may be coarse
	h.late(805 * time.Millisecond)
	// 33 probes would have been due: 805, 780 ... 5 ms late. With the 991 others, 10 of 1024 are later than 555 ms.
	if n := h.delays.Count(); n != 991+33 {
		t.Errorf("%d delays", n)
	}
	if p99 := h.delays.Quantile(0.99); p99 < 550 || p99 > 560 {
		t.Errorf("p99 is %v ms", p99)
	}
}

func TestTheVUsThatAreNeededFollowTheUsualDuration(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet()
	fast, slow, stock := root.With("scenario", "fast"), root.With("scenario", "slow").With("build", "base"), root.With("scenario", "stock")
	s := strain{peaks: map[string]float64{"fast": 200, "slow": 50}}
	if n := s.needed(fast); n != 0 {
		t.Errorf("%v before any iteration ended", n)
	}
	for range 5 {
		s.took(fast, 5)
		s.took(fast, 5)
		s.took(fast, 2000) // a stall is not the usual
		s.took(slow, 100)
		s.took(stock, 100)
	}
	for _, row := range []struct {
		tags *metrics.TagSet
		want float64
	}{{fast, 1}, {slow, 5}, {stock, 0}} {
		if got := s.needed(row.tags); math.Abs(got-row.want) > 0.01*row.want {
			t.Errorf("%v needs %v, want %v", row.tags.Map(), got, row.want)
		}
	}
}

func TestThePoolThatComesNearestToItsBoundIsTold(t *testing.T) {
	pool := func(most, allowed int64) executor.PoolEnd { return executor.PoolEnd{Most: most, Allowed: allowed} }
	for _, row := range []struct {
		name                  string
		pools                 []executor.PoolEnd
		needed                []float64
		most, allowed, number float64
	}{
		{"one", []executor.PoolEnd{pool(3, 10)}, []float64{2}, 3, 10, 2},
		{"the greater share in use", []executor.PoolEnd{pool(30, 100), pool(5, 10)}, []float64{20, 1}, 5, 10, 1},
		{"of two that are exhausted the one that needs more", []executor.PoolEnd{pool(100, 100), pool(2, 2), pool(4, 4)}, []float64{50, 6, 1}, 2, 2, 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got totals
			for i, p := range row.pools {
				got.pool(p, row.needed[i])
			}
			if float64(got.mostVUs) != row.most || float64(got.allowedVUs) != row.allowed || got.neededVUs != row.number {
				t.Errorf("%d of %d, %v needed; want %v of %v, %v", got.mostVUs, got.allowedVUs, got.neededVUs, row.most, row.allowed, row.number)
			}
		})
	}
}
