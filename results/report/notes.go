package report

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// notes are the single lines of a report.
func notes(run results.Run) []Note {
	var out []Note
	for _, b := range run.Builds {
		if b.Note != "" {
			out = append(out, Note{"Build", b.Note})
		}
	}
	if run.Question.Generator != "" {
		out = append(out, Note{"Generator", run.Question.Generator})
	}
	for _, trial := range run.Trials {
		suffix := ""
		if len(run.Trials) > 1 {
			suffix = fmt.Sprintf(" of trial %d", trial.Number)
		}
		if trial.Status != results.StatusComplete && trial.Reason != "" && trial.Reason != run.Reason {
			out = append(out, Note{"Status" + suffix, string(trial.Status) + ": " + trial.Reason})
		}
		if measuredLoad(trial) {
			out = append(out, Note{"Fitness" + suffix, fitness(trial)})
		}
		if x := trial.Fitness; x.Exceptions > 0 {
			out = append(out, Note{"Exceptions" + suffix, fmt.Sprintf("%d; the first: %s", x.Exceptions, x.FirstException)})
		}
		if trial.Fitness.Aborted != "" {
			out = append(out, Note{"Load ended" + suffix, trial.Fitness.Aborted})
		}
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
		text = "NOT FIT (" + orElse(strings.Join(f.Reasons, "; "), "no reason was recorded") + ")"
	}
	text += fmt.Sprintf(": offered %d = served %d + failed %d + dropped %d + interrupted %d",
		f.Offered, f.Served, f.Failed, f.Dropped, f.Interrupted)
	if trial.OpenModel {
		text += ", lateness p99 " + quantity(f.LatenessP99, "ms")
	}
	if f.Cores > 0 {
		text += fmt.Sprintf(", generator %s of %d cores", percent(f.CPUPercent), f.Cores)
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
