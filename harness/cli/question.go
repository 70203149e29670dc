package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/scenarios"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// guard is how much of each end of a phase its measurements leave out.
const guard = time.Second

// question is what a run asks, validated as far as that is possible without starting anything.
type question struct {
	experiment experiment.Experiment // scaled; of a bare script, one without topology
	bare       bool
	strict     bool
	asks       string // what asks instead of `brunt run`: limits or matrix
	script     load.Script
	inspection load.Inspection
	duration   time.Duration // of the load after the warm-up
	slos       []results.SLO
	selectors  []wire.Selector
	warnings   []string
	cells      []results.Cell      // of a scorecard: all that there is to try
	narrowed   bool                // and flags said which
	timing     *timing             // of a timing gate; nil: it is none
	redact     func(string) string // what is kept of the question holds no secrets
}

// ask reads the experiment or the bare script, and lets k6 inspect the script. Whatever is wrong with either is exit 2.
func (a *app) ask(ctx context.Context, name string, o runOptions) (question, error) {
	env, err := environment(o.env)
	if err != nil {
		return question{}, err
	}
	a.redactor.AddVariables(env)
	if name == "-" || strings.Contains(name, "://") {
		return question{}, usage(fmt.Errorf("%s: a script on standard input or from the network goes only with `brunt k6 run`; "+
			"save it to a file, so that the run can be repeated", name))
	}
	q := question{strict: o.strict, asks: o.asker, warnings: []string{}, redact: a.redactor.Redact}
	if isScript(name) {
		err = q.readScript(a, name, env, o)
	} else {
		err = q.readExperiment(a, name, env, o)
	}
	if err != nil {
		return question{}, err
	}
	if q.inspection, err = load.Inspect(ctx, a.Exe, q.script, q.metrics()); err != nil {
		return question{}, a.inspectionError(err)
	}
	q.warnings = append(q.warnings, q.summaryWarnings()...)
	return q, q.settle()
}

// scriptKinds are the extensions of what k6 runs: scripts, and what `k6 archive` makes of one.
func scriptKinds() []string { return []string{".js", ".mjs", ".cjs", ".ts", ".tar"} }

// isScript says whether a bare script is named.
func isScript(name string) bool { return slices.Contains(scriptKinds(), filepath.Ext(name)) }

// summaryWarnings say what becomes of the script's handleSummary.
func (q *question) summaryWarnings() []string {
	switch {
	case q.inspection.Summary:
		return []string{"k6's own summary is on, for the script's handleSummary or by a flag: k6 keeps every value in memory, " +
			"about 160 bytes a request; -- --no-summary leaves it out"}
	case q.inspection.HandleSummary && !q.bare:
		return []string{"the script's handleSummary is not called in an experiment, whose report takes its place"}
	}
	return nil
}

// inspectionError is exit 2 when the script is at fault, and broken otherwise. What the script said before is shown.
func (a *app) inspectionError(err error) error {
	var script *load.ScriptError
	if errors.As(err, &script) {
		for _, line := range script.Said {
			newProgress(a.Stderr, false, true).Console(line.Level, line.Text)
		}
		return usage(err)
	}
	return broken(fmt.Errorf("inspect the script: %w", err))
}

func (q *question) readExperiment(a *app, name string, env map[string]string, o runOptions) error {
	if len(o.k6Flags) > 0 {
		return usage(errors.New("k6's own flags after -- go with a bare script; an experiment says all in its file"))
	}
	if o.variant != "" && o.alternative != "" {
		return usage(errors.New("--variant and --alternative don't go together: an alternative says which variant it is of"))
	}
	cache, err := a.cacheDir()
	if err != nil {
		return err
	}
	e, err := experiment.Read(name, experiment.Options{
		Dir: a.Dir, Lookup: a.lookup, Set: o.set, Env: env, Variant: o.variant, Shape: o.shape, Rate: o.rate,
		Alternative: o.alternative, Duration: o.duration, TimeScale: o.timeScale, Scenarios: scenarios.Files, Unpack: filepath.Join(cache, "scenarios"),
	})
	if err != nil {
		return usage(err)
	}
	a.learnSecrets(e)
	for _, x := range e.Alternatives() { // what they set stands in the file, which is kept with the run
		other, err := experiment.Read(name, experiment.Options{
			Dir: a.Dir, Alternative: x.Name, Scenarios: scenarios.Files, Unpack: filepath.Join(cache, "scenarios"),
		})
		if err != nil {
			return usage(err)
		}
		a.learnSecrets(other)
	}
	q.experiment = e
	q.script = load.Script{
		Path: e.Load.Script, Env: inspectable(e.Load.Env, e.TimeScale), Shape: e.Load.Shape, Rate: e.Load.Rate,
		Duration: e.Load.Duration, Warmup: e.Warmup, VUs: e.Load.VUs, TimeScale: e.TimeScale,
		From: e.Load.From, Step: e.Load.Step, Escape: e.Load.Escape,
		Scripted: slices.ContainsFunc(e.Faults, func(f experiment.Fault) bool { return f.Scripted }),
	}
	q.takeRequests(e)
	return nil
}

