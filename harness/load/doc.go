// Package load drives the load generator: k6 in a child process of the same binary. It gives the child what it needs to
// know, keeps the recording as frames arrive, and says at the end how fit the generator was to measure.
//
// The child is brunt itself, started as `brunt __k6 run …`: a process of its own keeps its garbage collection, its CPU time
// and its crashes apart. They talk over a socket pair (package wire). A script of an experiment is run through a small
// wrapper on the child's standard input, which re-exports the script and may replace its scenarios by a shape; a bare script
// is run as it is.
//
// A scenario of the shape breakpoint is steered: a pilot asks the child for one rate after another, has each step judged by
// Options.JudgeStep from the frames that arrived, and ends the load when SearchPlan.next knows nothing more to try. Who judges,
// and by what, is the caller's; what was offered is kept in the record (results.Search), so that the verdict is found again from
// the recording alone.
package load
