package executor

import (
	"strconv"
	"time"

	"go.k6.io/k6/metrics"
)

// Exchange is an iteration of an executor that makes requests itself, without a script: one request, and all that was
// measured of it. Outputs that know nothing of it see the samples that k6 would have sent.
type Exchange struct {
	Form *Form

	Intended  time.Time     // when the iteration was due
	Lateness  time.Duration // as in IterationStart
	Waited    time.Duration // as in IterationStart
	Warmup    bool
	VU        int64
	Iteration int64

	// Interrupted is an iteration that was cut off: what follows is not known then.
	Interrupted bool

	End                                                     time.Time
	Connecting, TLSHandshaking, Sending, Waiting, Receiving time.Duration
	Sent, Received                                          int64  // bytes on the connection, that of its handshakes included
	Passed                                                  uint32 // bit i: check i of the form holds
}

// Exchanges are sent together: k6 has a price for each container. Each belongs to its own moment all the same.
type Exchanges []Exchange

// GetSamples returns the samples of all of them.
func (xs Exchanges) GetSamples() []metrics.Sample {
	var all []metrics.Sample
	for i := range xs {
		all = append(all, xs[i].GetSamples()...)
	}
	return all
}

// Form is what exchanges of one request with the same outcome have in common. It is made once and never changed, so that
// its address can be looked up.
type Form struct {
	Scenario *metrics.TagSet // of the scenario's samples
	Request  *metrics.TagSet // of the request's samples
	Checks   []*metrics.TagSet
	Failed   bool // http_req_failed

	Builtin *metrics.BuiltinMetrics // nil: nobody looks at k6's samples
	System  *metrics.SystemTagSet   // the tags that were asked for
}

// Duration is that of the request, as http_req_duration has it: without connecting.
func (x *Exchange) Duration() time.Duration { return x.Sending + x.Waiting + x.Receiving }

// Took is how long the iteration took from its actual start.
func (x *Exchange) Took() time.Duration { return x.Connecting + x.TLSHandshaking + x.Duration() }

// GetSamples returns what k6 would have sent of an iteration with that request.
func (x *Exchange) GetSamples() []metrics.Sample {
	if x.Interrupted || x.Form.Builtin == nil {
		return nil
	}
	b, f := x.Form.Builtin, x.Form
	all := make([]metrics.Sample, 0, 13+len(f.Checks))
	metadata := x.metadata()
	add := func(metric *metrics.Metric, tags *metrics.TagSet, value float64) {
		all = append(all, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: metric, Tags: tags}, Time: x.End, Value: value, Metadata: metadata,
		})
	}
	add(b.HTTPReqs, f.Request, 1)
	add(b.HTTPReqDuration, f.Request, metrics.D(x.Duration()))
	add(b.HTTPReqBlocked, f.Request, 0)
	add(b.HTTPReqConnecting, f.Request, metrics.D(x.Connecting))
	add(b.HTTPReqTLSHandshaking, f.Request, metrics.D(x.TLSHandshaking))
	add(b.HTTPReqSending, f.Request, metrics.D(x.Sending))
	add(b.HTTPReqWaiting, f.Request, metrics.D(x.Waiting))
	add(b.HTTPReqReceiving, f.Request, metrics.D(x.Receiving))
	add(b.HTTPReqFailed, f.Request, metrics.B(f.Failed))
	for i, tags := range f.Checks {
		add(b.Checks, tags, metrics.B(x.Holds(i)))
	}
	add(b.DataSent, f.Scenario, float64(x.Sent))
	add(b.DataReceived, f.Scenario, float64(x.Received))
	add(b.IterationDuration, f.Scenario, metrics.D(x.Took()))
	add(b.Iterations, f.Scenario, 1)
	return all
}

// Holds says whether check i of the form holds.
func (x *Exchange) Holds(i int) bool { return x.Passed&(1<<i) != 0 }

// metadata are the tags that k6 keeps out of series.
func (x *Exchange) metadata() map[string]string {
	system := x.Form.System
	if system == nil || !system.Has(metrics.TagVU) && !system.Has(metrics.TagIter) {
		return nil
	}
	m := map[string]string{}
	if system.Has(metrics.TagVU) {
		m["vu"] = strconv.FormatInt(x.VU, 10)
	}
	if system.Has(metrics.TagIter) {
		m["iter"] = strconv.FormatInt(x.Iteration, 10)
	}
	return m
}
