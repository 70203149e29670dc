package report

import (
	"fmt"

	"github.com/devcraft-studio/brunt/results"
)

// ledgerNotes say what the services told of what arrived there, and what was missing then.
func ledgerNotes(trial results.Trial, suffix string) []Note {
	if trial.Ledgers == nil || len(trial.Ledgers.Receivers) == 0 {
		return nil
	}
	note := Note{Label: "Ledgers" + suffix, Text: "what the services told after the load"}
	for _, r := range trial.Ledgers.Receivers {
		text := r.Ledger + " of " + r.Service
		if r.Read {
			text += fmt.Sprintf(": read %s after it, when %d of what was acknowledged had not been seen", quantity(r.Settled*1000, "ms"), r.Missing)
		} else {
			text += ": not read: " + r.Reason
		}
		note.Lines = append(note.Lines, text)
	}
	return []Note{note}
}
