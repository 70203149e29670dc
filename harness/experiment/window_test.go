package experiment

import (
	"testing"
	"time"
)

const limited = `
services: {api: {reference: restapi, replicas: 2}}
load: {script: script.js, target: api}
ledgers: {limiter: {service: api}}
slos: ["admitted(limiter) <= 100 per ${scaled:60s}", "admitted(limiter) <= 100 per 60s"]
expect:
  naive: {verdict: fail, because: "admitted(limiter) <= 100 per ${scaled:60s}", cause: it looks first, evidence: ["admitted(limiter) per ${scaled:60s}"]}
`

func TestTheWindowOfALimiterFollowsTheTimeScaleWhereItSaysSo(t *testing.T) {
	for scale, want := range map[float64]string{0.25: "15s", 0.1: "6s", 0.02: "1.2s", 2: "120s"} {
		e, err := Read(write(t, limited), Options{TimeScale: scale})
		if err != nil {
			t.Fatal(err)
		}
		first, second := e.SLOs[0], e.SLOs[1]
		if first.Text != "admitted(limiter) <= 100 per "+want || first.SLO.Per != time.Duration(60*scale*float64(time.Second)) {
			t.Errorf("at %g the first asks %s (%v)", scale, first.Text, first.SLO.Per)
		}
		if second.SLO.Per != time.Minute || first.SLO.Value != 100 {
			t.Errorf("at %g the second asks %s, and the first allows %g", scale, second.Text, first.SLO.Value)
		}
		if naive := e.Expect[0]; naive.Because != first.Text || naive.Evidence[0].Text != "admitted(limiter) per "+want {
			t.Errorf("at %g naive is expected to break %q, shown by %q", scale, naive.Because, naive.Evidence[0].Text)
		}
	}
}
