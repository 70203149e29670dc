package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// inspectTimeout bounds an inspection: init code may read large files, but it offers no load.
const inspectTimeout = 2 * time.Minute

// Inspection is what a script comes to, as k6 itself reads it.
type Inspection struct {
	Executors    []string // types of the scenarios' executors, sorted, each once
	OpenModel    bool     // every scenario runs on brunt-arrival
	ConstantRate bool     // the offered rate does not change after the warm-up
	Levels       bool     // the warm-up could end when times are level
	// Drivers are the scenarios of a Scripted script that only drive its faults, sorted. They have no part in OpenModel, ConstantRate
	// and Duration.
	Drivers []string
	// Duration is the planned load after the warm-up, graceful stops not counted. Of executors that end with their
	// iterations it is the longest they may take.
	Duration   time.Duration
	MaxVUs     int
	Search     *SearchPlan // nil: no scenario searches for its breakpoint
	Thresholds []Threshold // sorted by metric, then in the script's order
	SystemTags []string    // the effective ones, sorted
	// Metrics are the types (counter, gauge, rate, trend) of the metrics that the script can emit, by name; nil for a bare
	// script.
	Metrics map[string]string
	Ledgers []string // the names of those that the script makes, sorted

	HandleSummary bool // the script exports handleSummary
	Summary       bool // k6's own summary is on in runs, and handleSummary is called; see summary.go
}

// Threshold is a threshold of the script's options, read and checked by k6.
type Threshold struct {
	Metric, Expr string // the metric with its selector
	AbortOnFail  bool
	Grace        time.Duration // not judged to abort before
}

// reserved are the metrics that brunt measures itself on brunt-arrival, and that a script can't measure too.
func reserved() []string { return []string{"lateness", "latency", "offered"} }

// own are all metrics that brunt measures. Where a script has one named http_req_errors, brunt leaves it to the script.
func own() []string { return append(reserved(), "http_req_errors") }

// Inspect lets k6 read and check a script with its options exactly as before a run, without running it. metrics must be
// known to k6, to brunt or to the script's init code. What is wrong with the script is a *ScriptError.
func Inspect(ctx context.Context, exe string, s Script, metrics []string) (Inspection, error) {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	if err := readable(s); err != nil {
		return Inspection{}, err
	}
	if err := s.checkFlags(); err != nil {
		return Inspection{}, err
	}
	in, err := inspect(ctx, exe, s, "")
	if err != nil {
		return Inspection{}, err
	}
	if err := in.check(s, metrics); err != nil {
		return Inspection{}, err
	}
	if in.HandleSummary, err = handlesSummary(ctx, exe, s); err != nil {
		return Inspection{}, err
	}
	in.Summary = s.summaryOn(in.HandleSummary)
	if s.Escape { // breakpoint stands in for a constant rate, and for what may come after
		in.Search, in.ConstantRate, in.Duration = nil, true, max(0, in.Duration-EscapeLength)
	}
	return in, nil
}

// maxSaid bounds how many lines of a script's console are kept of an inspection, but for one.
const maxSaid = 99

// Line is one of a script's console. Level is debug, info, warning or error.
type Line struct{ Level, Text string }

// inspect lets k6 read a script, or the text that takes its place on standard input.
func inspect(ctx context.Context, exe string, s Script, text string) (Inspection, error) {
	log, err := newLog("", nil)
	if err != nil {
		return Inspection{}, err
	}
	var console []Line
	log.console = func(level, text string) {
		console = append(console[max(0, len(console)-maxSaid):], Line{level, text})
	}
	c, err := startChild(exe, s, arguments(s, xk6ext.OutputInspect), wire.Config{WarmupNanos: int64(s.Warmup), Scripted: s.Scripted}, streams{text, log, log})
	if err != nil {
		return Inspection{}, err
	}
	defer c.conn.Close()
	go c.follow(ctx, 0)
	said, err := c.inspected()
	<-c.exited
	if err := log.close(); err != nil {
		return Inspection{}, err
	}
	if ctx.Err() != nil {
		return Inspection{}, fmt.Errorf("inspect %s: %w", s.Path, ctx.Err())
	}
	if err != nil {
		code, signal := c.exit()
		last, _, _ := log.told()
		wrong := scriptError(s, code, last)
		if script := (*ScriptError)(nil); errors.As(wrong, &script) {
			script.Said = console
			return Inspection{}, script
		}
		return Inspection{}, fmt.Errorf("inspect %s: %w (exit code %d %s): %s", s.Path, err, code, signal, last.Message)
	}
	return inspection(said), nil
}

