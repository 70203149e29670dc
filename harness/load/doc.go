// Package load drives the load generator: k6 in a child process of the same binary. It gives the child what it needs to
// know, keeps the recording as frames arrive, and says at the end how fit the generator was to measure.
//
// The child is brunt itself, started as `brunt __k6 run …`: a process of its own keeps its garbage collection, its CPU time
// and its crashes apart. They talk over a socket pair (package wire). A script of an experiment is run through a small
// wrapper on the child's standard input, which re-exports the script and may replace its scenarios by a shape; a bare script
// is run as it is.
//
// Whether it was fit is judged elsewhere (package verdict); the numbers come from three places. The child tells of itself
// (wire.Ended): what it offered and what was due, how late iterations began and why, how many VUs they needed, how late it got
// to run, and what garbage collection cost. The kernel tells of the child, once a second from t = 0: its CPU time, and of its
// control groups, version 1 or 2, the quota and how often it was used up; of a child that was killed, whether that was for
// want of memory. And it tells of the machine: the CPU time that a hypervisor gave to others, and the pressure on CPU, memory
// and disks. Where a kernel or a platform tells nothing, nothing is known, which is no doubt.
//
// A scenario of the shape breakpoint is steered: a pilot asks the child for one rate after another, has each step judged by
// Options.JudgeStep from the frames that arrived, and ends the load when SearchPlan.next knows nothing more to try. Who judges,
// and by what, is the caller's; what was offered is kept in the record (results.Search), so that the verdict is found again from
// the recording alone.
//
// So is a load with Script.Escape, which is of a constant rate until its planned end. Is its target down then (EscapeJudge), it
// goes on at lower rates until what is served is as before its first fault, or an eighth of the rate was not low enough; is it
// not, the load ends as planned. What was offered is kept in results.Escape.
package load
