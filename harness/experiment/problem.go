package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with an experiment.
type Problem struct {
	File string // path of the file as it was given
	Line int    // 0: no line of the file is to blame, see Origin
	// Origin is what else is to blame: "--rate", "BRUNT_SHAPE", "--set load.rate=5"; empty when it is the file.
	Origin string
	Text   string // the fact
	Hint   string // what to write instead; may be empty
}

// String is the problem as people read it: file:line: problem (hint).
func (p Problem) String() string {
	where := p.File
	switch {
	case p.Origin != "":
		where = p.Origin
	case p.Line > 0:
		where = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	s := where + ": " + p.Text
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems is everything that is wrong with an experiment, sorted by line. It is the error that Read returns.
type Problems []Problem

// Error lists the problems, one on a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems by line, each once.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(ps)
}
