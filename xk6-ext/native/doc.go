// Package native is brunt-native: a k6 executor that makes the requests of load.requests itself, in Go, without a script.
//
// It offers the same open model as brunt-arrival (package executor), with the same schedule, warm-up, queue and accounting,
// and its samples take the same way. What it saves is the JavaScript and the machinery around a script's requests, which
// cost most of a generator's CPU time: on a small machine that is what keeps the generator from disturbing what it measures.
//
// A VU is a worker with a connection of its own, as in k6; there are no VUs of k6. Workers are set up when all others are
// busy, up to the bound, so that there are no more connections than the load needs. A worker that has nothing to do claims
// the next iteration of the schedule and sleeps until it is due; there is nobody who hands iterations out, and so no
// second wake-up for each.
//
// With builds, each has workers, a queue and requests (Config.Sides) of its own, and a slot of the schedule holds one request to either;
// see package executor. Where the warm-up ends when times are level, or the rate is asked for on the way, an iteration can't be claimed
// in advance: each is handed out when it is due, which costs a second wake-up.
//
// A request is sent once. It is never sent again, whatever happens to it: a generator that repeats requests hides failures
// and adds load when the target can bear it least. An idle connection that the target has closed is noticed before a
// request is sent on it, and another one is opened.
//
// What it costs: 31.1 µs of CPU time a request, beside 111.4 µs of a one-line k6/http script under k6 run; ratio 0.279, 95 %
// interval 0.261 to 0.298 (TestProofRequestsWithoutAScriptAreCheap in harness/cli, 15 pairs in turn at 4,000/s each, on two
// cores of a virtual machine). Most of it is the kernel's, for sending and waking up, which costs both the same: the fewer
// requests there are a second, the more it weighs.
//
// What it does not do: cookies, redirects (a 302 is an answer), compression, JavaScript. A report of its load says so.
package native