func (q *question) readScript(a *app, name string, env map[string]string, o runOptions) error {
	if o.shape != "" || o.rate != "" || o.duration != 0 || o.variant != "" || o.alternative != "" || len(o.set) > 0 || o.provider != "" || o.timeScale != 0 {
		return usage(errors.New("a bare script runs as it is: --shape, --rate, --duration, --variant, --alternative, --set, " +
			"--provider and --time-scale go with an experiment; give k6's own flags after --"))
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(a.Dir, name)
	}
	a.redactor.AddVariables(k6Variables(o.k6Flags))
	for _, secret := range k6Secrets(o.k6Flags) {
		a.redactor.Add(secret)
	}
	q.warnings = append(q.warnings, a.unheard()...)
	q.bare = true
	q.experiment = experiment.Experiment{
		Name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), Dir: filepath.Dir(path), File: name, TimeScale: 1,
	}
	q.script = load.Script{Path: path, Dir: a.Dir, Env: env, Bare: true, Flags: o.k6Flags}
	return nil
}

// unheard warns of variables that steer k6 when it is called by itself.
func (a *app) unheard() []string {
	var names []string
	for _, pair := range a.Environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "K6_") && !load.Inherited(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{"not passed on from the environment: " + strings.Join(slices.Compact(names), ", ") +
		"; give k6's flags after --, and a script's variables with -e"}
}

// scaledReference is a span that follows the time scale.
var scaledReference = regexp.MustCompile(`\$\{scaled:([^{}]*)\}`)

// inspectable replaces what is only known when the topology stands, so that a script's init code can be tried before. What follows
// the time scale is known.
func inspectable(env map[string]string, scale float64) map[string]string {
	tried := map[string]string{}
	for name, value := range env {
		value = scaledReference.ReplaceAllStringFunc(value, func(reference string) string {
			span, err := time.ParseDuration(scaledReference.FindStringSubmatch(reference)[1])
			if err != nil {
				return reference
			}
			return time.Duration(float64(span) * scale).String()
		})
		if strings.Contains(value, "${") {
			value = "http://127.0.0.1:9"
		}
		tried[name] = value
	}
	return tried
}

// metrics are those that SLOs name: k6 refuses the ones that neither it nor the script defines.
func (q *question) metrics() []string {
	var names []string
	for _, s := range q.wanted() {
		for _, selector := range s.SLO.Selectors() {
			if !slices.Contains(names, selector.Metric) && !q.mayBeScraped(selector.Metric) {
				names = append(names, selector.Metric)
			}
		}
	}
	return names
}

// settle works out what is recorded and judged, now that k6 has said what the script holds.
func (q *question) settle() error {
	q.duration = q.inspection.Duration
	wrong := append(q.search(), q.scorecard()...)
	q.leaveOutExpectations()
	for _, s := range q.experiment.SLOs {
		q.slos = append(q.slos, results.SLO{Text: q.redact(s.Text), Origin: q.originOf(s)})
	}
	for _, s := range q.wanted() {
		wrong = append(wrong, q.unsound(s)...)
		q.selectors = q.withoutScraped(appendSelectors(q.selectors, s.SLO))
	}
	for _, f := range q.experiment.Faults {
		if !f.Scripted && f.At+f.For > q.duration {
			wrong = append(wrong, fmt.Errorf("%s:%d: fault %s ends at %v, after the load, which lasts %v",
				q.experiment.File, f.Line, f.Name, f.At+f.For, q.duration))
		}
	}
	for _, t := range q.inspection.Thresholds {
		parsed, err := slo.ParseThreshold(t.Metric, t.Expr)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("threshold on %s: %w", t.Metric, err))
			continue
		}
		q.slos = append(q.slos, results.SLO{Text: q.redact(t.Metric) + ": " + t.Expr, Origin: "threshold", Threshold: true})
		q.selectors = appendSelectors(q.selectors, parsed)
	}
	if len(wrong) > 0 {
		return usage(errors.Join(wrong...))
	}
	return nil
}

