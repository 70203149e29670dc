package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/devcraft-studio/brunt/results/scan"
)

// MaxBlock bounds a block, in bytes.
const MaxBlock = 1 << 20

// mostTimes is how many admissions a block holds at most: a varint of a difference has at most ten bytes.
const mostTimes = 1 << 16

// ErrBlock is wrapped by every error about bytes that are no block.
var ErrBlock = errors.New("not a block of a ledger")

// The kinds of blocks. Their values are part of the format.
const (
	kindIssued = 'i'
	kindAcked  = 'a'
	kindSeen   = 's'
	kindAgain  = 'd'
	kindCounts = 'c'
	kindTimes  = 't'
	kindFull   = 'f'
	kindEnd    = 'e'
)

// The forms of a chunk's ids.
const (
	formRuns = 'r'
	formBits = 'b'
)

// block is a part of a ledger. Only the fields of its kind are meaningful.
type block struct {
	kind   byte
	ledger string

	at  uint64 // of a chunk: its place; of issued: how many
	ids *chunk

	arrivals, ordered, reordered uint64
	first                        []uint64

	key   string
	times times
	text  string // full: why; end: the source
}

// blocks hands over what the ledger holds.
func (l *Ledger) blocks(take func([]byte) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var buffer []byte
	give := func(b block) error {
		b.ledger = l.name
		buffer = b.append(buffer[:0])
		return take(buffer)
	}
	if err := give(block{kind: kindIssued, at: l.issued.Load()}); err != nil {
		return err
	}
	for _, set := range []struct {
		kind byte
		set  *Set
	}{{kindAcked, &l.acked}, {kindSeen, &l.seen}, {kindAgain, &l.again}} {
		for _, at := range set.set.sorted() {
			if err := give(block{kind: set.kind, at: at, ids: set.set.chunks[at]}); err != nil {
				return err
			}
		}
	}
	if l.arrivals > 0 {
		counts := block{kind: kindCounts, arrivals: l.arrivals, ordered: l.ordered, reordered: l.reordered, first: l.outOfOrder}
		if err := give(counts); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.admitted)) {
		if l.admitted[key].n == 0 {
			continue
		}
		for _, part := range l.admitted[key].parts(mostTimes) {
			if err := give(block{kind: kindTimes, key: key, times: part}); err != nil {
				return err
			}
		}
	}
	if l.full != "" {
		return give(block{kind: kindFull, text: l.full})
	}
	return nil
}

// take adds a block to the ledger.
func (l *Ledger) take(b block) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch b.kind {
	case kindIssued:
		l.issued.Store(max(l.issued.Load(), b.at))
	case kindAcked:
		l.addChunk(&l.acked, b, nil)
	case kindSeen:
		l.addChunk(&l.seen, b, &l.again)
	case kindAgain:
		l.addChunk(&l.again, b, nil)
	case kindCounts:
		l.arrivals += b.arrivals
		l.ordered += b.ordered
		l.reordered += b.reordered
		l.outOfOrder = append(l.outOfOrder, b.first[:min(len(b.first), mostExamples-len(l.outOfOrder))]...)
	case kindTimes:
		if l.admitted == nil {
			l.admitted = map[string]*times{}
		}
		if l.admitted[b.key] == nil {
			l.admitted[b.key] = &times{}
		}
		l.admitted[b.key].join(b.times)
		l.admissions += b.times.n
	case kindFull:
		l.fill(b.text)
	}
}

// addChunk adds ids to a set, and those that are there already to another.
func (l *Ledger) addChunk(s *Set, b block, again *Set) {
	for low := range b.ids.all() {
		id := b.at<<chunkBits | uint64(low)
		if !s.Add(id) && again != nil {
			again.Add(id)
		}
	}
}

// append appends the block's bytes.
func (b block) append(dst []byte) []byte {
	dst = append(dst, b.kind)
	dst = appendText(dst, b.ledger)
	switch b.kind {
	case kindIssued:
		return binary.AppendUvarint(dst, b.at)
	case kindAcked, kindSeen, kindAgain:
		return b.ids.append(binary.AppendUvarint(dst, b.at))
	case kindCounts:
		for _, n := range []uint64{b.arrivals, b.ordered, b.reordered, uint64(len(b.first))} {
			dst = binary.AppendUvarint(dst, n)
		}
		for _, id := range b.first {
			dst = binary.AppendUvarint(dst, id)
		}
		return dst
	case kindTimes:
		dst = binary.AppendUvarint(appendText(dst, b.key), b.times.n)
		return append(binary.AppendVarint(dst, b.times.first), b.times.deltas...)
	}
	return appendText(dst, b.text)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// append appends the ids in the shorter of the two forms, the runs where they are equal.
func (c *chunk) append(dst []byte) []byte {
	var runs []byte
	n, end := uint64(0), 0 // end is what follows the last run
	start, next := -1, -1  // of the run at hand
	flush := func() {
		if start >= 0 {
			runs = binary.AppendUvarint(runs, uint64(start-end))
			runs = binary.AppendUvarint(runs, uint64(next-start-1))
			n, end = n+1, next
		}
	}
	for low := range c.all() {
		if int(low) != next {
			flush()
			start = int(low)
		}
		next = int(low) + 1
		if len(runs) > chunkIDs/8 {
			break
		}
	}
	flush()
	head := binary.AppendUvarint([]byte{formRuns}, n)
	if len(head)+len(runs) <= 1+chunkIDs/8 {
		return append(append(dst, head...), runs...)
	}
	dst = append(dst, formBits)
	wide := c
	if c.bits == nil {
		wide = &chunk{few: c.few, n: c.n}
		wide.widen()
	}
	for _, word := range wide.bits {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst
}

// decode reads a block. What is not exactly as append writes it is refused.
func decode(payload []byte) (block, error) {
	if len(payload) > MaxBlock {
		return block{}, fmt.Errorf("%w: %d bytes, more than %d", ErrBlock, len(payload), MaxBlock)
	}
	s := scanner{scan.New(payload, ErrBlock)}
	b := block{kind: s.Take(1)[0], ledger: s.Text(MaxName)}
	switch b.kind {
	case kindIssued:
		b.at = s.number(MaxID)
	case kindAcked, kindSeen, kindAgain:
		b.at = s.number(MaxID >> chunkBits)
		b.ids = s.chunk()
	case kindCounts:
		s.counts(&b)
	case kindTimes:
		b.key = s.Text(MaxKey)
		b.times = s.times()
	case kindFull, kindEnd:
		b.text = s.Text(MaxKey)
	default:
		s.Fail("unknown kind %q", b.kind)
	}
	switch {
	case s.Err() != nil:
		return block{}, s.Err()
	case b.kind == kindEnd && b.ledger != "", b.kind != kindEnd && !ValidName(b.ledger):
		return block{}, fmt.Errorf("%w: of a ledger %q", ErrBlock, b.ledger)
	case b.kind == kindFull && b.text == "":
		return block{}, fmt.Errorf("%w: full, for no reason", ErrBlock)
	case !bytes.Equal(b.append(nil), payload):
		return block{}, fmt.Errorf("%w: not in its one form", ErrBlock)
	}
	return b, nil
}

// Relabel is a block with its key, if it has one, called otherwise.
func Relabel(payload []byte, label func(ledger, key string) string) ([]byte, error) {
	b, err := decode(payload)
	if err != nil || b.kind != kindTimes {
		return payload, err
	}
	b.key = label(b.ledger, b.key)
	return b.append(nil), nil
}
