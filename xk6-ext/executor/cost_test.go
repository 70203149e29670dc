package executor

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/metrics"
)

// BenchmarkIteration is what an executor itself costs, and how late it is: a script that does nothing, at a rate that a load
// may ask for, on brunt-arrival and on k6's own executor of the open model. Per iteration: CPU time of the process, waking up
// included, and the share of iterations that were dropped; ours keeps them in its queue. Lateness p99 is the generator's own.
func BenchmarkIteration(b *testing.B) {
	for _, rate := range []int{200, 5_000} {
		for _, row := range []struct {
			name   string
			config lib.ExecutorConfig
		}{
			{"brunt-arrival", newConfig("s", Options{Marked: true})},
			{"brunt-arrival without brunt", newConfig("s", Options{})},
			{"constant-arrival-rate", k6executor.NewConstantArrivalRateConfig("s")},
		} {
			b.Run(fmt.Sprintf("%s at %d per second", row.name, rate), func(b *testing.B) { cost(b, row.config, rate) })
		}
	}
}

func cost(b *testing.B, config lib.ExecutorConfig, rate int) {
	const seconds = 2
	options := fmt.Sprintf(`{"rate":%d,"duration":"%ds","preAllocatedVUs":50,"maxVUs":50}`, rate, seconds)
	if err := json.Unmarshal([]byte(options), config); err != nil {
		b.Fatal(err)
	}
	var ran, dropped atomic.Int64
	var late []time.Duration
	var cpu time.Duration
	b.ReportAllocs()
	for range b.N {
		p := play{count: &ran, buffer: 1000, watch: func(m metrics.SampleContainer) {
			dropped.Add(int64(len(m.GetSamples())))
			if s, ok := m.(IterationStart); ok {
				late = append(late, s.Lateness-s.Waited)
			}
		}}
		before := spent(b)
		p.execute(b, b.Context(), config, &played{})
		cpu += spent(b) - before
	}
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(ran.Load()), "cpu-ns/iteration")
	b.ReportMetric(float64(dropped.Load())/float64(b.N*rate*seconds)*100, "dropped-%")
	if slices.Sort(late); len(late) > 0 {
		b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-µs")
	}
}

// spent is the CPU time of this process so far.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
