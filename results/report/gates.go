package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// NewGates makes the document of several gates that were asked for in one call: the sentence over all of them, what each came to,
// and then each as it would be by itself.
func NewGates(runs []results.Run) Document {
	d := Document{Answer: gatesAnswer(runs)}
	t := Table{Title: "Gates", Columns: []Column{{Name: "verdict"}, {Name: "experiment"}, {Name: "because"}, {Name: "run"}}}
	for _, run := range runs {
		one := New(run)
		d.Gates = append(d.Gates, one)
		t.Rows = append(t.Rows, []Cell{
			{Text: one.Answer.Word, Outcome: one.Answer.Outcome}, {Text: one.Answer.Subject}, {Text: one.Answer.Text}, {Text: run.ID},
		})
	}
	d.Tables = []Table{t}
	if len(runs) > 0 {
		d.Run = results.Run{Experiment: "gate", Created: runs[0].Created, Ended: runs[len(runs)-1].Ended, Host: runs[0].Host}
	}
	return d
}

// gatesRank orders what several gates came to: the greatest is what all of them come to. A fail stands whatever could not be
// measured beside it, and what could not be measured at all comes before what was measured and can't be told.
func gatesRank(run results.Run) int {
	switch {
	case run.Status == results.StatusAborted:
		return 4
	case run.Status == results.StatusComplete && run.Verdict.Outcome == results.Fail:
		return 3
	case run.Status != results.StatusComplete:
		return 2
	case run.Verdict.Outcome != results.Pass:
		return 1
	}
	return 0
}

// gatesAnswer names those that did not pass.
func gatesAnswer(runs []results.Run) Answer {
	var names, not []string
	worst := 0
	for _, run := range runs {
		names = append(names, run.Experiment)
		if rank := gatesRank(run); rank > 0 {
			worst = max(worst, rank)
			one := answer(run)
			not = append(not, fmt.Sprintf("%s %s: %s", strings.ToLower(one.Word), run.Experiment, one.Text))
		}
	}
	a := Answer{Subject: "gate of " + strings.Join(names, ", "), Outcome: results.Inconclusive}
	a.Word = []string{"PASS", "INCONCLUSIVE", "BROKEN", "FAIL", "ABORTED"}[worst]
	switch a.Word {
	case "PASS":
		a.Outcome, a.Text = results.Pass, fmt.Sprintf("all %d pass", len(runs))
		return a
	case "FAIL":
		a.Outcome = results.Fail
	}
	a.Text = fmt.Sprintf("%d of %d pass; %s", len(runs)-len(not), len(runs), strings.Join(not, "; "))
	return a
}

// of is the options of one of several gates.
func (o Options) of(id string) Options {
	if o.Root != "" {
		o.Dir = filepath.Join(o.Root, id)
	}
	return o
}

// terminalGates writes the sentence and the table, and then each gate.
func terminalGates(w io.Writer, d Document, o Options) error {
	var out strings.Builder
	p := painter{on: o.Color}
	fmt.Fprintf(&out, "%s %s: %s\n", p.paint(d.Answer.Word, d.Answer.Outcome), visible(d.Answer.Subject), visible(d.Answer.Text))
	for _, t := range d.Tables {
		fmt.Fprintf(&out, "\n%s\n", t.Title)
		writeAligned(&out, t, p)
	}
	for _, one := range d.Gates {
		out.WriteString("\n")
		if err := Terminal(&out, one, o.of(one.Run.ID)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// markdownGates folds each gate below the table of all.
func markdownGates(w io.Writer, d Document, o Options) error {
	out := page{most: mostMarkdown}
	out.printf("**%s** %s: %s\n", d.Answer.Word, prose(d.Answer.Subject), prose(d.Answer.Text))
	for _, t := range d.Tables {
		out.table(t)
	}
	for i, one := range d.Gates {
		out.most = mostMarkdown * (i + 1) / len(d.Gates) // none takes the place of those after it
		out.printf("\n<details><summary>%s %s</summary>\n\n", one.Answer.Word, prose(one.Answer.Subject))
		out.document(one, o.of(one.Run.ID))
		out.printf("\n</details>\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// jsonGates is the object that --json writes of several gates in one call. As of jsonRun, adding keys is free.
type jsonGates struct {
	Schema  int        `json:"schema"`
	Status  string     `json:"status"`  // complete, when every run is
	Verdict string     `json:"verdict"` // of all of them: pass, fail, inconclusive
	Answer  string     `json:"answer"`
	Created *time.Time `json:"created"`
	Ended   *time.Time `json:"ended"`
	Runs    []jsonRun  `json:"runs"` // in the order in which they were asked for
}

func toJSONGates(d Document) jsonGates {
	j := jsonGates{
		Schema: results.Schema, Status: string(results.StatusComplete), Verdict: string(d.Answer.Outcome), Answer: d.Answer.String(),
		Created: when(d.Run.Created), Ended: when(d.Run.Ended), Runs: each(d.Gates, toJSON),
	}
	for _, one := range d.Gates {
		switch one.Run.Status {
		case results.StatusComplete:
		case results.StatusAborted:
			j.Status = string(results.StatusAborted)
		default:
			if j.Status != string(results.StatusAborted) {
				j.Status = string(results.StatusBroken)
			}
		}
	}
	return j
}
