// Package lease makes sure that nothing of a run outlives it.
//
// A run holds a lease: a watchdog (a child of the same binary in a session of its own) that is told of every process,
// folder and paused node, and that removes all of them when its parent dies. The same facts stand in a record on disk,
// so that the next start can heal what is left when both die together. The package decides for you what belongs to a run:
//
//   - the processes that were registered (process id and start time, so that a reused id is never hit), their
//     descendants, and the groups and sessions they lead;
//   - on Linux, every process whose initial environment carries the run's mark (see Mark), which covers the moment
//     between starting a process and registering it;
//   - the folders that were registered;
//   - whatever the injected sweepers find by the run's id, such as labelled containers.
//
// The watchdog also resumes a paused node when its fault has expired, ends in the same way other faults of nodes, such as
// limits, and kills a proxy child that no longer answers.
//
// The package holds the machine-wide lock, too: one measuring run at a time.
package lease
