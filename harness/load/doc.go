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
// want of memory. And it tells of the machine: the CPU time that a hypervisor gave to others, the pressure on CPU, memory
// and disks, and the CPU time that went to programs which are no part of the run, where the caller can tell what the run itself
// used (Options.OwnWork). Where a kernel or a platform tells nothing, nothing is known, which is no doubt.
//
// A scenario of the shape breakpoint is steered: a pilot asks the child for one rate after another, has each step judged by
// Options.JudgeStep from the frames that arrived, and ends the load when SearchPlan.next knows nothing more to try. Who judges,
// and by what, is the caller's; what was offered is kept in the record (results.Search), so that the verdict is found again from
// the recording alone.
//
// So is a load with Script.Escape, which is of a constant rate until its planned end. Is its target down then (EscapeJudge), it
// goes on at lower rates until what is served is as before its first fault, or an eighth of the rate was not low enough; is it
// not, the load ends as planned. What was offered is kept in results.Escape.
//
// What it costs, beside k6 itself, which is the same binary, in turn in one run, on two cores of a virtual machine (Xeon, Debian
// 12, 2026-11-26). `make bench` measures it anew in short, `make proof` at this length (beside_test.go and native_cost_test.go of
// harness/cli); intervals are of 95 %.
//
//	                                                           brunt              k6 run           ratio
//	CPU per request, plain k6/http script, 15 pairs            62.6 µs            72.9 µs          0.857 [0.777, 0.945]
//	CPU per request at 4,000/s, without a script, 15 pairs     31.1 µs            111.4 µs         0.279 [0.261, 0.298]
//	resident memory after 0.5 M requests, and after 4 M        174 and 172 MiB    155 and 784 MiB  × 0.99 beside × 5.08
//	stored per million requests, 5 endpoints, 10 min           0.94 MB            not stored
//	the same of a target that answers at once, 1 min           1.07 MB            not stored
//	error of quantiles of a million values                     0.099 %            exact
//	lateness at 1,667/s, p99                                   1.6 to 2.4 ms      not measured
//
// The memory is that of child and parent together. k6 run has its thresholds and its summary on, as it has unless told
// otherwise. A request without a script is beside a one-line script on constant-arrival-rate, and costs the child alone.
package load
