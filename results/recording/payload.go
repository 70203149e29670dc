package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/scan"
)

const (
	// MaxPayload bounds the encoded form of one frame, in bytes.
	MaxPayload = 16 << 20
	// MaxPoints bounds the points of one frame.
	MaxPoints = 1 << 17
)

// ErrPayload is wrapped by every error of Decoder.Decode: the bytes are not an encoded frame.
var ErrPayload = errors.New("not a frame")

// series is what a dictionary numbers: a key of one kind.
type series struct {
	key  Key
	kind Kind
}

// Encoder turns frames into payloads that are quick to write and to read: those on the wire, and those of format version 1.
// It keeps a dictionary: the payload in which a series first occurs defines it, later
// ones refer to it by number. So all payloads of an Encoder must be decoded by one Decoder, in order, none left out.
//
// A payload is: start (varint, nanoseconds), end minus start (varint), number of points (uvarint), then for each point the
// number of its series (uvarint), and where that is the next number not yet given, its definition: kind (1 byte, its first
// letter), metric and tags (each uvarint length and bytes); then by kind: a trend is the histogram's binary form, a counter
// its sum, a gauge last, min and max (each the 8 bytes of the float64, little-endian), a rate trues and total (uvarint).
type Encoder struct {
	numbers map[series]uint64
}

// NewEncoder returns an Encoder with an empty dictionary.
func NewEncoder() *Encoder { return &Encoder{numbers: map[series]uint64{}} }

// Append appends the payload of f to dst. It always succeeds; a frame that is not valid (see Frame.Validate) gives a
// payload that no Decoder accepts.
func (e *Encoder) Append(dst []byte, f *Frame) []byte {
	dst = binary.AppendVarint(dst, f.Start)
	dst = binary.AppendVarint(dst, f.End-f.Start)
	dst = binary.AppendUvarint(dst, uint64(len(f.Points)))
	for i := range f.Points {
		p := &f.Points[i]
		s := series{p.Key, p.Kind}
		number, known := e.numbers[s]
		if !known {
			number = uint64(len(e.numbers))
			e.numbers[s] = number
		}
		dst = binary.AppendUvarint(dst, number)
		if !known {
			dst = append(dst, kindByte(p.Kind))
			dst = appendText(dst, p.Key.Metric)
			dst = appendText(dst, p.Key.Tags)
		}
		dst = appendPoint(dst, p)
	}
	return dst
}

func appendPoint(dst []byte, p *Point) []byte {
	switch p.Kind {
	case Trend:
		if p.Trend == nil {
			return histogram.New().AppendBinary(dst)
		}
		return p.Trend.AppendBinary(dst)
	case Counter:
		return appendFloat(dst, p.Sum)
	case Gauge:
		return appendFloat(appendFloat(appendFloat(dst, p.Last), p.Min), p.Max)
	case Rate:
		return binary.AppendUvarint(binary.AppendUvarint(dst, p.Trues), p.Total)
	}
	return dst
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func kindByte(k Kind) byte {
	switch k {
	case Trend, Counter, Gauge, Rate:
		return k[0]
	}
	return 0
}

func kindOf(b byte) (Kind, bool) {
	for _, k := range []Kind{Trend, Counter, Gauge, Rate} {
		if k[0] == b {
			return k, true
		}
	}
	return "", false
}

// Decoder undoes an Encoder.
type Decoder struct {
	dictionary []series
	known      map[series]bool
}

// NewDecoder returns a Decoder with an empty dictionary.
func NewDecoder() *Decoder { return &Decoder{known: map[series]bool{}} }

// Decode returns the frame of the next payload. Nothing of the payload is kept, so its memory may be used again. An error
// wraps ErrPayload and leaves the dictionary in doubt: nothing more can be decoded after it.
func (d *Decoder) Decode(payload []byte) (*Frame, error) {
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrPayload, len(payload), MaxPayload)
	}
	s := scanner{scan.New(payload, ErrPayload)}
	f := &Frame{Start: s.Varint()}
	f.End = f.Start + s.Varint()
	n := s.Uvarint()
	if n > MaxPoints || n > uint64(len(s.Rest())) {
		s.Fail("%d points", n)
	}
	for range n {
		if s.Err() != nil {
			break
		}
		f.Points = append(f.Points, d.point(&s))
	}
	if s.Err() == nil && len(s.Rest()) > 0 {
		s.Fail("%d bytes left over", len(s.Rest()))
	}
	if s.Err() != nil {
		return nil, s.Err()
	}
	if err := f.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return f, nil
}

func (d *Decoder) point(s *scanner) Point {
	number := s.Uvarint()
	switch {
	case s.Err() != nil:
	case number == uint64(len(d.dictionary)):
		d.define(s)
	case number > uint64(len(d.dictionary)):
		s.Fail("series %d is not defined", number)
	}
	if s.Err() != nil {
		return Point{}
	}
	p := Point{Key: d.dictionary[number].key, Kind: d.dictionary[number].kind}
	switch p.Kind {
	case Trend:
		p.Trend = s.histogram()
	case Counter:
		p.Sum = s.Float()
	case Gauge:
		p.Last, p.Min, p.Max = s.Float(), s.Float(), s.Float()
	case Rate:
		p.Trues, p.Total = s.Uvarint(), s.Uvarint()
	}
	return p
}

func (d *Decoder) define(s *scanner) {
	kind, ok := kindOf(s.Take(1)[0])
	if !ok {
		s.Fail("a series of unknown kind")
	}
	v := series{Key{Metric: s.text(), Tags: s.text()}, kind}
	if s.Err() == nil && d.known[v] {
		s.Fail("series %s{%s} is defined twice", v.key.Metric, v.key.Tags)
	}
	if s.Err() != nil {
		return
	}
	d.known[v] = true
	d.dictionary = append(d.dictionary, v)
}

// Validate says whether the frame can be written: it ends no earlier than it starts, has no more than MaxPoints points,
// every point is of a known kind, and a rate has no more trues than values.
func (f *Frame) Validate() error {
	switch {
	case f.End < f.Start:
		return fmt.Errorf("frame ends at %d, before its start at %d", f.End, f.Start)
	case len(f.Points) > MaxPoints:
		return fmt.Errorf("frame of %d points, more than %d", len(f.Points), MaxPoints)
	}
	for i := range f.Points {
		p := &f.Points[i]
		switch {
		case kindByte(p.Kind) == 0:
			return fmt.Errorf("series %s{%s} is of unknown kind %q", p.Key.Metric, p.Key.Tags, p.Kind)
		case p.Kind == Rate && p.Trues > p.Total:
			return fmt.Errorf("series %s{%s} has %d trues of %d values", p.Key.Metric, p.Key.Tags, p.Trues, p.Total)
		}
	}
	return nil
}
