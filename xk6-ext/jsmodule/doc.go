// Package jsmodule is the JavaScript module k6/x/brunt: what a script can know of the run it is part of, and random numbers
// that are the same in every run with the same seed.
//
//	import brunt from 'k6/x/brunt';
//
//	export default function () {
//	    const r = brunt.rand();                      // of this iteration
//	    const item = r.int(1, brunt.number('items.rows'));
//	    http.get(`${brunt.url('api')}/items/${item}`, { tags: { name: 'item' } });
//	}
//
//	brunt.seed          the run's seed, a number
//	brunt.facts         every fact by its name, as text
//	brunt.fact(name)    one fact; it throws when there is none
//	brunt.number(name)  one fact as a number; it throws when it is none
//	brunt.url(node)     the fact <node>.url, or http:// and the fact <node>.address; without a node, target.url
//	brunt.rand(i)       a random source of iteration i of this scenario; without i, of the iteration that runs. It is a
//	                    function of seed, scenario and iteration, never of the VU, so that payloads are repeated though VUs
//	                    compete; i is needed in the init context and in setup.
//	   .float()         a number in [0, 1)
//	   .int(low, high)  a whole number, both ends included
//	   .pick(array)     one element
//	   .chance(p)       true with probability p
//	   .text(n)         n lower-case letters and digits
//
//	brunt.ramp(options) the scenario of a shape, as are smoke, soak, spike and breakpoint; see scenarios/lib/shapes.js:
//	                    export const options = { scenarios: { load: brunt.ramp({ rate: 100, duration: '2m' }) } };
//	brunt.shape(name, options)  the shape of that name
//	brunt.scaled(options, s)    a copy of k6 options whose scenarios take s times as long
//	brunt.turns(scenarios, n)   whose n iterations are made when they are made one after another
//
//	brunt.ledger(name)  a ledger, in the init context; all VUs have the same one, and SLOs name it (package ledger says what is
//	                    counted, and package verdict how it is judged)
//	   .next()          the next id: 1, 2, 3 and so on, each once, whichever VU asks
//	   .acked(id)       the service acknowledged the id, so that it is its duty from now on
//	   .seen(id)        the id arrived; once more, and it is a duplicate
//	   .seen(id, {key, sequence})  the same where order matters: within a key, sequences (the ids, if left out) should only rise
//	   .admitted(key)   a limiter let something of the key through, now: when the script has the answer
//	   .admitted(key, at)  the same, at a time of the service's own (milliseconds since 1970, or a Date): better where answers
//	                    are slow, because windows are then those of the limiter and not of its answers
//
//	import { ledger } from 'k6/x/brunt';
//	const orders = ledger('orders');
//
//	export default function () {
//	    const id = orders.next();
//	    if (http.post(url, JSON.stringify({ id })).status === 201) orders.acked(id);
//	}
//	export function teardown() {                     // or a service that offers what it received: see ledgers in the experiment
//	    for (const order of http.get(`${url}/all`).json()) orders.seen(order.id);
//	}
//
//	brunt.fault.apply(name)  brings a fault of the experiment that has at: script into force, and returns when it is; it throws
//	                    when it can't be, or is in force already
//	brunt.fault.lift(name)   ends it before its time (for), and returns when it is gone; lifting what is not in force is no error
//
//	import { fault } from 'k6/x/brunt';
//	import { sleep } from 'k6';
//
//	export function trouble() {                      // a scenario of its own: one VU, one iteration
//	    sleep(20);
//	    fault.apply('redis-slow');
//	    sleep(10);
//	    fault.lift('redis-slow');
//	}
//
// Such a scenario is no load: the rate is constant when that of the others is. It must send nothing then.
//
//	brunt.sockets.slowloris(url, options)  holds half-open HTTP requests: heads that never end, a byte of them at each interval
//	brunt.sockets.websocket(url, options)  holds WebSockets that only listen, and ends them as a client would that is broken or
//	                    gone. For all else there are k6/ws and k6/websockets
//
// Both return when the last socket has ended, with {opened, refused, closed, held, most, messages, refusal}: how many times the
// server took one, and did not (refusal is why, the first time); how many it ended before their time, and were open to the end;
// the most at a time; what WebSockets received. The metrics are sockets_opened, sockets_refused and sockets_closed (counters),
// sockets_closed_after (a trend, in ms: how long those were open that the server ended) and sockets_held (a gauge of all VUs), with the tag
// kind. What can't be done, by the bounds of package sockets or by this machine, throws. The options:
//
//	for       from the first socket to the end of all, as '50s' or in ms; must be given
//	sockets   how many; 1
//	over      opens them evenly over this time; 0
//	reopen    tries one that the server ended or refused again, at most once a second; false
//	end       of those that are open to the end: 'reset' (a TCP reset), 'cut' (a TCP end without a close frame) or 'close' (of
//	          WebSockets, in order); 'reset'
//	every     of slowloris: from one byte to the next; '2s'
//	mute      of WebSockets: answers nothing, pings neither; false
//	headers   of the request that opens, by name
//	tags      of the samples, by name
//
// Where scenarios measure two builds side by side, importing the module makes __ENV that of the VU's build, before the first
// line of the script that imports it, and facts such as brunt.url() are those of that build.
//
// Where k6 runs by itself (brunt k6 run), there are no facts and the seed is that of -e BRUNT_SEED, or 0.
package jsmodule
