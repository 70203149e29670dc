// Package executor is brunt-arrival: a k6 executor for an open model of load, in which iterations are due at times that do
// not depend on how the target does, wait in a queue when no VU is free, and know when they should have started.
//
// k6's own arrival-rate executors drop an iteration that finds no free VU, so that the requests a stalled target would have
// kept waiting are never sent and never measured. Here they wait, and the time they waited is the lateness of the iteration:
//
//	due            0 ms       5 ms      10 ms      15 ms      20 ms
//	               |          |          |          |          |
//	VU 1           [== iteration 1, target stalls for 12 ms ==][= iteration 2 ...
//	               ^                                ^
//	               started when due                 started 12 ms after the run began,
//	                                                7 ms after it was due
//	iteration 2               <----- lateness 7 ms -----><-- service time -->
//	                          <----------------- latency -------------------->
//
// Lateness is the actual minus the intended start of an iteration. Latency of its first request counts from the intended
// start, that of later requests from when the script sent them. An iteration that finds the queue full is dropped; one that
// is cut off when the load ends, or still waits then, is interrupted. Every iteration that was due is thus exactly one of
// served, failed, dropped and interrupted.
//
// The warm-up precedes the schedule: it offers half the first rate. Moments of the schedule count from its end, which is
// t = 0.
//
// The executor tells brunt's output which samples belong to which iteration by markers (IterationStart, IterationEnd,
// Unserved, LoadStart) on k6's own channel of samples, where they keep their place. Other outputs see containers without
// samples.
package executor
