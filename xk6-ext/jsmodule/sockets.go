package jsmodule

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/lib/types"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/sockets"
)

// socketMetrics are what sockets are counted in, with the tag kind (slowloris or websocket) and those of the options.
type socketMetrics struct {
	opened      *metrics.Metric // sockets_opened: taken by the server
	refused     *metrics.Metric // sockets_refused: tries that failed
	closed      *metrics.Metric // sockets_closed: ended by the server before their time
	closedAfter *metrics.Metric // sockets_closed_after: how long those were open
	held        *metrics.Metric // sockets_held: open now, of all VUs
}

func newSocketMetrics(r *metrics.Registry) (*socketMetrics, error) {
	m := &socketMetrics{}
	for _, one := range []struct {
		to   **metrics.Metric
		name string
		kind metrics.MetricType
		of   metrics.ValueType
	}{
		{&m.opened, "sockets_opened", metrics.Counter, metrics.Default},
		{&m.refused, "sockets_refused", metrics.Counter, metrics.Default},
		{&m.closed, "sockets_closed", metrics.Counter, metrics.Default},
		{&m.closedAfter, "sockets_closed_after", metrics.Trend, metrics.Time},
		{&m.held, "sockets_held", metrics.Gauge, metrics.Default},
	} {
		made, err := r.NewMetric(one.name, one.kind, one.of)
		if err != nil {
			return nil, err
		}
		*one.to = made
	}
	return m, nil
}

// sockets are what scripts do with sockets. Both calls return when the last one has ended.
func (i *instance) sockets() (*sobek.Object, error) {
	o := i.vu.Runtime().NewObject()
	for _, kind := range []sockets.Kind{sockets.Slowloris, sockets.WebSocket} {
		method := func(url string, options *sobek.Object) (map[string]any, error) { return i.hold(kind, url, options) }
		if err := o.Set(string(kind), method); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (i *instance) hold(kind sockets.Kind, url string, options *sobek.Object) (map[string]any, error) {
	state := i.vu.State()
	if state == nil || lib.GetScenarioState(i.vu.Context()) == nil {
		return nil, fmt.Errorf("sockets.%s belongs into a scenario's function: elsewhere no load runs", kind)
	}
	plan := sockets.Plan{Kind: kind, URL: url, TLS: state.TLSConfig}
	if resolver := state.GetAddrResolver(); resolver != nil {
		plan.Resolve = func(hostport string) (net.IP, error) {
			ip, _, err := resolver.ResolveAddr(hostport)
			return ip, err
		}
	}
	tags := state.Tags.GetCurrentValues()
	tags.SetTag("kind", string(kind))
	if err := i.asked(&plan, options, tags.SetTag); err != nil {
		return nil, fmt.Errorf("sockets.%s: %w", kind, err)
	}
	teller := teller{ctx: i.vu.Context(), metrics: i.counted, tags: tags, to: state.Samples}
	teller.begin()
	report, err := i.module.holder.Hold(i.vu.Context(), plan, teller.tell)
	if err != nil {
		return nil, fmt.Errorf("sockets.%s: %w", kind, err)
	}
	refusal := ""
	if report.Refusal != nil {
		refusal = report.Refusal.Error()
	}
	return map[string]any{
		"opened": report.Opened, "refused": report.Refused, "closed": report.Closed, "held": report.Held,
		"most": report.Most, "messages": report.Messages, "refusal": refusal,
	}, nil
}

// asked reads the options of a call. One that is unknown is a slip that would go unnoticed.
func (i *instance) asked(p *sockets.Plan, options *sobek.Object, tag func(name, value string)) error {
	if options == nil {
		return fmt.Errorf("say how long: {for: '10s'}")
	}
	known := map[string]func(sobek.Value) error{
		"sockets": whole(&p.Sockets), "over": duration(&p.Over), "for": duration(&p.For), "reopen": truth(&p.Reopen),
		"end": func(v sobek.Value) error { p.End = sockets.End(v.String()); return nil },
		"headers": func(v sobek.Value) error {
			p.Header = http.Header{}
			return entries(v, p.Header.Set)
		},
		"tags": func(v sobek.Value) error { return entries(v, tag) },
	}
	if p.Kind == sockets.Slowloris {
		known["every"] = duration(&p.Every)
	} else {
		known["mute"] = truth(&p.Mute)
	}
	for _, key := range options.Keys() {
		read, ok := known[key]
		if !ok {
			return fmt.Errorf("unknown option %s: there are %s", key, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		v := options.Get(key)
		if common.IsNullish(v) {
			continue
		}
		if err := read(v); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func whole(to *int) func(sobek.Value) error {
	return func(v sobek.Value) error {
		n, ok := v.Export().(int64)
		if !ok {
			return fmt.Errorf("%v is no whole number", v)
		}
		*to = int(n)
		return nil
	}
}

func duration(to *time.Duration) func(sobek.Value) error {
	return func(v sobek.Value) (err error) {
		*to, err = types.GetDurationValue(v.Export())
		return err
	}
}

func truth(to *bool) func(sobek.Value) error {
	return func(v sobek.Value) error { *to = v.ToBoolean(); return nil }
}

func entries(v sobek.Value, set func(name, value string)) error {
	o, ok := v.(*sobek.Object)
	if !ok {
		return fmt.Errorf("%v is no object of names and values", v)
	}
	for _, name := range o.Keys() {
		set(name, o.Get(name).String())
	}
	return nil
}

// teller makes samples of what happens to sockets.
type teller struct {
	ctx     context.Context
	metrics *socketMetrics
	tags    metrics.TagsAndMeta
	to      chan<- metrics.SampleContainer
}

// begin counts nothing, as 0: a counter that nobody ever touched is not known to be zero.
func (t teller) begin() {
	for _, m := range []*metrics.Metric{t.metrics.opened, t.metrics.refused, t.metrics.closed} {
		t.sample(m, 0)
	}
}

func (t teller) tell(e sockets.Event) {
	switch e.What {
	case sockets.Opened:
		t.sample(t.metrics.opened, 1)
	case sockets.Refused:
		t.sample(t.metrics.refused, 1)
	case sockets.Closed:
		t.sample(t.metrics.closed, 1)
		t.sample(t.metrics.closedAfter, metrics.D(e.After))
	case sockets.Held:
		t.sample(t.metrics.held, float64(e.Count))
	}
}

func (t teller) sample(m *metrics.Metric, value float64) {
	metrics.PushIfNotDone(t.ctx, t.to, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: m, Tags: t.tags.Tags}, Metadata: t.tags.Metadata, Time: time.Now(), Value: value,
	})
}
