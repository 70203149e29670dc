// Package report shows a run, or reference targets side by side: as text for a terminal, as JSON for scripts, as JUnit XML
// for CI, as Markdown for a comment on a pull request.
//
// All formats are made from one Document, which holds what there is to say in the order in which it is said: the answer in
// one sentence, then the evidence for it. A run that is broken or aborted has a report too, and its status comes first. The
// same run gives the same bytes.
//
// Texts from outside (names, SLOs, exceptions of scripts, reasons) are escaped for the format they are written into, control
// characters included.
package report

import (
	"io"

	"github.com/devcraft-studio/brunt/results"
)

// Document is a run, or several reference targets side by side, as reports show it.
type Document struct {
	Run results.Run // of a track record, only what all its runs have in common
	// Track is what reference targets showed; nil: the document is of one run.
	Track *results.TrackRecord
	// Gates are the documents of several gates in one call, in their order; nil: there are none.
	Gates []Document
	// Compared are two builds out of the store; nil: the document is of something else.
	Compared *results.Compared
	Answer   Answer
	Tables   []Table // only those that have rows
	Notes    []Note  // lines with a label: fitness, failed trials, exceptions
	// Warnings of the run and of the verdict, without repetitions.
	Warnings []string
	// Repeat is the command that repeats the run, quoted for a shell; empty when the run has none.
	Repeat string
}

// Answer is the first line of a report.
type Answer struct {
	Word    string // PASS, FAIL, INCONCLUSIVE, NOT JUDGED, BROKEN or ABORTED
	Subject string // what was asked of which build: "restapi (fixed) @ 1a2b3c4"
	Text    string // why, or of what the word holds
	Outcome results.Outcome
}

// String is the answer in one sentence.
func (a Answer) String() string { return a.Word + " " + a.Subject + ": " + a.Text }

// Table is a table of a report.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]Cell // each as long as Columns
}

// Column is the head of a column.
type Column struct {
	Name  string
	Right bool // aligned to the right: a number
	Code  bool // a text of some language, such as an SLO
}

// Cell is a text of a table, and what it means where it is an outcome.
type Cell struct {
	Text    string
	Outcome results.Outcome
}

// Note is a line with a label, and lines under it.
type Note struct {
	Label, Text string
	Lines       []string
}

// Format is a way of writing a document.
type Format struct {
	Name  string
	Write func(w io.Writer, d Document, o Options) error
}

// Formats lists every format.
var Formats = []Format{
	{"terminal", Terminal},
	{"json", JSON},
	{"junit", JUnit},
	{"markdown", Markdown},
}

// Options is what a report depends on beside the run. The zero value is plain and strict.
type Options struct {
	Color bool // terminal only: ANSI colours
	// InconclusivePass is --inconclusive=pass: JUnit then counts what is inconclusive as skipped, not as an error.
	InconclusivePass bool
	Store            string // where the run is stored, as a person would name it; empty: not said
	Dir              string // folder of its artifacts; empty: not said
	Root             string // of several gates in one call: the folder that holds the folders of their artifacts; empty: not said
}

// New makes the document of a run.
func New(run results.Run) Document {
	d := Document{
		Run:      run,
		Answer:   answer(run),
		Notes:    notes(run),
		Warnings: distinct(run.Warnings, run.Verdict.Warnings, profiledWarnings(run)),
		Repeat:   shellCommand(run.Command),
	}
	for _, t := range []Table{noiseCard(run), plantedChanges(run), estimates(run), whereTimeWent(run), profiledCosts(run), profiledChanges(run), pairs(run), costs(run), costChanges(run), scorecard(run), limits(run), roundTrips(run), phases(run), steps(run), faults(run), resilience(run), evidence(run), measurements(run), work(run), machines(run), comparisons(run)} {
		if len(t.Rows) > 0 {
			d.Tables = append(d.Tables, withoutEmptyColumns(t))
		}
	}
	return d
}

// distinct joins lists, each text once.
func distinct(lists ...[]string) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, text := range list {
			if !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	return out
}

// withoutEmptyColumns drops the columns in which no row says anything.
func withoutEmptyColumns(t Table) Table {
	slim := Table{Title: t.Title, Rows: make([][]Cell, len(t.Rows))}
	for c, column := range t.Columns {
		used := false
		for _, row := range t.Rows {
			used = used || row[c].Text != ""
		}
		if !used {
			continue
		}
		slim.Columns = append(slim.Columns, column)
		for r, row := range t.Rows {
			slim.Rows[r] = append(slim.Rows[r], row[c])
		}
	}
	return slim
}
