package output

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"
	"gopkg.in/guregu/null.v3"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// traffic makes the samples of a load on brunt-arrival as k6 makes them: one request per iteration, its name drawn evenly,
// service times log-normal with a median of its own for each name, 1,667 a second, ten VUs.
type traffic struct {
	rand    *rand.Rand
	spread  float64   // sigma of the service times' logarithms
	medians []float64 // ms, one for each name
	rate    float64   // requests a second

	registry *metrics.Registry
	builtin  *metrics.BuiltinMetrics
	scenario *metrics.TagSet
	names    []*metrics.TagSet
	sent     int // requests so far
}

func newTraffic(spread float64, medians ...float64) *traffic {
	registry := metrics.NewRegistry()
	tr := &traffic{
		rand: rand.New(rand.NewPCG(1, 2)), spread: spread, medians: medians, rate: 1e6 / 600,
		registry: registry, builtin: metrics.RegisterBuiltinMetrics(registry),
	}
	tr.scenario = registry.RootTagSet().With("scenario", "default")
	for i := range medians {
		tr.names = append(tr.names, tr.scenario.WithTagsFromMap(map[string]string{
			"name": fmt.Sprintf("GET /orders/%d", i), "status": "200", "method": "GET",
		}))
	}
	return tr
}

// logNormal is a duration of whole nanoseconds, median and result in milliseconds.
func (tr *traffic) logNormal(median, sigma float64) time.Duration {
	return time.Duration(math.Exp(tr.rand.NormFloat64()*sigma) * median * float64(time.Millisecond))
}

// second hands over what begins within the second from start on.
func (tr *traffic) second(start time.Time, take func(metrics.SampleContainer)) {
	for _, m := range []*metrics.Metric{tr.builtin.VUs, tr.builtin.VUsMax} {
		take(tr.sample(m, tr.registry.RootTagSet(), start, 10, "")[0])
	}
	n := int(float64(start.Unix()+1)*tr.rate) - int(float64(start.Unix())*tr.rate)
	for i := range n {
		tr.iteration(start.Add(time.Duration(float64(i)/float64(n)*float64(time.Second))), take)
	}
}

func (tr *traffic) iteration(due time.Time, take func(metrics.SampleContainer)) {
	which := tr.rand.IntN(len(tr.names))
	vu := strconv.Itoa(tr.sent % 10)
	tr.sent++
	late := min(max(tr.logNormal(0.06, 0.5), 20*time.Microsecond), 200*time.Microsecond)
	t := &httpext.Trail{
		Blocked: tr.logNormal(0.003, 0.4), Sending: tr.logNormal(0.015, 0.4), Receiving: tr.logNormal(0.04, 0.5),
		Failed: null.BoolFrom(false), Tags: tr.names[which], Metadata: map[string]string{"vu": vu},
	}
	t.Waiting = tr.logNormal(tr.medians[which], tr.spread)
	t.Duration = t.Sending + t.Waiting + t.Receiving
	script := tr.logNormal(0.05, 0.5)
	took := script + t.Blocked + t.Duration
	end := due.Add(late + took)
	t.EndTime = end
	take(executor.IterationStart{VU: vu, Tags: tr.scenario, Intended: due, Lateness: late})
	take(t)
	take(tr.sample(tr.builtin.Checks, tr.scenario.With("check", "status is 200"), end, 1, vu))
	take(append(tr.sample(tr.builtin.DataSent, tr.scenario, end, 93, vu),
		tr.sample(tr.builtin.DataReceived, tr.scenario, end, float64(240+tr.rand.IntN(400)), vu)...))
	take(append(tr.sample(tr.builtin.IterationDuration, tr.scenario, end, milliseconds(took), vu),
		tr.sample(tr.builtin.Iterations, tr.scenario, end, 1, vu)...))
	take(executor.IterationEnd{VU: vu})
}

func (tr *traffic) sample(m *metrics.Metric, tags *metrics.TagSet, at time.Time, v float64, vu string) metrics.Samples {
	s := metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: at, Value: v}
	if vu != "" {
		s.Metadata = map[string]string{"vu": vu}
	}
	return metrics.Samples{s}
}

// counted counts the bytes of a file.
type counted struct{ bytes int64 }

func (c *counted) Write(b []byte) (int, error) {
	c.bytes += int64(len(b))
	return len(b), nil
}

// stored is the length of the recording of a load of so many seconds, and its number of requests.
func stored(t testing.TB, tr *traffic, seconds int) (bytes int64, requests int) {
	t.Helper()
	start := time.Unix(1_700_000_000, 0)
	g := newGatherer(start.UnixNano())
	g.led = true
	g.container(executor.LoadStart{Zero: start})
	file := &counted{}
	w, err := recording.NewWriter(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(until int64) {
		for _, f := range g.frames.take(until) {
			if err := w.Write(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range seconds {
		tr.second(start.Add(time.Duration(i)*time.Second), g.container)
		write(start.Add(time.Duration(i) * time.Second).UnixNano())
	}
	write(1 << 62)
	return file.bytes, tr.sent
}

// medians of the service times of five endpoints, ms.
func medians() []float64 { return []float64{0.5, 1.5, 4, 9, 20} }

// TestAMillionRequestsTakeNoMoreThanAMegabyte is a run of ten minutes with five names: the widest spread of the benchmark.
func TestAMillionRequestsTakeNoMoreThanAMegabyte(t *testing.T) {
	bytes, requests := stored(t, newTraffic(0.5, medians()...), 600)
	if got := float64(bytes) * 1e6 / float64(requests); got > 1e6 {
		t.Errorf("%.0f bytes are stored per million requests", got)
	}
}

func BenchmarkStoredPerMillionRequests(b *testing.B) {
	for _, spread := range []float64{0.3, 0.4, 0.5} {
		b.Run(fmt.Sprintf("sigma=%g", spread), func(b *testing.B) {
			for b.Loop() {
				bytes, requests := stored(b, newTraffic(spread, medians()...), 600)
				b.ReportMetric(float64(bytes)*1e6/float64(requests), "bytes/Mreq")
				b.ReportMetric(float64(bytes)*8/float64(requests), "bits/req")
			}
		})
	}
}
