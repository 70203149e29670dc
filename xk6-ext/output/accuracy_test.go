package output

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

// recorded are the histograms in the frames of a recording of ten minutes, of the values of a custom trend.
func recorded(t *testing.T, values []float64) []*histogram.Histogram {
	t.Helper()
	registry := metrics.NewRegistry()
	metric := registry.MustNewMetric("mine", metrics.Trend)
	tags := registry.RootTagSet().With("scenario", "s")
	start := time.Unix(1_700_000_000, 0)
	g := newGatherer(start.UnixNano())
	for i, v := range values {
		at := start.Add(time.Duration(i) * 600 * time.Second / time.Duration(len(values)))
		g.container(metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: metric, Tags: tags}, Time: at, Value: v})
	}
	var file bytes.Buffer
	w, err := recording.NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range g.frames.take(1 << 62) {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	r, err := recording.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	var frames []*histogram.Histogram
	for {
		f, err := r.Next()
		if err == io.EOF {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f.Points[0].Trend)
	}
}

// pooled merges histograms in so many parts, and then the parts.
func pooled(all []*histogram.Histogram, parts int) *histogram.Histogram {
	whole := histogram.New()
	for part := range slices.Chunk(all, len(all)/parts) {
		of := histogram.New()
		for _, h := range part {
			of.Merge(h)
		}
		whole.Merge(of)
	}
	return whole
}

func TestQuantilesOfAMillionRecordedValuesAreWithinATenthOfAPercent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"service times of whole nanoseconds":  func() float64 { return math.Round(5e6*math.Exp(r.NormFloat64()/2)) / 1e6 },
		"signed, of any unit":                 func() float64 { return 1e5 * r.NormFloat64() },
		"whole numbers, few and many":         func() float64 { return math.Floor(math.Exp(12 * r.Float64())) },
		"a tail of a thousand times the body": func() float64 { return math.Pow(1-r.Float64(), -1.2) },
	} {
		t.Run(name, func(t *testing.T) {
			values := make([]float64, 1_000_000)
			direct := histogram.New()
			for i := range values {
				values[i] = draw()
				direct.Record(values[i])
			}
			frames := recorded(t, values)
			if len(frames) != 600 {
				t.Fatalf("%d frames", len(frames))
			}
			slices.Sort(values)
			for _, parts := range []int{1, 10, 600} {
				whole := pooled(frames, parts)
				if !bytes.Equal(whole.AppendBinary(nil), direct.AppendBinary(nil)) {
					t.Errorf("merged in %d parts, the histogram is not that of the values", parts)
				}
				for _, q := range []float64{0, 0.001, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1} {
					exact := values[max(0, int(math.Ceil(q*1e6))-1)]
					if got := whole.Quantile(q); math.Abs(got-exact) > 0.001*math.Abs(exact) {
						t.Errorf("%d parts: quantile %g is %g, exactly %g", parts, q, got, exact)
					}
				}
			}
		})
	}
}
