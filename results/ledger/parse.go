package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// ContentType is what a service should call what Parse reads; it need not.
const ContentType = "application/x-ndjson"

const (
	offerVersion = 1
	longestLine  = 64 << 10 // bytes
	longestRange = 1 << 28  // ids
)

// ErrOffer is wrapped by every error about what a service offers, but those of reading it.
var ErrOffer = errors.New("not what a ledger offers")

// Parse reads what a service offers at its ledger's path into a ledger: lines of JSON, in the order in which things happened.
//
//	{"version":1}                              the first line
//	{"seen":17}                                the id 17 arrived; a second such line is a duplicate
//	{"seen":[1,5000]}                          all ids from 1 to 5000 arrived
//	{"seen":18,"key":"ann","sequence":3}       it arrived; of one key, sequences (else the ids) should only rise
//	{"acked":17}  {"acked":[1,5000]}           the service took them over
//	{"admitted":"ann","at":1767225600000.25}   a limiter let it through: milliseconds since 1970
//	{"end":true}                               the last line: without it, the rest is taken for lost on the way
//
// The error names the line.
func Parse(r io.Reader, into *Ledger) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4<<10), longestLine)
	n, ended := 0, false
	for lines.Scan() {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		n++
		if ended {
			return fmt.Errorf("%w: line %d: it follows the end", ErrOffer, n)
		}
		var err error
		if ended, err = parseLine(text, n, into); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrOffer, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%w: line %d has more than %d bytes", ErrOffer, n+1, longestLine)
	case err != nil:
		return fmt.Errorf("read what a ledger offers: %w", err)
	case n == 0:
		return fmt.Errorf("%w: nothing; the first line is {\"version\":%d}", ErrOffer, offerVersion)
	case !ended:
		return fmt.Errorf("%w: cut short after line %d: the last line is {\"end\":true}", ErrOffer, n)
	}
	return nil
}

// line is a line of an offer.
type line struct {
	Version  *int            `json:"version"`
	Seen     json.RawMessage `json:"seen"`
	Acked    json.RawMessage `json:"acked"`
	Key      *string         `json:"key"`
	Sequence *uint64         `json:"sequence"`
	Admitted *string         `json:"admitted"`
	At       *float64        `json:"at"`
	End      *bool           `json:"end"`
}

// parseLine takes a line in, and reports whether it is the end.
func parseLine(text []byte, n int, into *Ledger) (ended bool, err error) {
	if n > 1 {
		if id, ok := plain(text, `{"seen":`); ok {
			into.See(id)
			return false, nil
		}
		if id, ok := plain(text, `{"acked":`); ok {
			into.Ack(id)
			return false, nil
		}
	}
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return false, fmt.Errorf("%q: %w", shortened(text), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return false, fmt.Errorf("%q: more than one value", shortened(text))
	}
	if n == 1 {
		if l.Version == nil || *l.Version != offerVersion {
			return false, fmt.Errorf("%q: the first line is {\"version\":%d}", shortened(text), offerVersion)
		}
		return false, nil
	}
	return l.take(text, into)
}

func (l line) take(text []byte, into *Ledger) (ended bool, err error) {
	said := 0
	for _, there := range []bool{l.Version != nil, l.Seen != nil, l.Acked != nil, l.Admitted != nil, l.End != nil} {
		if there {
			said++
		}
	}
	switch {
	case said != 1 || l.Version != nil:
		return false, fmt.Errorf("%q: it holds one of seen, acked, admitted and end", shortened(text))
	case l.Seen == nil && (l.Key != nil || l.Sequence != nil), l.Admitted == nil && l.At != nil, l.Key == nil && l.Sequence != nil:
		return false, fmt.Errorf("%q: key goes with seen, sequence with key, at with admitted", shortened(text))
	case l.End != nil:
		return *l.End, nil
	case l.Admitted != nil:
		return false, l.admit(into)
	case l.Acked != nil:
		return false, each(l.Acked, into.Ack)
	case l.Key == nil:
		return false, each(l.Seen, into.See)
	case len(*l.Key) > MaxKey:
		return false, fmt.Errorf("a key of more than %d bytes", MaxKey)
	}
	return false, each(l.Seen, func(id uint64) {
		sequence := id
		if l.Sequence != nil {
			sequence = *l.Sequence
		}
		into.SeeInOrder(id, *l.Key, sequence)
	})
}

func (l line) admit(into *Ledger) error {
	switch {
	case l.At == nil:
		return errors.New("admitted needs at: milliseconds since 1970")
	case len(*l.Admitted) > MaxKey:
		return fmt.Errorf("a key of more than %d bytes", MaxKey)
	}
	at, ok := Moment(*l.At)
	if !ok {
		return fmt.Errorf("at is %g, which is no time in milliseconds since 1970", *l.At)
	}
	into.Admit(*l.Admitted, at)
	return nil
}

// Moment is a time in milliseconds since 1970. It is not ok for one that is before 1990 or after 2200, which is likely to be in
// another unit.
func Moment(ms float64) (time.Time, bool) {
	const first, last = 631_152_000_000, 7_258_118_400_000
	if !(ms >= first && ms <= last) {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(math.Round(ms * 1000))), true
}

// each hands over an id, or all from the first to the last of two.
func each(raw json.RawMessage, take func(uint64)) error {
	var id uint64
	if err := json.Unmarshal(raw, &id); err == nil && id <= MaxID && raw[0] != 'n' {
		take(id)
		return nil
	}
	var span []uint64
	if err := json.Unmarshal(raw, &span); err != nil || len(span) != 2 || span[1] > MaxID || span[0] > span[1] || span[1]-span[0] >= longestRange {
		return fmt.Errorf("%q: an id is a whole number from 0 to %d, and a range is [first,last] of at most %d", shortened(raw), uint64(MaxID), longestRange)
	}
	for id := span[0]; id <= span[1]; id++ {
		take(id)
	}
	return nil
}

// plain reads the commonest lines quickly: a prefix, digits and a brace.
func plain(text []byte, prefix string) (uint64, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok || len(rest) < 2 || len(rest) > 20 || rest[len(rest)-1] != '}' || rest[0] == '0' && len(rest) > 2 {
		return 0, false
	}
	id, err := strconv.ParseUint(string(rest[:len(rest)-1]), 10, 64)
	return id, err == nil && id <= MaxID
}

func shortened(text []byte) string {
	const most = 80
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