// unsound says why an SLO or a measurement can't be judged under this script, if it can't.
func (q *question) unsound(s experiment.SLO) (wrong []error) {
	at := q.originOf(s)
	if !q.inspection.OpenModel && usesLatency(s.SLO) {
		wrong = append(wrong, fmt.Errorf("%s: latency is known only under brunt-arrival, which the script's scenarios do not use; "+
			"name a shape, or bound http_req_duration", at))
	}
	if !q.inspection.ConstantRate && slices.Contains([]string{s.SLO.Func, s.SLO.Of.Func}, "recovery") {
		hint := "offer a constant rate, as shape: soak does"
		if q.script.Scripted {
			hint += ", and drive the faults from a scenario of one VU and one iteration, which counts as no load"
		}
		wrong = append(wrong, fmt.Errorf("%s: recovery is not defined where the offered rate changes, as it does in the script's scenarios; %s", at, hint))
	}
	if err := s.SLO.Validate(q.kind, q.faultNames()...); err != nil {
		wrong = append(wrong, fmt.Errorf("%s: %w", at, hinted(err)))
	} else if err := errors.Join(q.checkNodes(s.SLO), q.checkLedger(s.SLO)); err != nil {
		wrong = append(wrong, fmt.Errorf("%s: %w", at, err))
	}
	return wrong
}

// kind is the type of a metric, now that k6 has said what the script defines.
func (q *question) kind(metric string) (slo.Kind, bool) {
	if m, ok := slo.Builtin(metric); ok {
		return m.Kind, true
	}
	kind, ok := q.inspection.Metrics[metric]
	if !ok && q.scraped(metric) {
		if _, kind := slo.ProbeOf(metric); q.probed(metric) {
			return kind, true
		}
		return slo.Scraped, true
	}
	return slo.Kind(kind), ok
}

func (q *question) faultNames() []string {
	var names []string
	for _, f := range q.experiment.Faults {
		names = append(names, f.Name)
	}
	return names
}

// asked are the selectors that the generator was asked to record, as the judge names them, and as load writes them down.
func (q *question) asked() []string {
	var names []string
	for _, s := range q.selectors {
		if len(s.Tags) == 0 { // no series of its own
			continue
		}
		tags := map[string]string{}
		for name, value := range s.Tags {
			tags[name] = q.redact(value)
		}
		names = append(names, slo.Selector{Metric: s.Metric, Tags: tags}.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// appendSelectors asks for what a bound needs beyond what is always recorded: series of its own, and that a metric it names
// as a whole is kept in full.
func appendSelectors(list []wire.Selector, s slo.SLO) []wire.Selector {
	for _, x := range s.Selectors() {
		list = append(list, wire.Selector{Metric: x.Metric, Tags: x.Tags})
	}
	return list
}

// recorded is the question as it is kept with the run.
func (q *question) recorded() results.Question {
	slos := q.slos
	if slos == nil {
		slos = []results.SLO{}
	}
	return results.Question{
		SLOs: slos, Guard: guard.Seconds(), FitnessBlocks: !q.bare || q.strict, Generator: q.generator(),
		Source: q.redact(string(q.experiment.Source)), Scraped: q.scrapedMetrics(), Asker: q.asks,
		Expect: q.expectation(), Measurements: q.recordedMeasurements(), Accept: q.acceptances(), Gate: q.timing.asked(), Calibration: q.timing.calibrating(),
	}
}

// variant is that of the reference target, empty where there is none.
func (q *question) variant() string {
	for _, s := range q.experiment.Services {
		if s.Reference != "" {
			return s.Variant
		}
	}
	return ""
}

// acceptances are the regressions that are intended, without secrets.
func (q *question) acceptances() []results.Acceptance {
	all := slices.Clone(q.experiment.Accept)
	for i := range all {
		all[i].Endpoint, all[i].Reason = q.redact(all[i].Endpoint), q.redact(all[i].Reason)
	}
	return all
}
