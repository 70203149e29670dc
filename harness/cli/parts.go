package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/runner"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// part is one trial of a campaign.
type part struct {
	name    string
	aim     results.ProbingAim                // of faults; "": the load searches for the largest rate
	kind    string                            // of the faults
	rate    float64                           // of a constant load
	weight  float64                           // of its share of the time, against the others'
	script  func(*load.Script)                // makes the load what the part needs
	links   []string                          // that faults act on
	probing func(*invocation) *runner.Probing // nil: the load searches by itself
}

const (
	// searchStep is a step of the search for the largest rate, where the experiment names none.
	searchStep = 10 * time.Second
	// A step under a fault lasts until it has seen enough iterations, within bounds.
	shortestProbe, longestProbe = 3 * time.Second, 20 * time.Second
	probedIterations            = 75
	// A share is told by how many it met: longestShare is for loads that are slow to offer so many.
	sharedIterations = 400
	longestShare     = 40 * time.Second
	// rest is how long a link is sound before a fault: the probe measures it meanwhile.
	rest = 1200 * time.Millisecond
	// tripStep is a step of a measurement of round trips, and tripTakes what it takes in all. Each latency is added fewestRounds times,
	// and as often as there is time for up to mostRounds: what is measured twice as often is known half as well again.
	tripStep, tripTakes      = 4 * time.Second, 7400 * time.Millisecond
	fewestRounds, mostRounds = 3, 5
	// loadSlack is how much longer than its part a constant load could last.
	loadSlack = 10 * time.Minute
)

// measureParts conducts the parts one after another within the budget, saving the run after each; those that the run which goes on
// has finished are kept. What does not fit is left out, and said. The returned error says why the run is not complete; the run
// itself is stored all the same.
func (inv *invocation) measureParts(ctx context.Context, parts []part, budget time.Duration) error {
	deadline := time.Now().Add(budget)
	parts, number := inv.unfinished(parts), inv.lastTrial()
	inv.options.trials = len(inv.run.Trials) + inv.missing(parts)
	var failed error
	for i := range parts {
		weights := 0.0
		for _, later := range parts[i:] {
			weights += later.weight
		}
		share := time.Duration(float64(time.Until(deadline)) * parts[i].weight / weights)
		if share < leastPart {
			inv.run.Warnings = append(inv.run.Warnings, "not looked for within --budget: "+parts[i].name+"; --resume goes on with it")
			inv.options.trials -= inv.missing(parts[i : i+1])
			continue
		}
		inv.progress.Step("looking for " + parts[i].name)
		number++
		trial, err := inv.conductPart(ctx, &parts[i], number, share.Round(time.Second))
		failed = err
		inv.replace(&parts[i], trial)
		if err := inv.save(ctx, failed); err != nil {
			return errors.Join(failed, err)
		}
		if failed != nil {
			break
		}
	}
	if failed == nil {
		inv.run.Warnings = appendNew(inv.run.Warnings, inv.lost(ctx)...)
	}
	return inv.conclude(ctx, failed)
}

// conductPart measures one part, for that long at most.
func (inv *invocation) conductPart(ctx context.Context, p *part, number int, length time.Duration) (results.Trial, error) {
	asked := inv.question
	defer func() { inv.question, inv.probing = asked, nil }()
	q := &inv.question
	constant := p.probing != nil
	if q.script.Step == 0 || constant {
		q.script.Step = searchStep
	}
	q.script.Duration = max(length, 2*q.script.Step)
	if constant {
		q.script.Shape, q.script.From, q.script.Step, q.script.Duration = "soak", 0, 0, length+loadSlack
	}
	p.script(&q.script)
	if err := inv.replan(ctx); err != nil {
		return unstarted(ctx, number, err)
	}
	q.duration = length
	q.experiment.Faults = nil
	for i, link := range p.links { // so that it runs through the proxy
		q.experiment.Faults = append(q.experiment.Faults, experiment.Fault{Name: fmt.Sprintf("probe-%d", i+1), Link: link, Kind: "latency"})
	}
	if constant {
		inv.probing = p.probing(inv)
		inv.probing.Record.VUs = q.inspection.MaxVUs
		inv.goOn(p, &inv.probing.Record)
	}
	trial, err := inv.conduct(ctx, number)
	if constant && trial.Probing == nil { // it has not come so far; what an earlier trial found is kept all the same
		trial.Probing = &inv.probing.Record
		trial.Probing.Steps = []results.FaultStep{}
	}
	return trial, err
}

