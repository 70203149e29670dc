package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// mostMarkdown is how long a page may become, in bytes: GitHub takes 65,536 characters in a comment.
const mostMarkdown = 60_000

// Markdown writes GitHub's Markdown, as for a comment on a pull request: the sentence, then the tables. What would make it too
// long for a comment is left out, and said.
func Markdown(w io.Writer, d Document, o Options) error {
	if d.Gates != nil {
		return markdownGates(w, d, o)
	}
	out := page{most: mostMarkdown}
	out.document(d, o)
	_, err := io.WriteString(w, out.String())
	return err
}

// page is a page of Markdown while it is written.
type page struct {
	strings.Builder
	most int // bytes, beyond which tables and notes are cut off
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// document writes what there is to say of one run.
func (p *page) document(d Document, o Options) {
	p.printf("**%s** %s: %s\n", d.Answer.Word, prose(d.Answer.Subject), prose(d.Answer.Text))
	for _, t := range d.Tables {
		changed, other := t, Table{}
		if d.Run.Question.Asker == results.AskerGate && t.Title == costsTitle {
			changed, other = unchangedApart(t)
		}
		if len(changed.Rows) > 0 {
			p.table(changed)
		}
		if len(other.Rows) > 0 {
			p.printf("\n<details><summary>%s</summary>\n", other.Title)
			p.table(other)
			p.printf("\n</details>\n")
		}
	}
	var lines []string
	for _, n := range d.Notes {
		line := n.Label + ": " + prose(n.Text)
		for _, l := range n.Lines {
			line += "\n  - " + prose(strings.TrimSpace(l))
		}
		lines = append(lines, line)
	}
	for _, warning := range d.Warnings {
		lines = append(lines, "Warning: "+prose(warning))
	}
	lines = append(lines, strings.Replace(kept(d, o, code), ":", "", 1))
	for _, a := range d.Run.Artifacts {
		lines = append(lines, fmt.Sprintf("Artifact %s (%s): %s", code(orElse(a.Path, a.Name)), quantity(float64(a.Size), "B"), prose(a.What)))
	}
	if d.Repeat != "" {
		lines = append(lines, "Repeat: "+code(d.Repeat))
	}
	p.list(lines)
}

// list writes as many lines as there is room for.
func (p *page) list(lines []string) {
	p.printf("\n")
	for i, line := range lines {
		if p.Len()+len(line) > p.most {
			p.printf("- %d lines are left out, for length\n", len(lines)-i)
			return
		}
		p.printf("- %s\n", line)
	}
}

// table writes as many rows as there is room for.
func (p *page) table(t Table) {
	p.printf("\n### %s\n\n", t.Title)
	heads, rules := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i], rules[i] = c.Name, "---"
		if c.Right {
			rules[i] = "---:"
		}
	}
	p.printf("| %s |\n| %s |\n", strings.Join(heads, " | "), strings.Join(rules, " | "))
	for i, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			switch {
			case cell.Text == "":
			case t.Columns[i].Code:
				cells[i] = strings.ReplaceAll(code(cell.Text), "|", `\|`)
			case cell.Outcome != "":
				cells[i] = "**" + prose(cell.Text) + "**"
			default:
				cells[i] = prose(cell.Text)
			}
		}
		line := strings.Join(cells, " | ")
		if p.Len()+len(line) > p.most {
			p.printf("\n%d of %d rows are left out, for length.\n", len(t.Rows)-i, len(t.Rows))
			return
		}
		p.printf("| %s |\n", line)
	}
}

// unchangedApart takes out of the table of costs what did not change, which readers of a comment need not see at once.
func unchangedApart(t Table) (changed, other Table) {
	changed, other = t, t
	changed.Rows, other.Rows, other.Title = nil, nil, "Costs that did not change, or not for sure"
	for _, row := range t.Rows {
		switch row[0].Text {
		case string(results.Worse), string(results.Better):
			changed.Rows = append(changed.Rows, row)
		default:
			other.Rows = append(other.Rows, row)
		}
	}
	return changed, other
}

// markup are the characters that mean something to Markdown inside a line.
var markup = regexp.MustCompile("[\\\\`*_\\[\\]<>|~#&$]")

// mention is what would notify a person or a team.
var mention = regexp.MustCompile(`@([0-9A-Za-z])`)

// prose escapes a text: nothing in it formats, links or notifies.
func prose(text string) string {
	text = markup.ReplaceAllStringFunc(visible(text), func(c string) string {
		switch c {
		case "<":
			return "&lt;"
		case ">":
			return "&gt;"
		case "&":
			return "&amp;"
		}
		return `\` + c
	})
	return mention.ReplaceAllString(text, "@<!-- -->$1")
}

// code writes a text as a code span, fenced by more backticks than it has in a row.
func code(text string) string {
	text = visible(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || text == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}
