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
// What it does not do is start a node again that a fault has killed or asked to end. A local node is its owner's child: its output,
// its end and its death with its owner hang on that, and whoever else started it would leave the owner with a node that it can
// neither see nor stop. Such a node stays down while its owner hangs, as long as that takes. When the owner goes on, it starts the
// node at once, as the end of the fault is long overdue by then, and its record tells how late that was; when it dies, there is
// nothing to start, because all of the run is removed. So no fault outlives its run in either case, but the time for which a killed
// node is away is bounded by its owner's life and not by the fault's `for`.
//
// The package holds the machine-wide lock, too: one measuring run at a time.
package lease
