package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

func TestAPercentileOfACoarseSeriesSaysSo(t *testing.T) {
	coarse := point(recording.Trend, "http_req_waiting", tags{"scenario": "main"})
	coarse.Trend = histogram.NewWith(histogram.Coarse)
	coarse.Trend.RecordN(40, 10)
	const said = "http_req_waiting was kept to within 3 %, as no bound named it before the run"
	for _, test := range []struct {
		slo     string
		outcome results.Outcome
		said    bool
	}{
		{"p95(http_req_waiting) < 50ms", results.Pass, true},
		{"med(http_req_waiting) < 30ms", results.Fail, true},
		{"max(http_req_waiting) < 50ms", results.Pass, false},
		{"avg(http_req_waiting) < 50ms", results.Pass, false},
		{"p95(latency) < 300ms", results.Pass, false},
	} {
		v, err := Judgement(askRun(completeTrial(), asked(test.slo)...), opening(record(t, frames(ever(with(coarse))))))
		if err != nil {
			t.Fatal(err)
		}
		if e := v.Evidence[0]; e.Outcome != test.outcome || strings.Contains(e.Reason, said) != test.said {
			t.Errorf("%s: %s (%s)", test.slo, e.Outcome, e.Reason)
		}
	}
	for text, reason := range map[string]string{
		"http_req_waiting: p(95)<50": said, "http_req_waiting: max<50": "",
		"http_req_waiting: med<40.5": "the value equals the bound to within the histogram's 3 %; " + said,
	} {
		v := judgeBare(t, text, []*recording.Frame{second{points: []recording.Point{coarse}}.frame(1, time.Second)})
		if e := v.Evidence[0]; e.Outcome != results.Pass || !strings.HasPrefix(e.Reason, reason) || reason == "" && e.Reason != "" {
			t.Errorf("%s: %s (%s)", text, e.Outcome, e.Reason)
		}
	}
}
