// Package stats is the pure mathematics under the verdicts: numbers in, numbers out. Every estimate comes with an interval, and
// what an interval is worth is checked by simulation in the tests beside it.
//
// # Two builds
//
// A gate compares two builds by the change of a quantile in pairs of fresh processes: TrimmedMean over the windows of a pair, then a
// one-sided t test over pairs that looks after each (Bounds, ComputeBounds, Spent), and what it could have found (SmallestFound) or
// would need (NeededValues). Failures are counts and are compared as such (CompareFailures).
package stats
