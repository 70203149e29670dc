package experiment

import (
	"strings"

	"github.com/devcraft-studio/brunt/results/slo"
)

// suggest is the hint for a name that is none of those there are: the one that was probably meant, else all of them.
func suggest(name string, there []string) string {
	if near := nearest(name, there); near != "" {
		return "did you mean " + near + "?"
	}
	switch len(there) {
	case 0:
		return ""
	case 1:
		return "there is only " + there[0]
	}
	return "there are " + enumerate(there, "and")
}

// nearest is the candidate that was probably meant, else empty. Keys have dashes where people write blanks.
func nearest(name string, candidates []string) string {
	return slo.Nearest(strings.NewReplacer("_", "-", " ", "-").Replace(name), candidates)
}

// enumerate writes a, b and c.
func enumerate(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
