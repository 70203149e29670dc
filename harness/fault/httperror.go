package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// httpErrorKind answers requests, or a share of them, with a status in the upstream's place, which never sees them. It acts on
// plain HTTP/1.1 alone: of a connection that speaks TLS, HTTP/2 or anything else, that pipelines or is upgraded, nothing is
// touched, and the reason stands in the record. Which requests it meets is a function of the run's seed, the fault's name and
// the connection's ordinal on its link. Its answer is not delayed by a latency that is in force.
var httpErrorKind = Kind{
	Name: "http-error", On: OnLink, Span: Lasts, Fields: []string{"status", "share"},
	What: "answers requests with an error",
	check: func(f experiment.Fault) (string, string) {
		if f.Status < 400 || f.Status > 599 {
			return "status", "is not 400 to 599"
		}
		return checkRequestShare(f)
	},
	strength: func(f experiment.Fault) strength { return strength{HTTP: httpError, Status: f.Status, Share: f.Share} },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeRequests(seen, "error", f, func(p ProbeResult) bool { return p.Status == f.Status })
	},
}

// httpAbort resets the connection of requests, or of a share of them, when their heads have come; the upstream never sees
// them. On what else it acts stands with http-error.
var httpAbortKind = Kind{
	Name: "http-abort", On: OnLink, Span: Lasts, Fields: []string{"share"},
	What:     "resets connections when a request comes",
	check:    checkRequestShare,
	strength: func(f experiment.Fault) strength { return strength{HTTP: httpAbort, Share: f.Share} },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeRequests(seen, "aborted", f, func(p ProbeResult) bool { return p.Connected && !p.Answered })
	},
}

// httpSlow keeps the body of answers, or of a share of them, for delay after their head was passed on. An answer without a
// body is not delayed. On what else it acts stands with http-error.
var httpSlowKind = Kind{
	Name: "http-slow", On: OnLink, Span: Lasts, Fields: []string{"delay", "share"},
	What: "keeps the bodies of answers",
	check: func(f experiment.Fault) (string, string) {
		if field, problem := checkRequestShare(f); problem != "" {
			return field, problem
		}
		return checkDelay(f)
	},
	strength: func(f experiment.Fault) strength { return strength{HTTP: httpSlow, Body: f.Delay, Share: f.Share} },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeRequests(seen, "slow body", f, func(p ProbeResult) bool { return p.Status != 0 && (!p.Answered || p.RoundTrip >= f.Delay/2) })
	},
}

func checkRequestShare(f experiment.Fault) (field, problem string) {
	if f.Share == 0 {
		return "", "" // all
	}
	return checkShare(f)
}

// judgeRequests measures the share of probes that met a fault on HTTP. When the load's own connections could not be acted on,
// and none of its requests was met, a probe that was met proves nothing.
func judgeRequests(seen Samples, what string, f experiment.Fault, met func(ProbeResult) bool) *results.Effect {
	share := f.Share
	if share == 0 {
		share = 1
	}
	e := judgeMet(seen, what, share, met)
	for _, reason := range sortedReasons(seen.Refused) {
		e.Note = joinNotes(e.Note, reason)
	}
	if len(seen.Refused) > 0 && seen.Met == 0 {
		e.Seen = false
	}
	return e
}
