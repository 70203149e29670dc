// Package sockets opens TCP connections by the thousand, holds them, and ends them as clients do that are broken, hostile or
// gone: what k6's own modules, which speak properly, can't do.
//
//	Slowloris   half-open HTTP requests: a request's head that never ends, one byte of it at each interval. Each holds a
//	            connection of the server, and what the server keeps for it, until the server loses patience.
//	WebSocket   a handshake (RFC 6455), and then a client that listens and answers pings, or answers nothing at all (Mute), as one
//	            whose network is gone; at the end it leaves in order, or without a close frame, or by a TCP reset.
//
// A Holder bounds what all that may come to: at most MostSockets at a time in a process, each call of Hold at most Longest, and to
// loopback addresses only. No socket and no goroutine outlives the call that made it, whether its time is over or its
// context done. A socket costs one goroutine and some ten kilobytes: 10,000 half-open requests at a time, against a server that ends
// each after 5 s and with Reopen, 40,000 in 25 s, made k6 a process of 205 MB and took 7.6 s of CPU time; 2,000 at a time, 90 MB
// and 3.2 s (two shared cores, the server beside it).
//
// What this machine itself can't do, such as open more files, is an error of the call, never a refusal by the server.
package sockets
