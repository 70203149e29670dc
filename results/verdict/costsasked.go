package verdict

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/devcraft-studio/brunt/results"
)

// leastShare is how much of what the baseline was asked has to be compared for a pass: nothing is known of the rest. What the candidate came
// further than a slow baseline is no doubt about it.
const leastShare = 0.5

// listCut adds rows where the script threw, or ended the load itself: what was asked is then not what was meant. They keep a gate from
// passing, and whether a build is worse they do not say.
func (j *judge) listCut() {
	first := len(j.verdict.Evidence)
	j.exceptions()
	j.ending(nil)
	for i := range j.verdict.Evidence[first:] {
		j.verdict.Evidence[first+i].Outcome = results.Inconclusive
	}
}

// inCommon is how many requests the lists of all starts of both builds begin with alike, and why that is not all of them. most says that
// they are leastShare of the baseline's longest list.
func inCommon(builds [2][]results.Costs) (length int, why string, most bool) {
	lists := slices.Concat(builds[0], builds[1])
	length, longest, held := math.MaxInt, 0, 0
	for i, l := range lists {
		length, longest = min(length, len(l.Requests)), max(longest, len(l.Requests))
		if i < len(builds[0]) {
			held = longest
		}
	}
	enough := func(length int) bool { return float64(length) >= leastShare*float64(held) }
	for i := range length {
		for _, l := range lists[1:] {
			if a, b := lists[0].Requests[i].Endpoint, l.Requests[i].Endpoint; a != b {
				return i, fmt.Sprintf("the builds' answers led to other requests from number %d on (%s, %s): of %d the %d before are compared",
					i+1, a, b, longest, i), enough(i)
			}
		}
	}
	if length < longest {
		why = fmt.Sprintf("the first %d of %d requests are compared: a start came no further in its time", length, longest)
	}
	return length, why, enough(length)
}

// classFailed is the class of the statuses from 500 on, and of no answer.
const classFailed = 5

// classOf is the first digit of a status: what a service does for answers of another class is something else.
func classOf(status int) int {
	if status == 0 {
		return classFailed
	}
	return min(status/100, classFailed)
}

// chanceShare is the share of an endpoint's requests that may be answered otherwise from start to start: it makes counts differ by far
// less than those that are not exact have to.
const chanceShare = 0.1

// answersApart says why the answers of an endpoint are not those of the same requests, or is empty: because all starts of one build
// answered one of them with a status of another class than all of the other did, or because too many were not even answered alike by
// the starts of one build. Answers that failed in the candidate are no such reason where that they do is accepted.
func answersApart(sums [2][]map[string]*counts, endpoint string, accepted bool) string {
	requests := len(sums[0][0][endpoint].statuses)
	apart, mixed, first := 0, 0, ""
	for i := range requests {
		var of [2]int // statuses in the first start of each
		alike, failed := true, false
		for b, starts := range sums {
			of[b] = starts[0][endpoint].statuses[i]
			for _, s := range starts {
				class := classOf(s[endpoint].statuses[i])
				alike, failed = alike && class == classOf(of[b]), failed || class == classFailed
			}
		}
		switch {
		case !alike && failed && i == requests-1: // the end of the load may have cut it off
		case !alike:
			mixed++
		case classOf(of[0]) == classOf(of[1]), accepted && classOf(of[1]) == classFailed:
		default:
			if apart++; apart == 1 {
				first = fmt.Sprintf("%s in the baseline and %s in the candidate", statusText(of[0]), statusText(of[1]))
			}
		}
	}
	of := plural(int64(requests), "request")
	switch {
	case apart > 0:
		return fmt.Sprintf("%d of %s answered otherwise, the first with %s: what they cost can't be compared", apart, of, first)
	case float64(mixed) > chanceShare*float64(requests):
		return fmt.Sprintf("%d of %s answered with other statuses from start to start of a build: what they cost can't be compared", mixed, of)
	}
	return ""
}

func statusText(status int) string {
	if status == 0 {
		return "no answer"
	}
	return strconv.Itoa(status)
}
