package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Steps judges the steps of a search by the frames that belong to them. It is what the load asks while it runs, and what
// the verdict asks of the recording: the same frames give the same outcome.
type Steps struct {
	run       results.Run
	questions []question
	generator results.Fitness // its cores
	vus       int
	limits    FitnessLimits
}

// NewSteps makes a judge of steps. It judges the SLOs without a phase and those in steady: the others have no meaning where
// there are no faults. Of the generator its cores and their quota count, and the VUs that it could use at most.
func NewSteps(q results.Question, generator results.Fitness, vus int) (*Steps, error) {
	all, err := parseAll(q.SLOs)
	if err != nil {
		return nil, err
	}
	s := &Steps{run: results.Run{Question: q}, generator: generator, vus: vus, limits: FitnessLimits{}.withDefaults()}
	for _, q := range all {
		if Searchable(q.parsed, s.scraped) {
			q.parsed.In, q.parsed.Of.In = string(results.PhaseSteady), "" // of the step: `of` is measured there, too
			s.questions = append(s.questions, q)
		}
	}
	return s, nil
}

func (s *Steps) scraped(metric string) bool { return slices.Contains(s.run.Question.Scraped, metric) }

// Searchable says whether a search judges the SLO in each of its steps. Metrics of the services are not: a step is too short
// for them.
func Searchable(s slo.SLO, scraped func(metric string) bool) bool {
	if slices.ContainsFunc(s.Selectors(), func(x slo.Selector) bool { return scraped(x.Metric) }) {
		return false
	}
	in := func(name string) bool { return name == "" || name == string(results.PhaseSteady) }
	return !s.Threshold && s.Every == 0 && s.Func == "" && !s.AfterGC && in(s.In) && in(s.Of.In)
}