// probeLength is how long a step has to be at a rate.
func probeLength(rate float64, scale campaign.Scale) time.Duration {
	iterations, longest := float64(probedIterations), longestProbe
	if scale.Share {
		iterations, longest = sharedIterations, longestShare
	}
	seconds := time.Duration(iterations / rate * float64(time.Second))
	return min(max(seconds, shortestProbe), longest)
}

// tolerancePart looks for the strongest fault of a kind that is tolerated on a link.
func tolerancePart(link, kind string, rate float64) part {
	scale, _ := campaign.ScaleOf(kind)
	limits := campaign.Limits{Scale: scale}
	length := probeLength(rate, scale)
	return part{
		name: "the strongest " + kind + " on " + link, weight: toleranceWeight(scale), links: []string{link},
		aim: results.AimTolerance, kind: kind, rate: rate, script: func(s *load.Script) { s.Rate = rate },
		probing: func(inv *invocation) *runner.Probing {
			return &runner.Probing{
				Record: results.Probing{
					Aim: results.AimTolerance, Kind: kind, With: scale.With, Links: []string{link}, Unit: scale.Unit, Rate: rate,
					Falling: scale.Falling, Most: scale.Most,
				},
				Next: func(tried []results.FaultOutcome) (runner.Try, results.SearchEnd) {
					strength, end := limits.Next(tried)
					return tryOf(link, kind, strength, scale), end
				},
				Weigh: verdict.FaultOutcome, Told: inv.faultDone(kind, scale.Unit), Length: length, Rest: rest,
			}
		},
	}
}

// roundTripsPart measures how latency on each link adds up.
func roundTripsPart(links []string, rate float64) part {
	scale, _ := campaign.ScaleOf("latency")
	return part{
		name: "round trips", weight: 2 * float64(len(links)), links: links,
		aim: results.AimRoundTrips, kind: "latency", rate: rate, script: func(s *load.Script) { s.Rate = rate },
		probing: func(inv *invocation) *runner.Probing {
			trips := campaign.RoundTrips{Links: links, Seed: inv.run.Seed, Rounds: 1}
			there := int(inv.question.duration / (tripTakes * time.Duration(trips.Steps())))
			trips.Rounds = min(max(there, fewestRounds), mostRounds)
			return &runner.Probing{
				Record: results.Probing{Aim: results.AimRoundTrips, Kind: "latency", Links: links, Unit: scale.Unit, Rate: rate},
				Next: func(tried []results.FaultOutcome) (runner.Try, results.SearchEnd) {
					link, delay, end := trips.Next(tried)
					return tryOf(link, "latency", delay, scale), end
				},
				Weigh: verdict.FaultOutcome, Length: tripStep, Rest: rest, Whole: true,
			}
		},
	}
}

// toleranceWeight is larger for shares, whose steps are longer.
func toleranceWeight(scale campaign.Scale) float64 {
	if scale.Share {
		return 4
	}
	return 2
}

// tryOf is a fault of that strength. What a sound link is measured by is the weakest fault's probe.
func tryOf(link, kind string, strength float64, scale campaign.Scale) runner.Try {
	f := experiment.Fault{Link: link, Kind: kind}
	try := runner.Try{Strength: strength, Label: "sound " + link, Hold: 2 * time.Second}
	if strength > 0 {
		try.Label = fmt.Sprintf("%s %s on %s", kind, amount(strength, scale.Unit), link)
	}
	switch kind {
	case "bandwidth":
		f.Rate = int64(max(strength, scale.Most))
		if strength == 0 {
			f.Rate = int64(scale.Least)
		}
		try.Hold = longestProbe
	case "connect-delay":
		f.Delay = time.Duration(strength * float64(time.Millisecond))
		try.Hold += 2 * f.Delay
	case "stall":
		f.Share, f.Delay = strength/100, campaign.StallDelay
		try.Hold += 2 * f.Delay
	case "http-error":
		f.Share, f.Status = strength/100, campaign.ErrorStatus
	case "http-abort":
		f.Share = strength / 100
	default:
		f.Latency = time.Duration(strength * float64(time.Millisecond))
		try.Hold += 2 * f.Latency
	}
	try.Fault = f
	return try
}

// amount is a strength as people read it.
func amount(strength float64, unit string) string { return fmt.Sprintf("%g %s", strength, unit) }

// faultDone tells people how a step under a fault went.
func (inv *invocation) faultDone(kind, unit string) func(results.FaultOutcome) {
	return func(o results.FaultOutcome) {
		text := o.Link + " sound "
		if o.Strength > 0 {
			text = fmt.Sprintf("%s %s %s ", o.Link, kind, amount(o.Strength, unit))
		}
		inv.progress.Step(text + howItWent(o.StepOutcome))
	}
}
