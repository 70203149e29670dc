package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// TestARiseThatIsAcceptedIsNoFail has a query more per order, and something said about it.
func TestARiseThatIsAcceptedIsNoFail(t *testing.T) {
	same, more := []results.Costs{list(2, 300), list(2, 300)}, []results.Costs{list(3, 300), list(3, 300)}
	// A query more is a row and three buffers more, too.
	of := func(metric, endpoint, expires string) []results.Acceptance {
		var all []results.Acceptance
		for _, m := range []string{metric, "rows", "buffers"} {
			all = append(all, results.Acceptance{Metric: m, Endpoint: endpoint, Reason: "a price is looked up", Expires: expires, Origin: "shop.yaml:7"})
		}
		return all
	}
	for _, row := range []struct {
		name   string
		accept []results.Acceptance
		want   results.Outcome
		rises  []string // of the first
		warns  string
	}{
		{"nothing is accepted", nil, results.Fail, nil, ""},
		{"it is accepted there", of("queries", "POST /orders", "2026-05-04"), results.Pass, []string{"queries 2 to 3 per POST /orders"}, ""},
		{"it is accepted everywhere", of("queries", "", "2026-05-04"), results.Pass, []string{"queries 2 to 3 per POST /orders"}, ""},
		{"the last day is over", of("queries", "", "2026-05-03"), results.Fail, []string{"queries 2 to 3 per POST /orders"}, "shop.yaml:7: queries was accepted until 2026-05-03 and counts no more"},
		{"it is accepted elsewhere", of("queries", "GET /orders/{id}", "2026-05-04"), results.Fail, nil, ""},
		{"it is accepted where nothing was asked", of("queries", "GET /help", "2026-05-04"), results.Fail, nil, "shop.yaml:7: queries is accepted at GET /help, which was not asked"},
		{"something else is accepted", of("WAL", "", "2026-05-04"), results.Fail, nil, ""},
		{"it is accepted anew", append(of("queries", "", "2026-05-03"), of("queries", "", "2026-06-01")...), results.Pass, []string{"queries 2 to 3 per POST /orders"}, "counts no more"},
		{"a latency is accepted, which is nothing of costs", []results.Acceptance{{Metric: "p95", Reason: "x", Expires: "2030-01-31"}}, results.Fail, nil, ""},
		{"as much is accepted", upTo(of("queries", "", "2026-05-04"), 0.5, 0), results.Pass, []string{"queries 2 to 3 per POST /orders"}, ""},
		{"as many are accepted", upTo(of("queries", "", "2026-05-04"), 0, 3), results.Pass, []string{"queries 2 to 3 per POST /orders"}, ""},
		{"less is accepted", upTo(of("queries", "", "2026-05-04"), 0.4, 0), results.Fail, []string{"queries 2 to 3 per POST /orders: only +40 % is accepted"}, ""},
		{"fewer are accepted", upTo(of("queries", "", "2026-05-04"), 0, 0.5), results.Fail, []string{"queries 2 to 3 per POST /orders: only +0.5 is accepted"}, ""},
		{"less is accepted, and elsewhere in the file more", append(upTo(of("queries", "", "2026-05-04"), 0.4, 0), of("queries", "", "2026-06-01")...), results.Pass,
			[]string{"queries 2 to 3 per POST /orders: only +40 % is accepted"}, ""},
	} {
		run := gated(same, more)
		run.Created = time.Date(2026, 5, 4, 23, 59, 0, 0, time.UTC)
		run.Question.Accept = row.accept
		v, err := Judgement(run, nil)
		if err != nil {
			t.Fatal(err)
		}
		if v.Outcome != row.want || !strings.Contains(strings.Join(v.Warnings, "\n"), row.warns) || row.warns == "" && len(v.Warnings) > 0 {
			t.Errorf("%s: %s with the warnings %q", row.name, v.Outcome, v.Warnings)
		}
		ofCosts := slices.DeleteFunc(slices.Clone(row.accept), func(a results.Acceptance) bool { return !a.OfCosts() })
		if len(v.Accepted) != len(ofCosts) {
			t.Errorf("%s: %d are told of, not %d", row.name, len(v.Accepted), len(ofCosts))
		}
		if len(v.Accepted) > 0 {
			if diff := cmp.Diff(row.rises, v.Accepted[0].Rises); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", row.name, diff)
			}
		}
		for _, c := range v.Costs {
			if rose := c.Endpoint == "POST /orders" && c.Count == "queries"; rose && (c.Outcome != results.Worse || (c.AcceptedUntil != "") != (row.want == results.Pass)) {
				t.Errorf("%s: it is %+v", row.name, c)
			}
		}
	}
}

// TestAnswersThatFailAreAccepted also though they are answered with another status; answers that are refused are not.
func TestAnswersThatFailAreAccepted(t *testing.T) {
	for status, want := range map[int]results.Outcome{500: results.Pass, 404: results.Inconclusive} {
		other := changed(list(2, 300), func(l *results.Costs) { l.Requests[1].Status = status })
		run := gated([]results.Costs{list(2, 300), list(2, 300)}, []results.Costs{other, other})
		run.Question.Accept = []results.Acceptance{{Metric: failedAnswers, Reason: "it is switched off", Expires: "2030-01-31"}}
		if v, err := Judgement(run, nil); err != nil || v.Outcome != want {
			t.Errorf("%d: %s, %v: %+v", status, v.Outcome, err, v.Evidence)
		}
	}
}

// upTo limits what is accepted.
func upTo(all []results.Acceptance, share, more float64) []results.Acceptance {
	for i := range all {
		all[i].UpToShare, all[i].UpToMore = share, more
	}
	return all
}

// TestEveryCountCanBeAccepted keeps the names that an experiment may use together with those that are compared.
func TestEveryCountCanBeAccepted(t *testing.T) {
	for _, kind := range countKinds() {
		if !slices.Contains(results.CostCounts(), kind.name) {
			t.Errorf("%s is no name of a count", kind.name)
		}
	}
	if !slices.Contains(results.CostCounts(), allocations) {
		t.Error("allocations is no name of a count")
	}
}