// readSteps gives the frames of the trial's recording to its steps.
func (j *judge) readSteps(open Opener, steps []*step) error {
	return j.read(open, func(f *recording.Frame) error {
		for _, s := range steps {
			if err := s.add(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// step is a step that is being judged.
type step struct {
	results.Step
	judge  *Steps
	reader *reader
	rows   []row
	offers offers
	lasted *want // how long an iteration took

	missing int64 // iterations of which nothing is known yet
}

// open begins to judge a step of a trial whose t = 0 is zero.
func (s *Steps) open(zero time.Time, of results.Step) *step {
	trial := results.Trial{
		Zero: zero, Phases: []results.Phase{{Name: results.PhaseSteady, Start: of.From, End: of.End}},
		// As of too few VUs: what the service time alone would say is wanted, too.
		Fitness: results.Fitness{Late: true, MostVUs: 1, AllowedVUs: 1, NeededVUs: 2},
	}
	line := newTimeline(trial, 0)
	j := &judge{run: s.run, trial: trial, questions: s.questions}
	st := &step{Step: of, judge: s, reader: newReader(line)}
	for _, q := range s.questions {
		st.rows = append(st.rows, j.plan(st.reader, q))
	}
	steady := string(results.PhaseSteady)
	st.offers = j.side(st.reader, slo.Measure{Stat: "count", Metric: "offered"}, steady).offers
	st.lasted = st.reader.want(st.reader.scope(line.named(steady)), slo.Selector{Metric: "iteration_duration"})
	return st
}

// add takes a frame of the trial. Those outside of the step only tell what is recorded at all.
func (st *step) add(f *recording.Frame) error { return st.reader.frame(f) }

// usual is how long an iteration usually took (its median), in seconds; 0 where that is not known.
func (st *step) usual() float64 {
	h := &st.lasted.core.trend
	if h.Count() == 0 {
		return 0
	}
	return h.Quantile(0.5) / 1000
}

// outcome judges what was added. usual is how long an iteration takes when the target is at ease, in seconds.
//
// What the generator could not offer says nothing of the target: a step in which it used up the machine is inconclusive, and
// so is a bound on latency that broke only because iterations waited for a VU, where there are too few for the rate even at
// the usual duration.
func (st *step) outcome(usual float64) (results.StepOutcome, []results.Evidence) {
	o := results.StepOutcome{Step: st.Step, Outcome: results.Pass}
	executed, unserved := st.offers.counts()
	o.Offered, o.Failed = int64(executed+unserved), int64(st.offers.failed.core.count())
	o.Served = int64(executed) - o.Failed
	var rows []results.Evidence
	judged := 0
	for _, r := range st.rows {
		e := r.evidence(0)
		e.Phase = "at " + display(st.Rate, slo.UnitPerSecond)
		rows = append(rows, e)
		if e.Outcome == results.Inconclusive && e.Value == nil && executed > 0 {
			continue // nothing of this SLO happened in the step
		}
		judged++
		if badness(e.Outcome) > badness(o.Outcome) {
			o.Outcome, o.SLO, o.Value, o.Unit, o.Reason = e.Outcome, e.What, e.Value, e.Unit, e.Reason
			o.Unfit = st.short(r, e, usual)
		}
	}
	if judged == 0 {
		o.Outcome, o.Reason = results.Inconclusive, "no SLO could be judged: there was nothing to measure"
	}
	return st.weigh(o, executed, unserved, usual), rows
}

func badness(o results.Outcome) int {
	return map[results.Outcome]int{results.Pass: 0, results.Inconclusive: 1, results.Fail: 2}[o]
}

// short says whether a bound on latency broke because the generator had too few VUs: the service time alone keeps it, and
// the rate needs more of them than there are.
func (st *step) short(r row, e results.Evidence, usual float64) bool {
	_, doubt := r.sparesLateness(e)
	return doubt != "" && r.parsed.Metric == "latency" && st.judge.vus > 0 && st.Rate*usual > float64(st.judge.vus)
}

func (st *step) weigh(o results.StepOutcome, executed, unserved, usual float64) results.StepOutcome {
	used := examination{results.Fitness{CPUPercent: st.CPUPercent, Cores: st.judge.generator.Cores, QuotaCores: st.judge.generator.QuotaCores}, st.judge.limits}
	switch {
	case used.cpuShare() > st.judge.limits.CPUShare:
		o.Unfit = true
		o.Reason = fmt.Sprintf("the load generator used %s of the CPU that it may use, more than %s; let the script do less, or %s",
			percent(used.cpuShare()), percent(st.judge.limits.CPUShare), used.moreCores())
	case o.Unfit:
		o.Reason = fmt.Sprintf("%d VUs are too few for %s, at %s for an iteration: raise load.vus",
			st.judge.vus, display(st.Rate, slo.UnitPerSecond), seconds(usual))
	case executed == 0 && st.missing > 0:
		o.Outcome, o.SLO, o.Reason = results.Inconclusive, "", "no iteration has ended yet"
	case executed == 0 && unserved > 0:
		o.Outcome, o.SLO = results.Fail, ""
		o.Reason = fmt.Sprintf("none of the %s offered was served", plural(int64(unserved), "iteration"))
	case executed == 0:
		o.Outcome, o.SLO, o.Reason = results.Inconclusive, "", "nothing was offered"
	}
	if o.Unfit {
		o.Outcome = results.Inconclusive
	}
	return o
}

// Outcome judges a step while the load runs: zero is t = 0, frames are those known so far, and due is how many iterations
// the judged part will hold when it is over and all of them have ended. What is missing yet may be anything, as if it went
// unserved: a pass or a fail that is returned stands. usual is that of the first step, 0 while it runs; that of this one is
// returned, and whether every iteration that was due has ended.
func (s *Steps) Outcome(zero time.Time, of results.Step, frames []*recording.Frame, due int64, usual float64) (o results.StepOutcome, took float64, ended bool) {
	st := s.open(zero, of)
	for _, f := range frames {
		if err := st.add(f); err != nil {
			return results.StepOutcome{Step: of, Outcome: results.Inconclusive, Reason: err.Error()}, 0, false
		}
	}
	executed, unserved := st.offers.counts()
	st.missing = max(0, due-int64(executed+unserved))
	if st.missing > 0 {
		p := recording.Point{
			Key:  recording.Key{Metric: "offered", Tags: recording.JoinTags(map[string]string{"scenario": "missing", "outcome": "interrupted"})},
			Kind: recording.Counter, Sum: float64(st.missing),
		}
		begin := st.reader.line.spans[0].start
		if err := st.add(&recording.Frame{Start: begin, End: begin + 1, Points: []recording.Point{p}}); err != nil {
			return results.StepOutcome{Step: of, Outcome: results.Inconclusive, Reason: err.Error()}, 0, false
		}
	}
	took = st.usual()
	if usual == 0 {
		usual = took
	}
	o, _ = st.outcome(usual)
	return o, took, st.missing == 0
}

// SearchFitness is the fitness of a trial that searched: whether the generator was fit is judged step by step, as the load
// went beyond what could be served on purpose.
func SearchFitness(f results.Fitness) results.Fitness {
	f.Fit, f.Saturated, f.Late, f.Reasons = true, false, false, []string{}
	return f
}
