package output

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/errext"
	"go.k6.io/k6/errext/exitcodes"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

func script(t *testing.T, text string) map[string]metrics.Thresholds {
	t.Helper()
	var ts metrics.Thresholds
	if err := ts.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return map[string]metrics.Thresholds{"http_req_duration{ name: 'create' }": ts}
}

func TestAbortingThresholdsAreJudgedAsK6Does(t *testing.T) {
	tags := metrics.NewRegistry().RootTagSet().With("name", "create")
	for _, row := range []struct {
		name       string
		thresholds string
		asked      []wire.AbortThreshold
		values     []float64
		elapsed    time.Duration
		aborts     bool
	}{
		{"one that is crossed aborts", `[{"threshold":"max<100","abortOnFail":true}]`, nil, []float64{200}, time.Second, true},
		{"one that holds does not", `[{"threshold":"max<100","abortOnFail":true}]`, nil, []float64{50}, time.Second, false},
		{"without samples nothing is judged", `[{"threshold":"min>100","abortOnFail":true}]`, nil, nil, time.Minute, false},
		{"not before the delay", `[{"threshold":"max<100","abortOnFail":true,"delayAbortEval":"10s"}]`, nil, []float64{200}, 9 * time.Second, false},
		{"but after it", `[{"threshold":"max<100","abortOnFail":true,"delayAbortEval":"10s"}]`, nil, []float64{200}, 11 * time.Second, true},
		{"an ordinary threshold never aborts", `["max<100"]`, nil, []float64{200}, time.Second, false},
		{"nor for one that holds beside it", `["max<100",{"threshold":"p(95)<1000","abortOnFail":true}]`, nil, []float64{200}, time.Second, false},
		{"one that brunt asks for aborts too", `["max<900"]`, []wire.AbortThreshold{{Metric: "http_req_duration", Threshold: "avg<100"}},
			[]float64{200}, time.Second, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			watches, err := abortRules(script(t, row.thresholds), row.asked)
			if err != nil {
				t.Fatal(err)
			}
			g := newGatherer(0)
			g.index.watches = watches
			for _, v := range row.values {
				g.record(1, origin{"http_req_duration", tags, "ok"}, recording.Trend, v)
			}
			err = crossed(watches, row.elapsed)
			if (err != nil) != row.aborts {
				t.Fatalf("aborts with %v", err)
			}
			var code errext.HasExitCode
			if err != nil && (!errors.As(err, &code) || code.ExitCode() != exitcodes.ThresholdsHaveFailed) {
				t.Errorf("%v ends with another code than k6's", err)
			}
		})
	}
}

func TestAThresholdThatIsAskedForTwiceIsJudgedOnce(t *testing.T) {
	watches, err := abortRules(script(t, `[{"threshold":"max<100","abortOnFail":true}]`), []wire.AbortThreshold{
		{Metric: "http_req_duration", Tags: map[string]string{"name": "create"}, Threshold: "max<100"},
		{Metric: "http_req_duration", Threshold: "max<100"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range watches {
		names = append(names, w.rule.name)
	}
	if diff := cmp.Diff([]string{"http_req_duration", "http_req_duration{ name: 'create' }"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestAbortingThresholdsOnManyValuesAreJudgedAsOnFew(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 3*exactValues)
	for i := range values {
		values[i] = 100 * math.Exp(r.NormFloat64())
	}
	sorted := slices.Sorted(slices.Values(values))
	mean := 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for statistic, value := range map[string]float64{
		"p(95)": sorted[len(sorted)*95/100], "p(99.9)": sorted[len(sorted)*999/1000], "med": sorted[len(sorted)/2],
		"avg": mean, "min": sorted[0], "max": sorted[len(sorted)-1],
	} {
		for _, bound := range []struct {
			value float64
			holds bool
		}{{value * 1.002, true}, {value * 0.998, false}} {
			text := fmt.Sprintf(`[{"threshold":"%s < %f","abortOnFail":true}]`, statistic, bound.value)
			watches, err := abortRules(script(t, text), nil)
			if err != nil {
				t.Fatal(err)
			}
			sink := watches[0].rule.sinkOf(recording.Trend)
			for _, v := range values {
				sink.Add(metrics.Sample{Value: v})
			}
			if sink.(*trendSink).exact != nil {
				t.Fatal("every value is kept")
			}
			if err := crossed(watches, time.Second); (err == nil) != bound.holds {
				t.Errorf("%s of %f: aborts with %v", text, value, err)
			}
		}
	}
}