// inspected awaits the child's word.
func (c *child) inspected() (wire.Inspected, error) {
	for {
		m, err := c.conn.Receive()
		if errors.Is(err, io.EOF) {
			return wire.Inspected{}, errNoWire
		}
		if err != nil {
			return wire.Inspected{}, err
		}
		if said, ok := m.(wire.Inspected); ok {
			return said, nil
		}
	}
}

func inspection(m wire.Inspected) Inspection {
	in := Inspection{
		Executors: m.Executors, OpenModel: m.OpenModel, ConstantRate: m.ConstantRate,
		Duration: time.Duration(m.DurationNanos), MaxVUs: int(m.MaxVUs), SystemTags: m.SystemTags, Metrics: m.Metrics, Ledgers: m.Ledgers, Levels: m.Levels,
		Drivers: m.Drivers,
	}
	if s := m.Search; s != nil {
		in.Search = &SearchPlan{From: s.From, Most: s.Most, Factor: s.Factor, Step: time.Duration(s.StepNanos), VUs: int(s.VUs), Alone: s.Alone}
	}
	for _, t := range m.Thresholds {
		in.Thresholds = append(in.Thresholds, Threshold{
			Metric: t.Metric, Expr: t.Expr, AbortOnFail: t.AbortOnFail, Grace: time.Duration(t.GraceNanos),
		})
	}
	return in
}

// check compares the metrics of the script with those that are asked for.
func (in Inspection) check(s Script, metrics []string) error {
	if in.Metrics == nil {
		return nil
	}
	if in.arrives() {
		for _, name := range reserved() {
			if in.Metrics[name] != "" {
				return &ScriptError{Kind: KindMetric, Script: s.Path, Message: fmt.Sprintf(
					"the script defines a metric %s, which brunt measures itself: give it another name", name)}
			}
		}
	}
	var missing []string
	for _, name := range metrics {
		if in.Metrics[name] == "" && !slices.Contains(own(), name) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	sort.Strings(missing)
	word := "metric"
	if len(missing) > 1 {
		word = "metrics"
	}
	return &ScriptError{Kind: KindMetric, Script: s.Path, Message: fmt.Sprintf(
		"neither k6 nor the script defines the %s %s", word, strings.Join(missing, ", "))}
}

// arrives reports whether a scenario runs on brunt-arrival or on brunt-native.
func (in Inspection) arrives() bool {
	return slices.Contains(in.Executors, xk6ext.Arrival) || slices.Contains(in.Executors, xk6ext.Native)
}

func absolute(s Script) (string, error) {
	path := s.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	return filepath.Abs(path)
}

// readable says early, and in plain words, that there is no such file.
func readable(s Script) error {
	if s.Requests != nil {
		return nil // no script
	}
	path, err := absolute(s)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.Bare && strings.Contains(s.Path, "://") {
			return nil // k6 can load it from the network
		}
		return &ScriptError{Kind: KindMissing, Script: s.Path, Message: "there is no such file"}
	case err != nil:
		return fmt.Errorf("read the script: %w", err)
	case info.IsDir():
		return &ScriptError{Kind: KindMissing, Script: s.Path, Message: "it is a folder, not a script"}
	}
	return nil
}
