package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// notes are what a report says in lines.
func notes(run results.Run) []Note {
	out := slices.Concat(declaredNote(run), acceptedNotes(run), gateNote(run), profiledNotes(run), noiseNotes(run))
	for _, b := range run.Builds {
		if b.Note != "" {
			out = append(out, Note{Label: "Build", Text: b.Note})
		}
	}
	if run.Question.Generator != "" {
		out = append(out, Note{Label: "Generator", Text: run.Question.Generator})
	}
	for _, trial := range run.Trials {
		if trial.Pair > 0 && trial.Status == results.StatusComplete {
			continue // there are many, and the table of pairs says which do not count, and why
		}
		suffix := ""
		if len(run.Trials) > 1 {
			suffix = fmt.Sprintf(" of trial %d", trial.Number)
		}
		if trial.Status != results.StatusComplete && trial.Reason != "" && trial.Reason != run.Reason {
			out = append(out, Note{Label: "Status" + suffix, Text: string(trial.Status) + ": " + trial.Reason})
		}
		out = append(out, loadNotes(trial, suffix)...)
		out = append(out, ledgerNotes(trial, suffix)...)
	}
	return out
}

// loadNotes are the notes on a trial's load.
func loadNotes(trial results.Trial, suffix string) []Note {
	var out []Note
	f := trial.Fitness
	if measuredLoad(trial) && trial.Costs == nil { // counts do not depend on it
		note := Note{Label: "Fitness" + suffix, Text: fitness(trial)}
		if !f.Fit {
			note.Lines = f.Reasons
		}
		out = append(out, note)
	}
	if f.Exceptions > 0 {
		note := Note{Label: "Exceptions" + suffix, Text: fmt.Sprintf("%d; the first: %s", f.Exceptions, f.FirstException)}
		if f.FirstStack != "" {
			note.Lines = strings.Split(f.FirstStack, "\n")
		}
		out = append(out, note)
	}
	if f.Aborted != "" {
		out = append(out, Note{Label: "Load ended" + suffix, Text: f.Aborted})
	}
	switch {
	case f.OOMKilled:
		out = append(out, Note{Label: "Generator ended" + suffix, Text: "by the signal " + f.Signal + ": the memory that it may use was used up (OOM)"})
	case f.Signal != "":
		out = append(out, Note{Label: "Generator ended" + suffix, Text: "by the signal " + f.Signal})
	}
	return out
}

// measuredLoad says whether a trial came far enough to know anything of its load.
func measuredLoad(trial results.Trial) bool {
	f := trial.Fitness
	return !trial.Zero.IsZero() || f.Offered > 0 || f.Exceptions > 0 || len(f.Reasons) > 0 || f.ExitCode != 0
}

// fitness is one line on generator and machine.
func fitness(trial results.Trial) string {
	f := trial.Fitness
	text := "fit"
	if !f.Fit {
		text = "NOT FIT"
		if len(f.Reasons) == 0 {
			text += " (no reason was recorded)"
		}
	}
	text += fmt.Sprintf(": offered %d = served %d + failed %d + dropped %d + interrupted %d",
		f.Offered, f.Served, f.Failed, f.Dropped, f.Interrupted)
	if f.Due > 0 && f.Due != f.Offered {
		text += fmt.Sprintf(", of %d that were due", f.Due)
	}
	if trial.OpenModel {
		text += ", lateness p99 " + quantity(f.LatenessP99, "ms")
		if f.LatenessOwnP99 > 0 {
			text += " (its own " + quantity(f.LatenessOwnP99, "ms") + ")"
		}
	}
	if f.AllowedVUs > 0 {
		text += fmt.Sprintf(", at most %d of %d VUs in use", f.MostVUs, f.AllowedVUs)
	}
	if f.Cores > 0 {
		text += fmt.Sprintf(", generator %s of %d cores", percent(f.CPUPercent), f.Cores)
	}
	if f.QuotaCores > 0 {
		text += fmt.Sprintf(", stopped by a quota of %s cores for %s of its periods", digits(f.QuotaCores), quantity(f.Throttled, "share"))
	}
	if f.SchedulerP99 > 0 {
		text += ", delayed p99 " + quantity(f.SchedulerP99, "ms")
	}
	return text + machine(f.Machine)
}

// machine is what the machine was short of, where it tells.
func machine(m *results.Machine) string {
	if m == nil {
		return ""
	}
	text := ", stolen " + quantity(m.Steal, "share")
	if m.Foreign != nil {
		text += ", used by other programs " + quantity(*m.Foreign, "share")
	}
	if p := m.Pressure; p != nil {
		text += fmt.Sprintf(", pressure on CPU %s, memory %s, disk %s", quantity(p.CPU, "share"), quantity(p.Memory, "share"), quantity(p.IO, "share"))
	}
	return text
}

// shellCommand quotes the words of a command for a POSIX shell.
func shellCommand(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, unsafeInShell) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func unsafeInShell(r rune) bool {
	plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !plain && !strings.ContainsRune("_-./:=,+@%", r)
}
