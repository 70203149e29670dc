package slo

import "fmt"

// SyntaxError says what is wrong with the text of an SLO, and where.
type SyntaxError struct {
	Offset  int    // in bytes from the start of Text
	Text    string // the SLO as it was written
	Problem string // the fact
	Hint    string // what to write instead; may be empty
}

// Error is the problem with its column, without the hint.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("slo %q, column %d: %s", e.Text, e.Offset+1, e.Problem)
}
