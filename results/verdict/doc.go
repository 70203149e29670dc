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
// # Windows and fifths
//
// `in every 1m` lays windows over the trial from t = 0 on. A window of which less than half lies where the SLO holds (between the
// guards of its phase) is left out, and said so. Each of the others is judged by itself, by the frames whose middle lies in it
// and by what was not served of them; a counter that others of its trial touched is zero in a window that did not. There is one
// row: of the worst window, which is one that fails before one that is undecided, and then the one whose value is furthest on the
// wrong side of its bound; the other windows that fail, or are undecided, are named. Any window that fails fails the row. The
// fifths are cut from the load after the warm-up, whatever its phases, and have guards as phases do.
//
// # The services' metrics
//
// Metrics named in Question.Scraped are read from the recording of the scrapes (Trial.Metrics; package probe writes it). A scrape
// belongs to a phase by its middle, as a frame does; a gauge holds its value until a scrape says otherwise. avg is over scrapes,
// and so over time. The rate of a counter is its increase between scrapes of one phase, divided by the time between them.
// Unserved iterations have no part in them, and a generator that was saturated does not excuse their fail. Missed scrapes are
// told in the reason; when more were missed than answered, the row is inconclusive. So it is when several services tell a metric
// and none is named, or several series of a gauge match.
//
// slope is the Theil-Sen slope with its interval of 95 % (stats.TheilSen), over at least 30 scrapes. Low and High are the ends of
// the interval; everything is given per minute. A fail stands if the whole interval breaks the bound, a pass if all of it holds.
//
// after_gc is of what a garbage collection left. That a scrape is the first after a collection shows in
// go_memstats_last_gc_time_seconds or go_gc_duration_seconds_count. after_gc(heap) is the live heap that Go itself found at the
// collection where the service tells it (go_gc_heap_live_bytes), else, and for every other metric, the lower envelope of the
// scrapes; stats.Envelope says by how much that is too high. A slope needs five collections at least; Go collects every two
// minutes even when idle.
//
// # Resilience
//
// Goodput is the share of the iterations offered that were served in bound: without failure, and within the tightest SLO on the
// time of any request. That is the smallest bound (<, <=) without a selector, everywhere or in steady, on max or a percentile
// from p90 up of latency, or where latency has none, of http_req_duration; without one, what did not fail is in bound. An
// iteration of several requests counts by the share of those without failure that were in bound. Where executors do not tell
// what they offer, what k6 ran and dropped stands for it, and a request that failed is out of bound.
//
// What a fault phase did is held against the time before it: the last steady phase of at least 10 s between its guards, its last
// ten minutes at most, without what the fault before it left (a target that had not recovered sets no measure, and time before
// it had is left out). Its windows of 10 s, one from each second, make the band: a window is as before with a goodput of at
// least 0.99 of their median, and a p95 (of all requests' latency, or http_req_duration) within the largest of theirs, 1.2 of
// their median, or their median and a tenth of the bound by which goodput counts requests. What comes after is seen until a guard
// before the next fault, or before the end of the load.
//
// recovery(fault) is the first whole second after the end of its fault phase from which one window, pooled, is as before. It
// speaks for all faults of a phase, which can't be told apart; of a fault with several phases the longest counts. Low is the
// first second at which it would be had every unserved iteration been perfect, and those before the fault bad; High the other
// way round. If no window was as before, it took longer than was seen: it is censored, and fails only when that is longer than
// the bound. On a rate that changes it is not defined, as goodput would change with it. A scenario that drives faults alone
// (Trial.Drivers) is no part of the rate, and its iteration none of goodput, unless the recording shows that it sent anything:
// then recovery is not defined. Over several trials a row of all gives
// the median and as High the longest; it fails when one of them does. One trial is a sample of one.
//
// Detect is the end of the first second since the start of the fault phase whose goodput is below, or whose p95 is above, that
// of every second before, and out of the band as well (made of seconds, not of windows). Depth is the deepest drop of goodput in
// one second. Loss is the area between goodput as it was (the median) and as it is, from the fault's start until recovery: what
// Bruneau et al. (A framework to quantitatively assess and enhance the seismic resilience of communities, Earthquake Spectra
// 19(4), 2003) call the loss of resilience, the area of the resilience triangle, with depth its robustness. It is given in
// iterations, and in seconds of what was served before: 5 s are as if nothing had been served for so long.
//
// A target is metastable when the trigger is gone, the load is the same, and it stays down all the same: goodput of each window
// is below 0.9 of what it was, at a stretch, for a minute or three times the longest bound on its recovery, whichever is longer.
// Something keeps it there that the fault only set off, such as retries (Bronson et al., Metastable failures in distributed
// systems, HotOS 2021; Huang et al., Metastable failures in the wild, OSDI 2022). Recovery is then infinite, as far as was seen.
// Where the experiment asks for it (Trial.Escape), a load whose target is still down at its end goes on at lower rates: it came
// back at the first of them at which 10 s were as before. That time belongs to no phase and to no SLO.
// A generator that was saturated says nothing of the kind. Resilience has no part in the outcome but for the SLOs on recovery;
// a warning tells of a metastable target.
//
// drain(gauge) is how long after the end of a fault phase a service's gauge was back at or below what it was before: its highest
// value in the steady phase before the fault. It lies between the last scrape that was above, and the first that was not, which
// is the value; a gauge that was not above at the fault's end took no time. Without `in` it is of the fault phase after which it
// took longest. As recovery, it is censored where that was not seen.
//
// # Work per request
//
// per_request is the increase of a counter divided by the requests that the load sent in the same time (http_reqs, setup and teardown
// apart), from the first scrape in the scope to the last, guards left out; a scrape up to 250 ms beyond an edge counts as at it. What
// lies between two scrapes of which one is in another phase counts for neither, nor does what lies around missed scrapes at an edge.
// Where nothing was requested before the first scrape, or the last came after the load, there is no edge: so the whole of a load without a
// warm-up is exact. At every other edge requests were under way, whose work may have been counted or not: as many as the rate times
// how long they took (Little's law), those that began between the scrape and the edge of a frame, and one more. They blur the number:
// Low and High are its ends. A bound that lies between them is what the number is taken for, where that is less than 1 % to either
// side, so that a service that does exactly three queries keeps `<= 3` and breaks `< 3`; beyond, the row is inconclusive. Of a
// counter of the load's own both sums are those of the frames in the scope.
//
// In a window of an SLO's the edges of the window are edges, too.
//
// Verdict.Uses is the same for people, phase by phase with their guards, and has no part in the outcome: work per request of Postgres, Redis
// and links, its multiple in a fault phase of what it was in the steady phase before (retry amplification), and what the
// processes of each node used of the machine. The work of a link is its exchanges, what nothing let through included: retries show
// there when they never arrive, and on the node when they do. What a link that is down refuses is not seen by anybody, so that its
// work is nothing then, however often it was asked for. What was under way at the edges of a phase blurs all of it, as above: a
// multiple by about the share that a request's duration is of the phase. A link that no connection crossed is named in a warning;
// what was opened before the load, as by a pool, crossed it.
//
// # The breakpoint
//
// A trial that searched (Trial.Search) is judged step by step. A step is judged as a phase of its own without guards, between its
// From and its End, by the SLOs that Searchable lets through, and by the rules above for what was not served. It holds when
// each of them does, or measured nothing there while iterations ran; it broke when one breaks, or when nothing that was offered
// was served. It is nobody's doing but the generator's (StepOutcome.Unfit), and so undecided, when the generator used more than
// FitnessLimits.CPUShare of the CPU it may use, or when a bound on latency breaks that the service time keeps and the rate needs
// more VUs than there are, at the median duration of the first step's iterations.
//
// A rate held when a step at it did, be it the repetition. The breakpoint lies between the highest rate that held (Held) and
// the lowest above it at which two steps broke (Broke), or one after which the target answered nothing any more. The row
// `breakpoint` passes when any rate held: the search begins with the rate that is asked for, and goes no further when that
// breaks twice, which fails it; else it is inconclusive. The other rows are of the step that held at Held. Fitness of the
// whole trial has no part in it, as the load went beyond the limit on purpose.
//
// # Invariants
//
// An SLO on a ledger is about exact counts over the whole trial, its warm-up, setup and teardown included; package ledger says what
// is lost, duplicated, reordered, unknown and admitted. It knows no guards and no interval, and fitness has no part in it: whatever
// a generator did, what was acknowledged is either there or not.
//
// An id is the service's duty from the moment at which the script, having the answer, says so. An iteration that was cut off before
// has no duty left behind, and what arrives of it is neither lost nor held against anyone. What was acknowledged at the end may
// still be on its way: the receivers are read, with the topology still up and the faults lifted, until they have all that was
// acknowledged, or the ledger's settle is over. What arrives later is lost. A script that looks for itself does so in its teardown.
//
// The row is inconclusive where there was nothing to count (no id was acknowledged; nothing arrived; nothing arrived with a key;
// nothing was admitted, or not in that phase), where a receiver could not be read, where the ledger went beyond its bounds, and,
// of lost, where the trial is not complete.
//
// admitted in a phase is of the windows whose last admission lies in it: they may begin before it.
//
// # Tolerances and round trips
//
// A trial that tried faults one after another (Trial.Probing) is judged step by step, as a search for the breakpoint is. A step
// whose fault was not applied, ended early or was not seen by the probe is undecided. Of each strength the majority of its tries
// counts. The tolerance lies between the strongest fault up to which every one that was tried held (Held), and the weakest from
// which on every one broke (Broke), if that broke twice; where a stronger fault held and a weaker one broke (Uneven) both lie
// between them. The row passes when the search came to an end of its own, fails when the SLOs broke twice on a sound link, and is
// else inconclusive.
//
// The round trips of an endpoint are the slope of the median of http_req_duration in each step over the median round trip of the
// probe in that step (stats.TheilSen, with its interval of 95 %): how much longer an answer takes for each millisecond that one
// crossing takes. They are unclear when more than 1 % of the requests failed, when the medians do not lie on a line (a lack of fit
// with P < 1 % that is more than 5 % of the rise, as where requests queue for a connection), or when the interval reaches further
// than a quarter of the count, and a quarter of a round trip, to either side. They have no part in the outcome.
//
// A trial that goes on with one that was cut off holds what that one found (Probing.Earlier, EarlierTrips), as it was judged then;
// its recording is not asked again.
//
// # Scorecards
//
// A trial of a scorecard (Trial.Cell) has one fault, and its SLOs are those of the experiment without a phase or in steady, asked of
// the fault phase. Its cell has the outcome that a run of this trial alone would have, but for one thing: a limit
// that was in force and that its node never came to (Effect.Idle) is tolerated, and no fault that did nothing.
//
// The row `scorecard` says how many of the cells that were asked for (Question.Cells) have a complete trial. It passes when each
// kind, link and node among them was tried at least once, in whatever strength, and is inconclusive else: nothing is known of what
// was not tried. A cell that fails fails the run all the same. Records of an older brunt, which do not say what was asked for, have
// no such row.
//
// # What is declared
//
// Where the question says what is declared of the variant that ran (Question.Expect), Verdict.Expected says whether the run showed
// it: a run that is complete and passes, or one that is and fails with the SLO that was named among those that fail. Measurements
// (Question.Measurements) are rows without a bound and without an outcome. Neither has a part in the outcome of the run.
//
// # Nothing to measure
//
// A selector that was asked for and saw no samples, or a phase without frames, is inconclusive: "no samples". A selector
// that was not asked for (see Trial.Selectors) can't be judged, which is an error. A counter that was recorded elsewhere in
// the trial is zero where it was not; k6's dropped_iterations is zero where nothing was dropped.
//
// # Fitness
//
// Fitness holds the raw numbers of generator and machine against FitnessLimits. What blocks what follows from who can have
// caused it. What the generator or the machine alone can have caused blocks a pass and a fail; what the target may have
// caused blocks a pass only, or else the worst targets could not fail; and lateness blocks a fail only as far as it went into
// the number that failed.
//
//   - A pass and a fail (Fitness.Saturated): the generator may have been too slow to send in time or to read answers in time,
//     so that every number is in doubt. A CPU quota stopped it in more than 1 % of the quota's periods: whatever was in flight
//     waited too, up to a period (100 ms by default), and from 1 % on that is in p99. It used more than 80 % of the CPU that
//     it may use in its busiest 10 s, or would need more for the rate that was asked for, at what an iteration cost it: beyond,
//     queues for the CPU grow without bound, as any queue does. The hypervisor gave more than 10 % of the CPU to others in more
//     than a fifth of the windows of 5 s: then the machine is not the one that it says it is. Programs that are no part of the run
//     took more than 20 % of the CPU, in as many windows, and something waited for a CPU more than 10 % of the time: they may have
//     starved the target as well as the generator, and a starved target is as slow as a bad one.
//   - A pass, and a fail on a time that the target's part of it is not (Fitness.Late): the generator made times longer. It got
//     to run late (p99 of the delay of a goroutine that only sleeps was more than 10 % of the tightest latency bound: an answer
//     waits as long to be read), or garbage collections stopped it for that long, or took more than 25 % of the CPU it had,
//     which is what the Go runtime gives a collection while it runs, so that more means that one nearly always runs and the
//     script has to help. It started iterations late though a VU was free (p99 of that lateness, the same limit), or for want
//     of VUs. Latency counts from the intended start and has all of that in it; http_req_duration begins when the request
//     does, and has only the delay in it. So a fail stands where what the target took breaks the bound, over the same frames,
//     with every unserved iteration counted as perfect: of latency the same statistic of http_req_duration less the delay
//     where VUs were too few, and latency itself less the delay and the generator's own lateness where they would have done;
//     of another time that time less the delay; p99 of each. Fails on anything else stand.
//   - A pass only: iterations that were dropped (more than 0.1 %) or waited for a VU (more than 1 %, and p99 of lateness more
//     than 10 % of the tightest latency bound), and fewer offered than were due (by more than 0.5 %): the target was not
//     loaded as was asked. The rule for what was not served gives a fail the benefit of every doubt already.
//
// Whether VUs are too few or the target keeps them is told by Little's law: the highest rate of the schedule times the median
// duration of an iteration is how many are busy at once as long as all is usual. If that is more than 80 % of the VUs
// allowed, and all of them were in use, they were too few: the queue grew although the target did as it always does, and says
// nothing of it. If it is less, they would have done, and a target that made them all wait is to be blamed: its stall shows in
// latency, which is what latency is for, and a fail on it stands.
//
// What other programs took is all that the machine's CPUs did for programs, less what brunt, its children and the nodes used,
// those of them that have ended included. What can't be told whose it is (interrupts, the kernel's own threads, a container engine's
// helpers) is not held against anybody, so that a target which uses up the machine by itself still fails. Below 20 % lies
// what a desktop, an agent or a monitor does, on two cores less than half of one, and what the kernel's clock ticks blur; what takes
// more than that on two cores is a build or another test. Where nothing waited for a CPU, they took it from nobody, however much it
// was, as on a machine with cores to spare; where the kernel does not tell of pressure, they may have taken it from the run. A
// target that brunt did not start (url) can't be told from other programs: nothing is known then, which is no doubt.
//
// Pressure (the kernel's pressure stall information) alone decides nothing. On few cores some task nearly always waits for
// another, and the target may be the one that uses the machine up; whether the generator suffered is measured on itself,
// above (seen on two cores shared with builds and tests: something waited for a CPU 98 % of the time, and the generator of the
// main job, at 100/s, was delayed by 7 ms at p99). Where something waited for a CPU more than half of the time, that is named
// as a cause of the generator's own delays. Beside a fail it is a warning, as is waiting for a disk more than half of the time
// or for memory more than a tenth.
//
// Exceptions in the script are a row of their own, which fails: a script that throws never passes.
//
// A blocked outcome becomes inconclusive with the reasons, except for invariants on exact counts. Where
// Question.FitnessBlocks is not set (bare scripts), the reasons are warnings. Fitness is judged when it was measured, and its
// judgement (Fit, Saturated, Late) is stored: records of an older brunt, which lack the newer numbers, are judged as they were.
//
// # Faults and trials
//
// A fault that was not applied, whose removal was not confirmed, or whose probe saw no effect is an inconclusive row: what was
// measured then says nothing of the fault. The times of a repeated fault are all of its name: `in NAME` pools them, and recovery
// is that of the worst. A trial that is not complete, or whose recording is torn, never passes; what it
// measured can still fail, but for lower bounds on counts, which time alone would have reached.
//
// # Costs
//
// Of a gate nothing is judged but what the same requests cost in both builds: those that all trials begin with alike. A count that is
// the same in all trials of each build (buffers, bytes and round trips, which may agree in sum by chance, request by request) is exact, and
// fails when the candidate has more of it. Any other fails when the candidate's least is at least half as much again as the baseline's
// most, by three times what either build's trials differ by, and the candidate's most is more than the baseline's least by one per request
// or a hundred bytes at least. An endpoint whose
// every answer failed in the baseline is inconclusive, and so is a gate of fewer than two complete trials of a build. Where the requests
// that all trials begin with are fewer than half of what the baseline was asked, or the script threw or ended the load in any trial, a gate does
// not pass: it fails by what costs more all the same, and is inconclusive else.
//
// What is done for answers of another kind is something else: an endpoint is inconclusive, and names the statuses, where any request was
// answered with one class of status (2xx, 3xx, 4xx; what failed, that is 500 or more and no answer) by all trials of one build, and with
// another by all of the other, or where more than a tenth were not answered alike by the trials of one build. Then nothing of it fails but
// answers that fail in the candidate, which do by the rules above. Where those are accepted, so is their status. The errors of gRPC have
// the status 200, and are not told apart.
//
// A count that is worse fails nothing where the question accepts it: its metric, at its endpoint or everywhere, no more than it allows,
// and not after its last day, which is held against the day on which the run was made. What became of each acceptance is part of the verdict.
//
// # Two builds out of the store
//
// Compare holds stored runs of a candidate against stored runs of a baseline, out of their verdicts, and reads no recording. It is not
// the gate, which conducts both builds in turn; it says what can be said afterwards, and unclear where nothing can.
//
// Of each kind of run (plain ones, searches for the breakpoint, those of limits, scorecards, gates) only complete runs made in one way count: of the
// configurations on both sides the two that differ least, of those the newest. What still differs is listed field by field: provider,
// dependencies and machine leave only large effects; the load, the time scale, flags that change the question and any other part of the
// experiment leave times and counts unclear; SLOs leave what they bound (goodput, recovery, limits) unclear; seeds, versions of tools, names,
// descriptions and what is accepted are told and change nothing. The text of a script is not kept, and can't be compared.
//
// What replicates a measurement is a trial, that is a start of the processes, and never a request. A trial's value of a phase is the mean
// of the logarithm of the quantile over all phases of that name, weighted by requests; a phase counts with eight requests beyond the
// quantile, a trial with twenty. A trial whose generator or machine was out of bounds is left out of times; where the generator ran late,
// or a part of the load was not served, outcomes that this could have made are taken back.
//
// Interleaved are runs of which five pairs or more are neighbours: a trial of each build on one machine, less than half an hour apart,
// each build first in a quarter of them or more (of runs strictly in turn one is left out, so that both orders occur). Their differences
// have Student's interval over pairs, one-sided at 1 % divided by the number of rows: worse and better are outside it, and at least 1, 2 or
// 3 % at p50, p95 or p99, 0.1 points of failures, 1 point of goodput. The same is what lies, at 5 % on each side, within 3, 5 or 8 %, and
// those points. MDE is what such an interval would miss one time in twenty.
//
// All others are not: that the machine was in another mood is in no spread of theirs. There a time has to be 3.5 times as long (of two
// trials on the side with fewer 3 times, of five 2.5 times), 4 times on other machines, by 5 ms, a fifth more in phases under 30 s, and by
// more than what the trials of either side differ by; failures have to differ by a point and goodput by ten, by ten requests and by as
// much as the lower share. Low and High are that far from the ratio. Nothing is the same. In the simulation of GATE's noise in the tests (quiet,
// noisy, hostile; one run of each months apart, runs in a row, nightly, in turn), a build is worse than itself in at most 0.3 % of
// 2,000 comparisons of each, all rows of one together.
//
// Counts do not depend on how fast a machine is. Work per request is worse when the trials' values lie further apart than 0.5, a quarter
// of the lesser (half of it outside of steady) and three times what those of one side differ by; within a fiftieth it is the same. Costs
// are compared as a gate does, over all stored starts of both builds in the gates that are chosen, each of which may tell of both; with
// other seeds the requests were others, and only half as much again is named, as where provider, dependencies or machine are. Where too
// few requests are the same, what is not worse is unclear. Round trips differ when their intervals do not meet and half a round trip lies between. An invariant is worse when it held
// and holds no more. Limits differ when what one build held is 1.5 times where the other broke; recoveries when every one of one side took
// twice as long as any of the other, and 10 s more.
//
// A timing gate that held these two builds against each other is compared by its pairs; of several the newest. Each primary metric is
// worse as the gate itself judges it, and better by the same rule with the sides exchanged, so that both ends of the interval have
// the level of a fail, at all looks together; the same is what the gate finds within its limit both ways. Where the gate can't be believed,
// nor can the row. Builds that gates held against others alone did not run in turn, and are compared as such.
//
// Of scorecards each fault that was tried on both sides is a row: the same when all trials tolerate it, worse when all of the baseline do and
// none of the candidate, and the SLO that broke first measured half as much again as where it held, or a point more of a share: what lies
// nearer to its bound breaks by chance. Recovery and work per request are compared fault by fault, by the rules above.
//
// # Gates
//
// A timing gate compares two builds by pairs of fresh processes of both; the start of a process, not the request, is what is
// repeated. ReadPair reduces a pair to one number for each primary metric. Of a quantile it is the mean of ln candidate − ln baseline
// over windows, without the fifth of the windows at each end; windows of five seconds of load on each build, merged until eight values
// lie beyond the quantile in both. In experiments with phases it is the mean of that over phases, so that what is worse in a short one
// counts, and no phase is trimmed away. A quantile with fewer than twenty values beyond it in any pair is told and does not decide.
//
// JudgeGate looks after every pair from the fifth on. A metric is worse when the lower bound of its change is above nothing and the
// estimate reaches its floor; the build fails by any that is. It passes when the upper bound of every primary metric is below its
// limit; while an estimate is not below its floor, the gate goes on as long as it can, since that may still become a fail. The bounds are
// those of package stats for as many looks as the budget allows by the time that the pairs before the first look took. Failures are held against each other by count (stats.CompareFailures); at each look what may be spent is what is added
// since the look before.
//
// What the question accepts of a primary metric, for a run that was made before it expired, is what its change is counted from. Without
// a limit the metric neither fails nor is waited for: the gate is decided when all others are. With one, a metric that is worse fails
// when the lower bound of its change is beyond it, a pass takes an upper bound below it and the metric's limit together, and the gate
// goes on for an estimate beyond both it and the floor. So a change no larger than what is accepted fails as seldom as none does without
// it, and one beyond both passes as seldom as one beyond the limit. What each metric may spend of the error is the same whatever is
// accepted, and fitness is judged of all metrics alike. What became of each acceptance is part of the verdict.
//
// A pair does not count when generator or machine was unfit by the rules above, the rates that were offered differ by more than half a
// per cent, or iterations started so late that a quantile is more than a third lateness; never by which build it is. What other programs
// take counts here even where nothing waited for a CPU: caches and clock rate suffer all the same, in some pairs and not in others (one of
// two cores kept busy: the kernel told of waiting in less than a tenth of the time). What lateness adds
// to a quantile is known by the same requests without it; where it is not, the quantile of the generator's own lateness may be a tenth of
// it, and differ between the builds by 2 %. The third was found on a machine of two cores that did nothing else: there 14 to 25 % of p95
// and p99 of a target of 2 to 3 ms were lateness, of both builds alike. A change of the target's own time is seen that much smaller than
// it is, so that a pass takes that much less than the limit. Lateness that surely changes a change by more than 2 % over all pairs is
// taken out of it: what is judged then has to fail, or to pass, both with it and without it, or else the gate says that it is the
// lateness that decides. Its being apart is not enough to be unfit: the same lateness is a greater part of the quicker build, so that a
// candidate that takes five times as long always has less. A gate says neither pass nor fail, and why, when more than a fifth of its
// pairs do not count, when the baseline fails more than 1 % of what it is offered, when successive pairs resemble each other (more than
// 0.6), and when no time could be compared. Nor does it pass when a pair that does not count shows that the script threw, ended the load or
// declared it failed, or that the candidate lost more of what it was offered, by over 0.1 points and three standard deviations: the rule
// that leaves a pair out must not hide what the pair is the best evidence of. An iteration that was interrupted had hung until the load
// ended, and has failed. Of a load that k6's own executors make it is not known what was offered, and a slower target is asked less:
// throughput is one more primary metric then, and that rates differ is no reason to leave a pair out. What comes after the look that decided changes nothing.
//
// # A build against itself
//
// A calibration measures pairs of one build, as a gate does. Noise makes a card of them: how far pairs lie apart, their mean, which is 0
// but for chance unless one of the two places is better than the other, and what a gate could see (Foresee): what its last look states
// when its budget is used up, with the bound of that look, if pairs lie as far apart as these did. Of eight pairs the standard deviation,
// and with it what is seen, may be a third off. The card passes however little is seen; it fails where JudgeGate would have failed the
// build, and is inconclusive where fewer pairs count than the first look needs, or where a gate would not believe them.
//
// A planted change is in force in the candidate as long as the load is, so that its pairs have no phases. Of a delay, what it adds to p50
// is held against what was asked for: the mean over pairs of baseline × (ratio − 1), with Student's interval of 95 %; less than 80 % fails,
// more than 120 % is inconclusive. A quota passes where the interval of a quantile's ratio lies above 1; of the quantiles the one whose does
// so most clearly. That such a pair is unfit is no reason against it; that the fault was not in force is.
//
// Gates are drawn from twenty pairs or more, with replacement; a coin says which of the two in a pair is the baseline, so that they show what
// the spread of pairs does and not what the offset does.
//
// # Thresholds
//
// Thresholds have k6's meaning: all samples of the whole run, setup and teardown included, percentiles interpolated
// between neighbouring values (as far as a histogram knows them: to within 0.1 %), an untouched trend, counter or gauge
// counts as 0 and an untouched rate passes. When the script itself aborted the load, the run fails as k6's exit code does.
//
// The run fails if any row fails, is inconclusive if any row is, and passes if there are rows and all pass. A bare script
// without thresholds passes when its load completed without exceptions, with a warning that says so.
package verdict
