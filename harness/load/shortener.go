package load

// maxText bounds a text within a line of k6's log, in bytes; of a longer one the beginning is taken.
const maxText = 32 << 10

// shortener leaves out what is too much of the long texts of a line of JSON, so that the line can still be read: an
// exception may quote a whole document, and must be known for one all the same. The zero value stands at a line's beginning.
type shortener struct {
	begun  bool
	json   bool // the line began as an object does
	inside bool // a text
	length int  // of the text so far
	escape int  // bytes that still belong to an escape, which is taken or left as a whole
	taken  bool // whether it is
	cut    bool // something was left out
}

// takes says whether the line's next byte is taken.
func (s *shortener) takes(c byte) bool {
	if !s.begun {
		s.begun, s.json = true, c == '{'
	}
	if !s.json {
		return true
	}
	if !s.inside {
		if c == '"' {
			s.inside, s.length = true, 0
		}
		return true
	}
	take := s.step(c)
	s.cut = s.cut || !take
	return take
}

func (s *shortener) step(c byte) bool {
	switch {
	case s.escape > 0:
		s.escape--
		if c == 'u' && s.escape == 0 {
			s.escape = -4
		}
		return s.taken
	case s.escape < 0: // digits of \u
		s.escape++
		return s.taken
	case c == '"':
		s.inside = false
		return true
	}
	s.length++
	if c == '\\' {
		s.escape, s.taken = 1, s.length <= maxText
	}
	return s.length <= maxText
}
