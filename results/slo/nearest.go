package slo

import "strings"

// longestName is more than anyone types by a slip of the pen.
const longestName = 80

// Nearest is the candidate that takes the fewest edits to become the name, if that is a slip of the pen; else empty.
// Among equals the first one wins. Case does not matter.
func Nearest(name string, candidates []string) string {
	if len(name) > longestName {
		return ""
	}
	best, least := "", len(name)/3+2
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), strings.ToLower(c)); d < least && d < max(len(name), len(c)) {
			best, least = c, d
		}
	}
	return best
}

// Slip is the candidate that differs from the name by one edit, or by two where the name is longer than six letters; else empty.
// It is for names that may well be right.
func Slip(name string, candidates []string) string {
	most := 1
	if len(name) > 6 {
		most = 2
	}
	if near := Nearest(name, candidates); near != "" && edits(strings.ToLower(name), strings.ToLower(near)) <= most {
		return near
	}
	return ""
}

// edits is Levenshtein's distance, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
