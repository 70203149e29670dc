package output

import (
	"time"

	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"
)

// moment is when what a sample tells of began. What tells of an iteration as a whole belongs to its intended start, where
// that is known: how long it took, that it was one, and the bytes that it moved, which k6 counts at its end. All else
// happened when it happened: a check, a value of the script's own metrics, a group or a call that began in a later second.
func (g *gatherer) moment(all []metrics.Sample, s *metrics.Sample) int64 {
	took := 0.0 // ms
	switch s.Metric.Name {
	case "iteration_duration", "iterations", "data_sent", "data_received":
		if it := g.open[s.Metadata["vu"]]; it != nil {
			return it.Intended.UnixNano()
		}
		switch {
		case s.Metric.Name == "iteration_duration":
			took = s.Value
		case s.Metric.Name == "iterations" && all[0].Metric.Name == "iteration_duration": // k6 sends them together
			took = all[0].Value
		}
	case "group_duration", "grpc_req_duration": // times of WebSockets bear that of their start already
		took = s.Value
	}
	return s.Time.UnixNano() - int64(took*float64(time.Millisecond))
}

// requestStart is when the script sent a request.
func requestStart(t *httpext.Trail) int64 {
	return t.EndTime.Add(-t.Blocked - t.Connecting - t.TLSHandshaking - t.Duration).UnixNano()
}

// lookAhead finds where the load begins when samples must say it: iterations that began first need not end first.
func (g *gatherer) lookAhead(batches []batch) {
	if g.led {
		return
	}
	first := int64(0)
	note := func(tags *metrics.TagSet, at int64) {
		if scenario, _ := tags.Get(tagScenario); scenario != "" && (first == 0 || at < first) {
			first = at
		}
	}
	for _, b := range batches {
		for _, c := range b.containers {
			if t, ok := c.(*httpext.Trail); ok {
				note(t.Tags, requestStart(t))
				continue
			}
			samples := c.GetSamples()
			for i := range samples {
				note(samples[i].Tags, g.moment(samples, &samples[i]))
			}
		}
	}
	if first != 0 {
		g.begin(first)
	}
}
