// Package verdict judges a run: it reads the recording of each trial once, frame by frame, measures what the SLOs name, and
// holds it against their bounds. The verdict is a pure function of the stored run and its recordings; Judge is the version
// of the rules below, and the same version gives the same bytes for the same data for ever.
//
// # Where a sample belongs
//
// A frame belongs to the phase that contains its middle. An SLO without `in` covers every frame that does not belong to
// the warm-up and does not precede t = 0. An SLO `in` a phase (all phases of that name), or in a fault (the fault phases
// that contain it), leaves out a guard at each end of each phase: Question.Guard seconds, or a tenth of a phase shorter
// than ten guards. Frames that reach into a guard (of a phase shorter than ten guards: whose middle lies in one) are left
// out whole, measured apart, and told in the row's reason.
// Setup and teardown, recorded under scenario "", belong to no SLO, but to thresholds, as in k6.
//
// A rate of a counter is its sum divided by the time that the included frames cover: from the first to the last of them
// within a phase, or from the edge where a second or more next to the edge was silent, so that silence counts as time.
//
// # What was not served
//
// Dropped and interrupted iterations were offered, and what they would have measured is unknown. Each stands for as many
// samples as an executed iteration gave, rounded up, and at least one. From that follows the interval [low, high] of what
// the measurement could have been: of a trend, with every such sample 0 or +Inf; of a rate, with every one false or true;
// of a counter, with every one missing or counted. The direction is left to the bound, so that `rate(checks) > 99%` and
// `rate(http_req_failed) < 1%` are both right. A fail stands if the whole interval breaks the bound, a pass if the whole
// interval holds it; everything between is inconclusive. A bound that follows another measurement has an interval of its
// own, and the two are compared at their worst. Gauges and the count of offered iterations are exact. An end of the
// interval that is infinite is nil in the evidence.
//
// # Nothing to measure
//
// A selector that was asked for and saw no samples, or a phase without frames, is inconclusive: "no samples". A selector
// that was not asked for (see Trial.Selectors) can't be judged, which is an error. A counter that was recorded elsewhere in
// the trial is zero where it was not; k6's dropped_iterations is zero where nothing was dropped.
//
// # Fitness
//
// Fitness holds the generator's raw numbers against FitnessLimits. What is out of bounds blocks differently:
//
//   - The generator's CPU: it may have been too slow to send in time or to read answers in time, so that every latency is in
//     doubt. It blocks a pass and a fail (Fitness.Saturated).
//   - Dropped iterations and lateness are just as well the work of a target that stalls: all VUs wait for it, the queue
//     grows, and the next iteration starts late or never. If they blocked a fail, the worst targets could not fail. They
//     block a pass only; the rule for what was not served already gives a fail the benefit of every doubt.
//   - Exceptions in the script are a row of their own, which fails: a script that throws never passes.
//
// A blocked outcome becomes inconclusive with the reasons, except for invariants on exact counts. Where
// Question.FitnessBlocks is not set (bare scripts), the reasons are warnings.
//
// # Faults, trials, thresholds
//
// A fault that was not applied, whose removal was not confirmed, or whose probe saw no effect is an inconclusive row: what was
// measured then says nothing of the fault. A trial that is not complete, or whose recording is torn, never passes; what it
// measured can still fail, but for lower bounds on counts, which time alone would have reached.
//
// Thresholds have k6's meaning: all samples of the whole run, setup and teardown included, percentiles interpolated
// between neighbouring values (as far as a histogram knows them: to within 0.05 %), an untouched trend, counter or gauge
// counts as 0 and an untouched rate passes. When the script itself aborted the load, the run fails as k6's exit code does.
//
// The run fails if any row fails, is inconclusive if any row is, and passes if there are rows and all pass. A bare script
// without thresholds passes when its load completed without exceptions, with a warning that says so.
package verdict
