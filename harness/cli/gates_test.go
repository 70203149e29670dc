package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
)

// TestAGateThatCannotBeginTakesNothingFromTheOthers: what is measured is reported, and the worst of all is the exit code.
func TestAGateThatCannotBeginTakesNothingFromTheOthers(t *testing.T) {
	outcomes := map[string]results.Outcome{"shop": results.Fail, "cart": results.Pass}
	for _, row := range []struct {
		names []string
		code  int
		runs  int
	}{
		{[]string{"shop", "full", "cart"}, exitFail, 2}, {[]string{"full", "cart"}, exitBroken, 1}, {[]string{"full", "full"}, exitBroken, 0},
	} {
		var said, complained strings.Builder
		a := &app{Process: Process{Stdout: &said, Stderr: &complained}, redactor: provenance.NewRedactor(nil)}
		var all []gating
		for _, name := range row.names {
			all = append(all, gating{name: name})
		}
		measured := 0
		err := a.gateEach(t.Context(), all, newProgress(io.Discard, false, true), func(_ context.Context, g gating, _ []gating) (results.Run, report.Options, error) {
			if g.name == "full" {
				return results.Run{}, report.Options{}, broken(errors.New("store the run: no space left on device"))
			}
			measured++
			run := results.Run{ID: g.name, Experiment: g.name, Status: results.StatusComplete}
			run.Verdict.Outcome = outcomes[g.name]
			return run, report.Options{}, nil
		})
		if codeOf(err) != row.code || measured != row.runs || !strings.Contains(complained.String(), "full: store the run") {
			t.Errorf("%v: %d measured, %v: %s", row.names, measured, err, complained.String())
		}
		for _, name := range row.names {
			if _, ok := outcomes[name]; ok && !strings.Contains(said.String(), name) {
				t.Errorf("%v: nothing of %s is reported: %s", row.names, name, said.String())
			}
		}
	}
}
