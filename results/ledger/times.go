package ledger

import (
	"encoding/binary"
	"slices"
)

// farthest is the last moment that can be told, in microseconds from 1970.
const farthest = 1 << 60

// times are moments in microseconds since 1970, in the order in which they were told.
type times struct {
	n           uint64
	first, last int64
	deltas      []byte // varints: each less the one before it
}

func (t *times) add(at int64) {
	if t.n == 0 {
		t.first = at
	} else {
		t.deltas = binary.AppendVarint(t.deltas, at-t.last)
	}
	t.n++
	t.last = at
}

// join adds those of another, after its own.
func (t *times) join(o times) {
	if o.n == 0 {
		return
	}
	t.add(o.first)
	t.deltas = append(t.deltas, o.deltas...)
	t.n += o.n - 1
	t.last = o.last
}

// all are the moments, in order of time.
func (t *times) all() []int64 {
	all := make([]int64, 0, t.n)
	at, sorted := t.first, true
	for rest := t.deltas; ; {
		all = append(all, at)
		if len(rest) == 0 {
			break
		}
		d, n := binary.Varint(rest)
		rest = rest[n:]
		at += d
		sorted = sorted && d >= 0
	}
	if !sorted {
		slices.Sort(all)
	}
	return all
}

// parts are the same moments, at most so many in each.
func (t *times) parts(most int) []times {
	var all []times
	part := times{first: t.first, last: t.first, n: 1}
	at := t.first
	for rest := t.deltas; len(rest) > 0; {
		d, n := binary.Varint(rest)
		at += d
		if part.n == uint64(most) {
			all = append(all, part)
			part = times{first: at, last: at, n: 1}
		} else {
			part.deltas = append(part.deltas, rest[:n]...)
			part.n, part.last = part.n+1, at
		}
		rest = rest[n:]
	}
	return append(all, part)
}
