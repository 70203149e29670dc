// Package fault disturbs the links and nodes of a site, and makes sure that every disturbance ends.
//
// Links run through the proxy child (ProxyMain), which owns all sockets: its accept loop, its dialler, and for each direction of
// each connection one pipeline of Toxiproxy's, which limits bandwidth, and behind it a flow, which delays, slices, cuts and
// answers. What the package decides for you:
//
//   - Every connection has a Toxiproxy collection to itself. In one shared by a link, a single peer that does not read
//     would block every other connection and the removal of the fault.
//   - The faults of a link are combined: delays add up, each with its own jitter, the lowest bandwidth and the smallest piece
//     hold, and any of timeout, reset, down and connect-blackhole is enough. They may begin and end in any order. What is on its
//     way when a fault ends that delayed it goes on at once.
//   - Jitter and shares are schedules, not dice: what the n-th chunk or request of a connection meets is a function of the
//     run's seed, the fault's name (and which time of a repeated one it is) and the connection's ordinal on its link, counted
//     from the start of the proxy. Two runs of one seed differ only where the load itself comes in another order.
//   - A loss is the kernel's: a socket filter drops packets before TCP sees them, by its own random numbers. Nothing is known of
//     which ones, only how many.
//   - A fault carries its expiry, which the child enforces alone. When the parent dies, the child lifts everything and ends.
//   - A call to the child has two seconds. When lifting fails, the ladder is climbed: disable the link, delete it and open
//     it again, restart the child. The steps are reported. Under a bandwidth limit a connection whose peer does not read is
//     cut after one second ("cut"), so that it alone pays.
//   - TLS, HTTP/2 and anything else on a link is bytes: nothing is decoded or changed. Faults on HTTP read plain HTTP/1.1 while
//     they are in force; of a connection that speaks anything else they touch nothing, and the effect says why.
//
// Nodes are disturbed by the abilities that their provider gives them (harness/site). A fault of a node that would outlive its
// caller says first how it is undone, and when: the watchdog sees to that. A transaction that is held open carries its expiry
// in the server.
//
// The effect of a fault is measured, not believed: a prober crosses the same link on fresh connections, five times a
// second, which are not counted among the link's connections. Of a limit it is how much of the time it held the node up.
package fault
