package slo

import (
	"strings"
	"time"
	"unicode"
)

// scanner walks over the text of one SLO. It has no tokens of its own: what a character means depends on where it stands
// (a hyphen belongs to a fault's name, but is a minus in a bound), so that the parser asks for what it expects.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) fail(offset int, problem, hint string) error {
	return &SyntaxError{Offset: min(offset, len(s.text)), Text: s.text, Problem: problem, Hint: hint}
}

func (s *scanner) space() {
	for {
		r, size := runeAt(s.text, s.pos)
		if size == 0 || !unicode.IsSpace(r) {
			return
		}
		s.pos += size
	}
}

func (s *scanner) done() bool {
	s.space()
	return s.pos >= len(s.text)
}

// next reads the given text if it comes next, after spaces.
func (s *scanner) next(text string) bool {
	s.space()
	if !strings.HasPrefix(s.text[s.pos:], text) {
		return false
	}
	s.pos += len(text)
	return true
}

// found describes what stands where something else was expected.
func (s *scanner) found() string {
	s.space()
	if s.pos >= len(s.text) {
		return "the end"
	}
	r, _ := runeAt(s.text, s.pos)
	if word := s.peekWord(); word != "" {
		return `"` + word + `"`
	}
	return `"` + string(r) + `"`
}

func isNameRune(r rune) bool {
	return r == '_' || r == '-' || r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// isWord says whether s is one name that word would read.
func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !isNameRune(r) }) < 0
}

// word reads a name: letters, digits, underscores, hyphens, points. It may be empty.
func (s *scanner) word() string {
	s.space()
	start := s.pos
	for s.pos < len(s.text) && isNameRune(rune(s.text[s.pos])) {
		s.pos++
	}
	return s.text[start:s.pos]
}

func (s *scanner) peekWord() string {
	at := s.pos
	word := s.word()
	s.pos = at
	return word
}

// keyword reads the word if it comes next and ends there.
func (s *scanner) keyword(word string) bool {
	if s.peekWord() != word {
		return false
	}
	s.word()
	return true
}

// digits reads a number without sign and exponent, such as 95, 99.9 or .5. It may be empty.
func (s *scanner) digits() string {
	s.space()
	start, point, any := s.pos, false, false
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c == '.' && !point {
			point = true
		} else if c < '0' || c > '9' {
			break
		} else {
			any = true
		}
		s.pos++
	}
	if !any {
		s.pos = start
	}
	return s.text[start:s.pos]
}

// quantity is a number with its unit.
type quantity struct {
	value  float64
	unit   string
	text   string // as written, without spaces
	digits string
	offset int
}

// number reads a number and, if one follows, its unit.
func (s *scanner) number() (quantity, error) {
	s.space()
	q := quantity{offset: s.pos}
	negative := s.next("-")
	q.digits = s.digits()
	if q.digits == "" {
		return q, s.fail(s.pos, "expected a number but found "+s.found(), "")
	}
	u, word, err := s.unit(q.digits)
	if err != nil {
		return q, err
	}
	if q.value, err = u.scale(q.digits); err != nil {
		return q, s.fail(q.offset, "the number is too large", "")
	}
	q.unit, q.text = u.unit, q.digits+word
	if q.unit == UnitTime && word != "" {
		if err := s.compound(&q); err != nil {
			return q, err
		}
	}
	if negative {
		q.value, q.text, q.digits = -q.value, "-"+q.text, "-"+q.digits
	}
	if q.value-q.value != 0 {
		return q, s.fail(q.offset, "the number is too large", "")
	}
	return q, nil
}

// compound reads the rest of a time that is written in parts, such as 1m30s.
func (s *scanner) compound(q *quantity) error {
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		at := s.pos
		digits := s.digits()
		u, word, err := s.unit(digits)
		if err != nil {
			return err
		}
		if u.unit != UnitTime {
			return s.fail(at, "expected a time after "+q.text, "write 90s or 1m30s")
		}
		v, err := u.scale(digits)
		if err != nil {
			return s.fail(at, "the number is too large", "")
		}
		q.value += v
		q.text += digits + word
	}
	return nil
}

// unit reads the unit after a number; a bare number has the zero unit.
func (s *scanner) unit(digits string) (unitFactor, string, error) {
	after := s.pos
	s.space()
	start := s.pos
	word := s.unitWord()
	if word == "in" || word == "per" {
		s.pos = after
		return unitFactor{factor: 1}, "", nil
	}
	u := unitFactor{factor: 1}
	if word != "" {
		var ok bool
		if u, ok = baseUnit(word); !ok {
			return u, "", s.fail(start, "unknown unit "+word, unitHint(digits, word))
		}
	}
	if s.pos >= len(s.text) || s.text[s.pos] != '/' {
		if word == "" {
			s.pos = after
		}
		return u, word, nil
	}
	s.pos++
	at := s.pos
	per := s.unitWord()
	seconds, ok := perSeconds(per)
	if !ok {
		return u, "", s.fail(at, `unknown unit of time "`+per+`" after the slash`, "write /s, /min or /h")
	}
	if u.unit == UnitShare {
		return u, "", s.fail(start, "a share has no rate", "write 0.1%")
	}
	u.unit += "/s"
	u.factor /= seconds
	return u, word + "/" + per, nil
}

func (s *scanner) unitWord() string {
	start := s.pos
	for {
		r, size := runeAt(s.text, s.pos)
		if size == 0 || !isUnitRune(r) {
			return s.text[start:s.pos]
		}
		s.pos += size
	}
}

// duration reads a length of time that is longer than nothing and at most a week.
func (s *scanner) duration(example string) (time.Duration, error) {
	q, err := s.number()
	if err != nil {
		return 0, err
	}
	const week = 7 * 24 * 3600 * 1000 // longer ones, in nanoseconds, would lose digits as a float
	if q.unit != UnitTime || q.value <= 0 || q.value > week {
		return 0, s.fail(q.offset, "expected a length of time but found "+q.text, "write "+example)
	}
	d := time.Duration(q.value*float64(time.Millisecond) + 0.5)
	if d <= 0 {
		return 0, s.fail(q.offset, "a length of time is at least a nanosecond", "write "+example)
	}
	return d, nil
}
