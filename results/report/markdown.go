package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Markdown writes GitHub's Markdown, as for a comment on a pull request: the sentence, then the tables.
func Markdown(w io.Writer, d Document, o Options) error {
	var out strings.Builder
	fmt.Fprintf(&out, "**%s** %s: %s\n", d.Answer.Word, prose(d.Answer.Subject), prose(d.Answer.Text))
	for _, t := range d.Tables {
		writeMarkdownTable(&out, t)
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
	out.WriteString("\n- " + strings.Join(lines, "\n- ") + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func writeMarkdownTable(out *strings.Builder, t Table) {
	fmt.Fprintf(out, "\n### %s\n\n", t.Title)
	heads, rules := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i], rules[i] = c.Name, "---"
		if c.Right {
			rules[i] = "---:"
		}
	}
	fmt.Fprintf(out, "| %s |\n| %s |\n", strings.Join(heads, " | "), strings.Join(rules, " | "))
	for _, row := range t.Rows {
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
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
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
