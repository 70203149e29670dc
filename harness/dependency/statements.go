package dependency

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// statement is one SQL statement of a file.
type statement struct {
	text string // without the semicolon that ends it
	line int    // of its first word, from 1
	data string // the rows that follow a COPY … FROM stdin, up to its \. line
	copy bool
}

// lineError is a problem at a line of a file.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// splitter walks over SQL text. PostgreSQL's lexical rules decide where a semicolon ends a statement: not in quotes,
// dollar quotes, comments or parentheses, and not in the body of a function between BEGIN ATOMIC and END.
type splitter struct {
	text  string
	at    int // offset of what is read next
	start int // offset of the statement's first word; -1 before it
	depth int // open parentheses
	words []string
	body  int // open BEGIN and CASE of a function body
	out   []statement

	counted, lines int // how many line ends stand before the offset counted
}

var copyFromStdin = regexp.MustCompile(`(?is)^copy\s.*\sfrom\s+stdin\b`)

// splitSQL splits the text of a file into its statements. Its error is a *lineError.
func splitSQL(text string) ([]statement, error) {
	s := &splitter{text: text, start: -1}
	for s.at < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.out, s.end()
}

// step reads one token.
func (s *splitter) step() error {
	rest := s.text[s.at:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		s.at += lengthOfLine(rest)
	case strings.HasPrefix(rest, "/*"):
		return s.comment()
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		s.at++
	case c == '\\' && s.start < 0:
		return s.meta()
	case c == ';' && s.depth == 0 && s.body == 0:
		return s.end()
	case c == '\'' || c == '"':
		s.begin()
		return s.quoted(c, false)
	case c == '$':
		s.begin()
		return s.dollar()
	case isWordStart(c):
		s.begin()
		return s.word()
	default:
		s.begin()
		switch c {
		case '(':
			s.depth++
		case ')':
			s.depth = max(0, s.depth-1)
		}
		s.at++
	}
	return nil
}

func (s *splitter) begin() {
	if s.start < 0 {
		s.start = s.at
	}
}

// end ends the statement, if there is one, at the semicolon or at the end of the text.
func (s *splitter) end() error {
	terminated := s.at < len(s.text)
	end := s.at
	if terminated {
		s.at++
	}
	if s.start >= 0 {
		st := statement{text: strings.TrimRight(s.text[s.start:end], " \t\n\r\f\v"), line: s.lineOf(s.start)}
		if copyFromStdin.MatchString(st.text) {
			if !terminated {
				return &lineError{st.line, errors.New("COPY … FROM stdin has no semicolon and no rows")}
			}
			st.copy = true
			data, err := s.rows(st.line)
			if err != nil {
				return err
			}
			st.data = data
		}
		s.out = append(s.out, st)
	}
	s.start, s.depth, s.body, s.words = -1, 0, 0, nil
	return nil
}

// rows takes the lines after a COPY … FROM stdin; up to the line \.
func (s *splitter) rows(line int) (string, error) {
	s.at += lengthOfLine(s.text[s.at:])
	begin := s.at
	for s.at < len(s.text) {
		length := lengthOfLine(s.text[s.at:])
		row := s.text[s.at : s.at+length]
		s.at += length
		if strings.TrimRight(row, "\r\n") == `\.` {
			return s.text[begin : s.at-length], nil
		}
	}
	return "", &lineError{line, errors.New(`the rows of this COPY … FROM stdin are not ended by a line of \. alone`)}
}

// meta skips the two psql commands that pg_dump writes and refuses all others.
func (s *splitter) meta() error {
	length := lengthOfLine(s.text[s.at:])
	line := strings.TrimSpace(s.text[s.at : s.at+length])
	name, _, _ := strings.Cut(line, " ")
	if name != `\restrict` && name != `\unrestrict` {
		return &lineError{s.lineOf(s.at), fmt.Errorf("%s is a command of psql, not SQL", name)}
	}
	s.at += length
	return nil
}

func (s *splitter) comment() error {
	open := s.at
	for depth := 0; s.at < len(s.text); {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			s.at += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.at += 2
			if depth == 0 {
				return nil
			}
		default:
			s.at++
		}
	}
	return &lineError{s.lineOf(open), errors.New("this comment is not closed")}
}

// quoted reads '…' or "…"; a doubled quote stands for itself, and in E'…' a backslash takes the next character.
func (s *splitter) quoted(quote byte, escapes bool) error {
	open := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case escapes && c == '\\':
			s.at++
		case c == quote && s.at+1 < len(s.text) && s.text[s.at+1] == quote:
			s.at++
		case c == quote:
			s.at++
			return nil
		}
	}
	s.at = len(s.text)
	return &lineError{s.lineOf(open), errors.New("this quote is not closed")}
}

var dollarTag = regexp.MustCompile(`^\$([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)

func (s *splitter) dollar() error {
	open := s.at
	tag := dollarTag.FindString(s.text[s.at:])
	if tag == "" {
		s.at++
		return nil
	}
	close := strings.Index(s.text[s.at+len(tag):], tag)
	if close < 0 {
		return &lineError{s.lineOf(open), fmt.Errorf("the quote %s is not closed", tag)}
	}
	s.at += close + 2*len(tag)
	return nil
}

func (s *splitter) word() error {
	begin := s.at
	for s.at < len(s.text) && isWordPart(s.text[s.at]) {
		s.at++
	}
	word := strings.ToLower(s.text[begin:s.at])
	if word == "e" && s.at < len(s.text) && s.text[s.at] == '\'' {
		return s.quoted('\'', true)
	}
	if len(s.words) < 4 {
		s.words = append(s.words, word)
	}
	if !s.createsRoutine() || s.depth > 0 {
		return nil
	}
	switch word {
	case "begin":
		s.body++
	case "case":
		if s.body > 0 {
			s.body++
		}
	case "end":
		s.body = max(0, s.body-1)
	}
	return nil
}

// createsRoutine says whether the statement begins with CREATE [OR REPLACE] FUNCTION or PROCEDURE.
func (s *splitter) createsRoutine() bool {
	w := s.words
	if len(w) > 2 && w[1] == "or" && w[2] == "replace" {
		w = append([]string{w[0]}, w[3:]...)
	}
	return len(w) > 1 && w[0] == "create" && (w[1] == "function" || w[1] == "procedure")
}

// lineOf is the line of an offset. It counts on from the last one, since files may hold a statement per line for ever.
func (s *splitter) lineOf(offset int) int {
	if offset < s.counted {
		s.counted, s.lines = 0, 0
	}
	s.lines += strings.Count(s.text[s.counted:offset], "\n")
	s.counted = offset
	return 1 + s.lines
}

// lengthOfLine is the length of the first line of text, with its end.
func lengthOfLine(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

func isWordStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isWordPart(c byte) bool { return isWordStart(c) || c >= '0' && c <= '9' || c == '$' }
