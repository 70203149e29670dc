// Package requests is what load.requests of an experiment says: requests without a script, with values that differ from
// iteration to iteration. The reader of the experiment checks them with it, and the executor brunt-native in the k6 child
// makes them with it. It imports no k6.
//
// # Values
//
// A path, the value of a header, a body and the text that an answer must contain may hold
//
//	{{int LOW HIGH}}    a random whole number, both ends included
//	{{text N}}          N random lower-case letters and digits
//	{{uuid}}            a random UUID (version 4)
//	{{pick A B C}}      one of the words
//	{{iteration}}       the number of the iteration in its scenario, from 0, warm-up included
//	{{item.id}}         column id of the data set item, in the row that the iteration got
//	{{json item.name}}  the same as JSON text, quoted
//	{{raw item.path}}   in a path: the same as it is; else what may not stand there is escaped
//
// A literal {{ is written {{{{. Random values can't stand in what an answer must contain, because each one is a new draw.
//
// Every value is a function of the run's seed, the scenario's name and the number of the iteration, never of the VU, as
// brunt.rand() of k6/x/brunt is (package random). The first draw chooses the request, by its weight; the values follow in
// the order in which they are written: path, headers, body. A data set has a draw of its own, so that its row does not
// depend on the request. With order sequential, its row is the iteration's number modulo the number of rows.
package requests
