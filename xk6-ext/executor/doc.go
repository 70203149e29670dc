// Package executor is brunt-arrival, a k6 executor for an open model of load, in which iterations are due at times that do
// not depend on how the target does, wait in a queue when no VU is free, and know when they should have started.
//
// k6's own arrival-rate executors drop an iteration that finds no free VU, so that the requests a stalled target would have
// kept waiting are never sent and never measured. Here they wait, and the time they waited is the lateness of the iteration.
// One VU at 200/s, and a target that stalls:
//
//	             0 ms       5 ms       10 ms      15 ms      20 ms      25 ms      30 ms
//	due          1          2          3          4          5          6          7
//	VU 1         [====== 1: the target stalls, 20 ms =======]   [ 2: req. a =][ 2: req. b ]
//	iteration 2             <------------ lateness ------------>
//	                        <----------- waited ------------>own
//	request a                                                   <- service -->
//	                        <------------------- latency -------------------->
//	request b                                                                 < latency >
//	queue                   2          2 3        2 3 4      2 3 4 5    3 4 5 6    3 4 5 6 7
//
// Lateness is the actual minus the intended start of an iteration. It belongs to the iteration, and is added once: the
// latency of its first request counts from the intended start, that of later requests from when the script sent them.
//
// Lateness has two causes, and they are told apart (IterationStart). From when the iteration was put into the queue until a
// VU was free, it waited: the target kept all VUs, or they are too few. What came before, a schedule that ran late, and what
// came after, a free VU that did not get to run, is the generator's own: it lacks CPU. A script that needs much CPU itself
// keeps its VU, and shows in the generator's CPU rather than here.
//
// The queue is bounded. An iteration that finds it full is dropped; one that is cut off when the load ends, or still waits
// then, is interrupted; one that threw, or of which a request failed, has failed; the others are served. Every iteration
// that was due before the load ended is exactly one of these, however it ended: by itself, by the graceful stop, from
// outside, or by the script. A generator that is behind when the load is cut still owes what was due until then.
//
// The warm-up precedes the schedule: it offers half the first rate. Moments of the schedule count from its end, which is
// t = 0. An iteration's number is its place in the schedule, warm-up included, whichever VU runs it; random numbers that a
// script draws of it (brunt.rand) are therefore the same however many VUs there are.
//
// A rate that changes at once is a stage of duration 0:
//
//	startRate: 50, stages: [{duration: '1m', target: 50}, {duration: 0, target: 100}, {duration: '1m', target: 100}]
//
// # A search
//
// With search, which the shape breakpoint has, and where the driving brunt steers, the schedule gives way to the rates that
// are asked for while the scenario runs: the first is search.from, and each other one holds from the moment that was told with it
// until the next (Config.Asked). The schedule still says how long the scenario may last, and by its peak how many VUs and how
// long a queue there are. Where nobody steers, it stands.
//
// # What it reads, and what it costs
//
// A target that stands still for 2 s out of every 10 s, under 200/s for a minute, by TestProofStallsAreMeasured of
// harness/load. One iteration in five is due while it stands still, so that the p99 of what users wait is 1.9 s:
//
//	                                       served   dropped   latency p99   http_req_duration p99
//	brunt-arrival, 10 VUs                   12000         0       1904 ms                    5 ms
//	brunt-arrival, up to 500 VUs            12000         0       1915 ms                 1915 ms
//	constant-arrival-rate, 10 VUs            9594      2406       unknown                   32 ms
//	constant-arrival-rate, up to 500 VUs    11612       389       unknown                 1907 ms
//
// An iteration costs the executor 5-8 µs of CPU at 5,000/s, as much as k6's own (BenchmarkIteration). At 200/s, where every
// iteration wakes an idle process, it costs 105-115 µs, of which k6's own spends 60-85: the rest buys a wake-up within some
// 0.1 ms instead of 1 ms, which would be added to every latency (Alarm). Seen on a busy virtual machine with two cores.
//
// # Two builds in one slot
//
// With builds, each slot of the schedule holds one iteration of either build, with the same number and so the same payload,
// half a slot apart, in an order that a seeded coin decides anew for each slot:
//
//	               | slot 7            | slot 8            | slot 9            |
//	due            A         B         B         A         B         A
//	VUs of A       [= 7 =]                       [= 8 =]             [= 9 =]
//	VUs of B                 [========== 7: B stalls ===========][= 8 =][= 9 =]
//	queue of B                         8                   8 9   9
//
// Each build has VUs, a queue and an account of its own, so that what one does to its target delays none of the other; its
// samples bear the tag build, and so do the series of latency, lateness, offered and the requests. A build's environment is
// in __ENV when an iteration runs; brunt puts it there before the script's first line (BuildOf). What setup does, it does
// once, in the environment of the first build.
//
// With slices (Options.Slices) the two builds are under load in turn, each at the scenario's rate. A build's schedule stands still while
// the other has its turn, and goes on where it stopped, so that both get the same iterations:
//
//	               | slice of A        | slice of B        | slice of B        | slice of A        |
//	due            1    2    3    4    1    2    3    4    5    6    7    8    5    6    7    8
//
// # A warm-up until times are level
//
// With leveling (Options.Leveling) the warm-up that scenarios are planned with is the longest that it may be. It ends as soon as the
// times of both builds are level; what that means stands at Leveling. The schedule then begins sooner, with the numbers that its
// iterations have anyway: a payload does not depend on how long the warm-up was. t = 0 is told when it is known, a quarter of a second
// before it.
//
// # Markers
//
// The executor tells brunt's output which samples belong to which iteration by markers (IterationStart, IterationEnd,
// Unserved, LoadStart, PoolEnd) on k6's own channel of samples, where they keep their place. Other outputs see containers
// without samples.
package executor
