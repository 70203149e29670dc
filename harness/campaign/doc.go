// Package campaign decides what to run next: each campaign is a pure function from what was tried so far to what is to be
// tried, or to the reason why nothing is. So it can be resumed, and simulated.
//
// # Limits
//
// The strongest fault that the SLOs tolerate is looked for on a logarithmic scale. First the SLOs have to hold on a sound link.
// Then faults grow by a constant factor until one breaks; then the geometric middle between the strongest that held and the
// weakest that broke is tried, until the two are a tenth apart. One unlucky step decides nothing for good: both edges are
// tried until two tries, or two of three, agree, and where they turn out otherwise the search goes on from there. In the end
// a fault half as strong again as the edge and one that much weaker are tried: where a stronger fault holds and a weaker one
// breaks, each in two of three tries, the interval is widened until it spans both. Of faults that meet a share of what passes, the
// share is searched, until the two edges are a third apart: how many of a few hundred requests are met is a matter of luck.
//
// # Round trips
//
// Latencies of 0, 2, 5 and 10 ms are added on each link in an order drawn from the seed, several times over, so that neither
// drift nor what went before is taken for an effect.
//
// # The matrix
//
// Every kind of fault is tried on every link and node, in two strengths, each in a trial of its own. The order is fixed before the first,
// as a function of the seed and of what failed before, which comes first; then come the fewest cells that cover every link, node and kind,
// in their strong form, then the other strong ones, and last the mild ones: what tolerates a strong fault tolerates a mild one, too.
//
// # The gate
//
// Pairs of fresh processes of two builds, until what was read of them decides (verdict.JudgeGate), no more may come, or the wall time
// that is left is shorter than any of the last three took. Which build starts first, and what else is left to chance in a pair, is
// drawn from the seed and the pair's number. A budget that can't bear five pairs is refused before anything starts. Package
// simulation drives this campaign on machines that are made up.
//
// # The calibration
//
// Pairs of fresh processes of one build, as those of a gate, as many as were asked for, whatever they say; then three pairs for each
// change that is planted in the candidate. A delay is as long as the median answer takes, and 10 ms at least, so that what it adds
// can be told from noise.
//
// # The demo
//
// The naive and then the fixed variant of each reference target, then the alternatives to them that were asked for, all under one
// seed, so that all see the same requests.
package campaign
