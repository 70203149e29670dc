// Package xk6ext is what lives inside the k6 process: the parts of brunt that k6 itself must call.
//
// k6 is linked into the brunt binary and runs as a child process of it (`brunt __k6 run`), so that a script that crashes,
// leaks or spins takes neither the faults nor the record with it. Inside that child stand
//
//   - jsmodule: the module `k6/x/brunt` that scripts import: the seed, the urls of the services, facts about the data sets;
//   - executor: `brunt-arrival`, which offers iterations at their intended times whether or not the service keeps up, and
//     knows by how much each began too late, so that latency counts from the intended start;
//   - native: `brunt-native`, which makes the requests of an experiment without a script (package requests says which) in the
//     same open model;
//   - output: the samples of k6 gathered into series and frames, one second each, edged by the phase marks;
//   - wire: the messages between child and parent. It imports no k6, because the parent speaks it too;
//   - sockets: the sockets that scripts hold, through the module, which no part of k6 would. It imports no k6 either.
//
// register.go tells k6 of the first four. It is the one file of the house with an init function: k6 offers no other door.
// Importing this package for its side effect is how a binary becomes one with the extension.
//
// Nothing in here judges. Thresholds, phases and outcomes are the parent's; the child counts, stamps with the wall clock
// and sends. Neither does anything in here read the experiment: what the child must know comes in wire.Config, before k6
// starts. Plain k6, `brunt k6`, runs the same code without a parent: then there is no wire, and the module knows no facts.
package xk6ext
