package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/devcraft-studio/brunt/results/report"
)

// summaryVariable names the file whose Markdown GitHub shows on the page of a workflow's run.
const summaryVariable = "GITHUB_STEP_SUMMARY"

// summarize adds a report to the summary of the step that brunt runs in, where there is one. That it can't be written is said, and is
// no reason for a run to fail.
func (a *app) summarize(d report.Document, options report.Options) {
	path, _ := a.lookup(summaryVariable)
	if path == "" {
		return
	}
	var page bytes.Buffer
	err := a.render("markdown", d, &page, options)
	if err == nil {
		page.WriteString("\n") // others may add to it
		err = appendTo(path, page.Bytes())
	}
	if err != nil {
		fmt.Fprintf(a.Stderr, "brunt: the summary of the step was not written: %s\n", oneLine(err.Error()))
	}
}

func appendTo(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
