package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/devcraft-studio/brunt/results"
)

// Terminal writes plain text, aligned with spaces: the answer in the first line, then the tables and notes, at the end
// where the run is kept and the command that repeats it.
func Terminal(w io.Writer, d Document, o Options) error {
	if d.Gates != nil {
		return terminalGates(w, d, o)
	}
	var out strings.Builder
	p := painter{on: o.Color}
	word := p.paint(d.Answer.Word, d.Answer.Outcome)
	fmt.Fprintf(&out, "%s %s: %s\n", word, visible(d.Answer.Subject), visible(d.Answer.Text))
	for _, t := range d.Tables {
		fmt.Fprintf(&out, "\n%s\n", t.Title)
		writeAligned(&out, t, p)
	}
	if len(d.Notes) > 0 {
		out.WriteString("\n")
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&out, "%s: %s\n", n.Label, visible(n.Text))
		for _, line := range n.Lines {
			fmt.Fprintf(&out, "  - %s\n", visible(strings.TrimSpace(line)))
		}
	}
	if len(d.Warnings) > 0 {
		fmt.Fprintf(&out, "\n%s\n", p.paint("Warnings", results.Inconclusive))
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(&out, "  - %s\n", visible(warning))
	}
	writeWhereabouts(&out, d, o)
	_, err := io.WriteString(w, out.String())
	return err
}

// writeWhereabouts says where the run and its files are, and how to run it again.
func writeWhereabouts(out *strings.Builder, d Document, o Options) {
	out.WriteString("\n")
	fmt.Fprintf(out, "%s\n", visible(kept(d, o, func(id string) string { return id })))
	if len(d.Run.Artifacts) > 0 {
		out.WriteString("Artifacts:")
		if o.Dir != "" {
			fmt.Fprintf(out, " %s", visible(o.Dir))
		}
		out.WriteString("\n")
		writeAligned(out, artifacts(d.Run), painter{})
	}
	if d.Repeat != "" {
		fmt.Fprintf(out, "Repeat: %s\n", visible(d.Repeat))
	}
}

// kept says which runs there are, and where. mark makes the names stand out.
func kept(d Document, o Options, mark func(string) string) string {
	word, ids := "Run", []string{d.Run.ID}
	if d.Compared != nil { // which runs they are stands in their first table
		word, ids = "Compared", []string{d.Compared.Baseline.Reference, d.Compared.Candidate.Reference}
	}
	if d.Track != nil {
		word, ids = "Runs", nil
		for _, t := range d.Track.Targets {
			for _, run := range shownRuns(t) {
				ids = append(ids, run.ID)
			}
		}
	}
	for i, id := range ids {
		ids[i] = mark(id)
	}
	text := word + ": " + strings.Join(ids, ", ")
	if o.Store != "" {
		text += " in " + mark(o.Store)
	}
	return text
}

// artifacts is the table of a run's files, without heads.
func artifacts(run results.Run) Table {
	t := Table{Columns: make([]Column, 3)}
	t.Columns[1].Right = true
	for _, a := range run.Artifacts {
		t.Rows = append(t.Rows, []Cell{{Text: orElse(a.Path, a.Name)}, {Text: quantity(float64(a.Size), "B")}, {Text: a.What}})
	}
	return t
}

// writeAligned writes a table with two spaces before each column. Colours take no width.
func writeAligned(out *strings.Builder, t Table, p painter) {
	rows := make([][]Cell, 0, len(t.Rows)+1)
	head := make([]Cell, len(t.Columns))
	named := false
	for i, c := range t.Columns {
		head[i].Text = c.Name
		named = named || c.Name != ""
	}
	if named {
		rows = append(rows, head)
	}
	rows = append(rows, t.Rows...)
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(visible(cell.Text)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			text := visible(cell.Text)
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			text = p.paint(text, cell.Outcome)
			if t.Columns[i].Right {
				text, gap = gap+text, ""
			}
			line.WriteString("  " + text + gap)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// painter colours outcomes, if on.
type painter struct{ on bool }

func (p painter) paint(text string, outcome results.Outcome) string {
	colors := map[results.Outcome]string{results.Pass: "32", results.Fail: "31", results.Inconclusive: "33"}
	color, ok := colors[outcome]
	if !p.on || !ok {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// visible replaces what would steer a terminal instead of being seen on it: control characters, marks that reorder text,
// and bytes that are no UTF-8. Line breaks become spaces, as each text has one line.
func visible(text string) string {
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case r == '\n' || r == '\r' || r == '\t':
			out.WriteByte(' ')
		case unicode.IsControl(r):
			fmt.Fprintf(&out, `\x%02x`, r)
		case unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
