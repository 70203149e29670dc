package output

import (
	"context"
	"math"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// Where the Go runtime keeps what it says of its garbage collection.
const (
	gcPauses       = "/sched/pauses/total/gc:seconds" // from when all goroutines are asked to stop to when they go on
	cpuCollecting  = "/cpu/classes/gc/total:cpu-seconds"
	cpuCollectIdle = "/cpu/classes/gc/mark/idle:cpu-seconds" // on CPUs that had nothing else to do, so that it costs nothing
	cpuAll         = "/cpu/classes/total:cpu-seconds"        // that the process could have used, idle time included
)

// nap is how often the delays of this process are probed: often enough that p99 of a load of ten seconds is not its worst
// moment, and seldom enough to cost little: 3 ms of CPU a second, seen on two busy cores of a virtual machine.
const nap = 25 * time.Millisecond

// health is how late this process, and with it the load generator, got to run since begin, and what the Go runtime says of
// its garbage collection.
//
// The delay is that of a goroutine which only waits for a timer of the kernel: how much later than asked it runs. Whatever
// else comes from the kernel at any moment, such as an answer, waits as long to be seen, be it for the Go scheduler, a
// collection, the kernel or a CPU quota. The runtime's own histogram of the scheduler's delays (/sched/latencies) counts every
// switch of every goroutine instead: with twenty goroutines on each CPU that never rest its p99 is below a microsecond,
// because nearly all switches are of helpers that follow at once.
type health struct {
	base   map[string]metrics.Sample // with histograms of their own
	delays *histogram.Histogram      // milliseconds; of the goroutine until it has ended
	quit   context.CancelFunc
	ended  chan struct{}
}

// look reads the runtime's numbers.
func look() map[string]metrics.Sample {
	samples := []metrics.Sample{{Name: gcPauses}, {Name: cpuCollecting}, {Name: cpuCollectIdle}, {Name: cpuAll}}
	metrics.Read(samples)
	byName := make(map[string]metrics.Sample, len(samples))
	for _, s := range samples {
		byName[s.Name] = s
	}
	return byName
}

// begin begins to measure, the first time. What was before does not count: setting up VUs and compiling the script cost CPU
// too, but delay nothing. Each begin needs an end.
func (h *health) begin() {
	if h.base != nil {
		return
	}
	h.base, h.delays = look(), histogram.New()
	ctx, quit := context.WithCancel(context.Background())
	h.quit, h.ended = quit, make(chan struct{})
	go h.probe(ctx)
}

// probe ends with the context: what delays the end delays no load.
func (h *health) probe(ctx context.Context) {
	defer close(h.ended)
	alarm := executor.NewAlarm(ctx)
	defer alarm.Close()
	for began := time.Now(); alarm.Wait(nap); began = time.Now() {
		h.late(time.Since(began) - nap)
	}
}

// late notes a delay. While it lasted, the probes that were due were not made: each stands for itself, a nap shorter than
// the one before, or a process that stood still would count once.
func (h *health) late(delay time.Duration) {
	for ; delay > nap; delay -= nap {
		h.delays.Record(milliseconds(delay))
	}
	h.delays.Record(milliseconds(max(0, delay)))
}

// end ends the measurement: p99 of the delays and of the pauses for garbage collection, in milliseconds, and the share of
// CPU time that collecting took; all 0 without a begin. Of a runtime that lacks a number, the number is 0.
func (h *health) end() (delay, pauses, share float64) {
	if h.base == nil {
		return 0, 0, 0
	}
	now := look()
	h.quit()
	<-h.ended
	collecting := h.since(now, cpuCollecting) - h.since(now, cpuCollectIdle)
	if all := h.since(now, cpuAll); all > 0 {
		share = max(0, collecting/all)
	}
	return h.delays.Quantile(0.99), 1000 * h.quantile(now, gcPauses, 0.99), share
}

func (h *health) since(now map[string]metrics.Sample, name string) float64 {
	if now[name].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return now[name].Value.Float64() - h.base[name].Value.Float64()
}

func (h *health) quantile(now map[string]metrics.Sample, name string, q float64) float64 {
	if now[name].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	latest := now[name].Value.Float64Histogram()
	counts := slices.Clone(latest.Counts)
	for i, before := range h.base[name].Value.Float64Histogram().Counts {
		counts[i] -= before
	}
	return bucketQuantile(counts, latest.Buckets, q)
}

// bucketQuantile is the upper edge of the bucket that holds a quantile, or its lower one where it has no upper; 0 of
// nothing. There is one edge more than there are counts.
func bucketQuantile(counts []uint64, edges []float64, q float64) float64 {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	rank := uint64(max(1, math.Ceil(q*float64(total))))
	seen := uint64(0)
	for i, n := range counts {
		if seen += n; seen < rank {
			continue
		}
		if upper := edges[i+1]; !math.IsInf(upper, 0) {
			return upper
		}
		return edges[i]
	}
	return 0
}
