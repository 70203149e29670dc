package scan_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/devcraft-studio/brunt/results/scan"
)

var errInvalid = errors.New("not such a thing")

func TestValuesComeOffTheFrontInOrder(t *testing.T) {
	src := binary.AppendUvarint(nil, 300)
	src = binary.AppendVarint(src, math.MinInt64)
	src = append(append(src, 5), "hello"...)
	src = binary.LittleEndian.AppendUint64(src, math.Float64bits(0.1))
	src = append(src, 7, 8, 9)
	s := scan.New(src, errInvalid)
	if got := s.Uvarint(); got != 300 {
		t.Errorf("unsigned: %d", got)
	}
	if got := s.Varint(); got != math.MinInt64 {
		t.Errorf("signed: %d", got)
	}
	if got := s.Text(5); got != "hello" {
		t.Errorf("text: %q", got)
	}
	if got := s.Float(); got != 0.1 {
		t.Errorf("float: %v", got)
	}
	if got := s.Byte(); got != 7 {
		t.Errorf("byte: %d", got)
	}
	if got := s.Rest(); s.Err() != nil || string(got) != "\x08\x09" {
		t.Errorf("left: %v, %v", got, s.Err())
	}
}

func TestAnErrorIsTheFirstAndEndsAll(t *testing.T) {
	for name, read := range map[string]func(*scan.Scanner){
		"bytes beyond the end":         func(s *scan.Scanner) { s.Take(4) },
		"a number longer than it must": func(s *scan.Scanner) { s.Uvarint() },
		"a text beyond the end":        func(s *scan.Scanner) { s.Byte(); s.Byte(); s.Text(9) },
		"a float beyond the end":       func(s *scan.Scanner) { s.Float() },
	} {
		t.Run(name, func(t *testing.T) {
			s := scan.New([]byte{0x80, 0, 9}, errInvalid)
			read(&s)
			err := s.Err()
			if !errors.Is(err, errInvalid) {
				t.Fatalf("error %v", err)
			}
			if s.Byte() != 0 || s.Uvarint() != 0 || s.Text(1) != "" || len(s.Rest()) != 0 || s.Err() != err {
				t.Errorf("goes on after %v: %v", err, s.Err())
			}
		})
	}
	if s := scan.New([]byte{3, 'a', 'b', 'c'}, errInvalid); s.Text(2) != "" || s.Err() == nil {
		t.Error("a text may be longer than it is allowed to be")
	}
}
