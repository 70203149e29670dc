package verdict

import (
	"encoding/json"
	"fmt"

	"github.com/devcraft-studio/brunt/results"
)

// Differences says how a verdict differs from the one that the same run was given before, a line for each row of evidence; none: it is the
// same, to the byte of what is stored.
func Differences(before, again results.Verdict) []string {
	was, errWas := json.Marshal(before)
	is, errIs := json.Marshal(again)
	if errWas == nil && errIs == nil && string(was) == string(is) {
		return nil
	}
	var lines []string
	if before.Outcome != again.Outcome {
		lines = append(lines, fmt.Sprintf("the verdict is %s, and was %s", again.Outcome, before.Outcome))
	}
	rows, order := map[string][2]*results.Evidence{}, []string{}
	for i, v := range []results.Verdict{before, again} {
		seen := map[string]int{} // several rows may be called the same
		for j := range v.Evidence {
			e := &v.Evidence[j]
			key := named(e)
			if seen[key]++; seen[key] > 1 {
				key = fmt.Sprintf("%s (%d)", key, seen[key])
			}
			both, ok := rows[key]
			if !ok {
				order = append(order, key)
			}
			both[i] = e
			rows[key] = both
		}
	}
	for _, key := range order {
		switch was, is := rows[key][0], rows[key][1]; {
		case was == nil:
			lines = append(lines, fmt.Sprintf("%s is new: %s", named(is), stated(is)))
		case is == nil:
			lines = append(lines, fmt.Sprintf("%s is no more: it was %s", named(was), stated(was)))
		case stated(was) != stated(is):
			lines = append(lines, fmt.Sprintf("%s is %s, and was %s", named(is), stated(is), stated(was)))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "the outcomes are the same; figures, warnings or texts are not")
	}
	return lines
}

func named(e *results.Evidence) string {
	text := e.What
	if e.Trial > 0 {
		text += fmt.Sprintf(" of trial %d", e.Trial)
	}
	if e.Phase != "" {
		text += " in " + e.Phase
	}
	return text
}

// stated is what a row says: its outcome and its value.
func stated(e *results.Evidence) string {
	if e.Value == nil {
		return string(e.Outcome)
	}
	return fmt.Sprintf("%s with %s", e.Outcome, display(*e.Value, e.Unit))
}
