package load

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/proof"
	"github.com/devcraft-studio/brunt/results/stats"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// TestProofNeitherBuildIsFavoured loads one target as if it were two builds: what the generator itself adds to the latency of one more than
// to that of the other would be taken for a change.
func TestProofNeitherBuildIsFavoured(t *testing.T) {
	const (
		loads  = 12
		most   = 0.005 // of the median
		errors = 3     // standard errors
	)
	file := proof.File(t)
	url := serve(t, ok)
	builds := []wire.Build{{Name: "baseline", Env: map[string]string{"URL": url}}, {Name: "candidate", Env: map[string]string{"URL": url}}}
	asked := requests.Spec{Requests: []requests.Request{{Name: "root", Method: "GET", URL: url, Weight: 1}}}
	for _, row := range []struct {
		name   string
		script Script
	}{
		{"brunt-native", Script{Path: "experiment.yaml", Requests: &asked, Sides: []requests.Spec{asked, asked}, Rate: 100, Duration: 15 * time.Second}},
		{"brunt-arrival", Script{Path: write(t, "script.js", strings.Replace(payload, "OPTIONS", arrival(`{ rate: 100, duration: '15s' }`), 1))}},
	} {
		f := proof.Row{File: file, What: fmt.Sprintf("one target loaded as two builds by %s, %d times", row.name, loads), Provider: proof.NoProvider}
		if f.There(t) {
			continue
		}
		row.script.Builds, row.script.Warmup, row.script.LeastWarmup = builds, 6*time.Second, 3*time.Second
		var changes []float64
		for seed := range int64(loads) {
			_, err, r := run(t, Options{Script: row.script, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			median := func(build string) float64 {
				return r.trend("latency", 0, always, "build:"+build, "outcome:ok").Quantile(0.5)
			}
			changes = append(changes, math.Log(median("candidate")/median("baseline")))
		}
		m := stats.MomentsOf(changes, 0.0005)
		figure := fmt.Sprintf("the median of the second is %+.2f %% longer, standard error %.2f %%", 100*m.Mean, 100*m.Error())
		if math.Abs(m.Mean) > max(most, errors*m.Error()) {
			t.Errorf("%s: %s: %v", f.What, figure, changes)
			continue
		}
		f.Add(t, figure)
	}
}
