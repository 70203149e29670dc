package verdict

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// list is what two orders and a look at one cost: so many queries an order, so many bytes of the log.
func list(queries, wal int64) results.Costs {
	order := results.RequestCost{Endpoint: "POST /orders", Status: 201, Bytes: 40, Statements: []results.StatementCost{
		{Statement: 0, Calls: queries, Rows: queries, Buffers: 3 * queries, WAL: wal},
	}}
	look := results.RequestCost{Endpoint: "GET /orders/{id}", Status: 200, Bytes: 90, Statements: []results.StatementCost{
		{Statement: 1, Calls: 1, Rows: 1, Buffers: 4},
	}, Commands: []results.CommandCost{{Command: 0, Calls: 1}}, RedisBytes: 60}
	return results.Costs{
		Requests: []results.RequestCost{order, look, order}, Postgres: true, Redis: true,
		Statements: []string{"INSERT INTO orders VALUES ($1)", "SELECT * FROM orders WHERE id = $1"}, Commands: []string{"GET"},
	}
}

// gated is a run of a gate with these lists, the baseline's first.
func gated(baseline, candidate []results.Costs) results.Run {
	run := results.Run{Status: results.StatusComplete, Question: results.Question{Asker: results.AskerGate}, Builds: make([]results.Build, 2)}
	for b, lists := range [][]results.Costs{baseline, candidate} {
		for _, l := range lists {
			run.Trials = append(run.Trials, results.Trial{Number: len(run.Trials) + 1, Build: b, Status: results.StatusComplete, Costs: &l})
		}
	}
	return run
}

// linked is a list whose every request waited for so many round trips.
func linked(l results.Costs, trips int64) results.Costs {
	l.Links = true
	for i := range l.Requests {
		l.Requests[i].RoundTrips = trips
	}
	return l
}

// costsRow is what a gate has to say of two builds.
type costsRow struct {
	name                string
	baseline, candidate []results.Costs
	want                results.Outcome
	says                string // in the evidence or in a warning
}

// judgeAll judges each, twice.
func judgeAll(t *testing.T, rows []costsRow) {
	t.Helper()
	for _, row := range rows {
		run := gated(row.baseline, row.candidate)
		v, err := Judgement(run, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if v.Outcome != row.want || !strings.Contains(string(text), row.says) {
			t.Errorf("%s: %s, not %s that says %q\n%s", row.name, v.Outcome, row.want, row.says, text)
		}
		if again, _ := Judgement(run, nil); !reflect.DeepEqual(v, again) {
			t.Errorf("%s: judged again it is another verdict", row.name)
		}
	}
}

func changed(l results.Costs, change func(*results.Costs)) results.Costs { change(&l); return l }

func TestCostsAreComparedExactlyWhereTheyRepeat(t *testing.T) {
	same := []results.Costs{list(2, 300), list(2, 300)}
	short := func(l *results.Costs) { l.Requests = l.Requests[:2] }
	elsewhere := func(l *results.Costs) { l.Requests[2].Endpoint = "GET /help" }
	broken := func(l *results.Costs) { l.Requests[1].Status = 500 }
	judgeAll(t, []costsRow{
		{"a build against itself", same, same, results.Pass, ""},
		{"a query more", same, []results.Costs{list(3, 300), list(3, 300)}, results.Fail, "queries 2 to 3"},
		{"a byte more of the log", same, []results.Costs{list(2, 301), list(2, 301)}, results.Fail, "WAL 300 to 301"},
		{"answers of other lengths that agree in sum", []results.Costs{list(2, 300), changed(list(2, 300), func(l *results.Costs) { l.Requests[0].Bytes, l.Requests[2].Bytes = 30, 50 })},
			[]results.Costs{changed(list(2, 300), func(l *results.Costs) { l.Requests[0].Bytes = 41 }), changed(list(2, 300), func(l *results.Costs) { l.Requests[2].Bytes = 41 })}, results.Pass, ""},
		{"a query that is counted with the next request", same, []results.Costs{list(3, 300), changed(list(3, 300), func(l *results.Costs) {
			l.Requests[0].Statements, l.Requests[2].Statements = []results.StatementCost{{Calls: 2, Rows: 3, Buffers: 9, WAL: 300}}, []results.StatementCost{{Calls: 4, Rows: 3, Buffers: 9, WAL: 300}}
		})}, results.Fail, "queries 2 to 3"},
		{"a round trip more", []results.Costs{linked(list(2, 300), 2), linked(list(2, 300), 2)}, []results.Costs{linked(list(2, 300), 3), linked(list(2, 300), 3)}, results.Fail, "round trips 2 to 3"},
		{"a round trip more in one start", []results.Costs{linked(list(2, 300), 2), linked(list(2, 300), 2)}, []results.Costs{linked(list(2, 300), 3), linked(list(2, 300), 2)}, results.Pass, ""},
		{"a round trip elsewhere", []results.Costs{linked(list(2, 300), 2), changed(linked(list(2, 300), 2), func(l *results.Costs) { l.Requests[0].RoundTrips, l.Requests[2].RoundTrips = 1, 3 })},
			[]results.Costs{linked(list(2, 300), 3), linked(list(2, 300), 3)}, results.Fail, "round trips 2 to 3"},
		{"round trips that were not counted in one build", same, []results.Costs{linked(list(2, 300), 3), linked(list(2, 300), 3)}, results.Pass, ""},
		{"a query less", same, []results.Costs{list(1, 300), list(1, 300)}, results.Pass, ""},
		{"a log that is not the same in the candidate", same, []results.Costs{list(2, 300), list(2, 999)}, results.Pass, ""},
		{"a log that is not the same in the candidate, and far more", same, []results.Costs{list(2, 9000), list(2, 9100)}, results.Fail, "WAL 300 to 9050"},
		{"a log that is not the same in the baseline", []results.Costs{list(2, 300), list(2, 301)}, []results.Costs{list(2, 320), list(2, 320)}, results.Pass, ""},
		{"a query more beside a log that is not the same", same, []results.Costs{list(3, 300), list(3, 999)}, results.Fail, "queries 2 to 3"},
		{"a start that came less far", same, []results.Costs{list(2, 300), changed(list(2, 300), short)}, results.Pass, "the first 2 of 3 requests"},
		{"a start that came less far, and a query more", same, []results.Costs{list(3, 300), changed(list(3, 300), short)}, results.Fail, "queries 2 to 3"},
		{"answers that lead elsewhere", same, []results.Costs{changed(list(2, 300), elsewhere), changed(list(2, 300), elsewhere)}, results.Pass, "from number 3 on"},
		{"answers that fail", same, []results.Costs{changed(list(2, 300), broken), changed(list(2, 300), broken)}, results.Fail, "failed answers 0 to 1"},
		{"answers that fail in both builds", []results.Costs{changed(list(2, 300), broken), changed(list(2, 300), broken)},
			[]results.Costs{changed(list(2, 300), broken), changed(list(2, 300), broken)}, results.Inconclusive, "every answer of the baseline failed"},
		{"one start of the candidate", same, same[:1], results.Inconclusive, "in 2 starts"},
		{"nothing in common", same, []results.Costs{{Requests: []results.RequestCost{{Endpoint: "GET /"}}}, {Requests: []results.RequestCost{{Endpoint: "GET /"}}}},
			results.Inconclusive, "not asked the same"},
		{"no request at all", []results.Costs{{}, {}}, []results.Costs{{}, {}}, results.Inconclusive, "not asked the same"},
	})
}

func TestCostsOfOtherAnswersAreNotCompared(t *testing.T) {
	same := []results.Costs{list(2, 300), list(2, 300)}
	// answering is a build whose starts answer the look with these statuses, and ask for nothing where that is none of 2xx.
	answering := func(statuses ...int) (starts []results.Costs) {
		for _, status := range statuses {
			starts = append(starts, changed(list(2, 300), func(l *results.Costs) {
				if l.Requests[1].Status = status; status >= 300 {
					l.Requests[1] = results.RequestCost{Endpoint: l.Requests[1].Endpoint, Status: status}
				}
			}))
		}
		return starts
	}
	// orders is a build whose starts answer so many of ten orders with 429.
	orders := func(refused ...int) (starts []results.Costs) {
		for _, n := range refused {
			l := list(2, 300)
			for i := range 10 {
				if l.Requests = append(l.Requests, l.Requests[0]); i < n {
					l.Requests[len(l.Requests)-1].Status = 429
				}
			}
			starts = append(starts, l)
		}
		return starts
	}
	judgeAll(t, []costsRow{
		{"answers that are refused", same, answering(404, 404), results.Inconclusive,
			"1 of 1 request answered otherwise, the first with 200 in the baseline and 404 in the candidate"},
		{"answers that are refused with a query more elsewhere", same, []results.Costs{changed(answering(401)[0], func(l *results.Costs) { l.Requests[0].Statements[0].Calls++ }),
			changed(answering(401)[0], func(l *results.Costs) { l.Requests[0].Statements[0].Calls++ })}, results.Fail, "queries 2 to 3"},
		{"answers that lead elsewhere by their status", same, answering(302, 302), results.Inconclusive, "200 in the baseline and 302 in the candidate"},
		{"answers that were refused", answering(404, 404), same, results.Inconclusive, "404 in the baseline and 200 in the candidate"},
		{"answers that failed", answering(500, 500), same, results.Inconclusive, "every answer of the baseline failed"},
		{"another status of the same class", same, answering(206, 206), results.Pass, ""},
		{"refused in both builds", answering(404, 404), answering(404, 404), results.Pass, ""},
		{"the only answer that is refused in one start", same, answering(404, 200), results.Inconclusive, "from start to start"},
		{"an answer that is cut off in one start", same, answering(502, 200), results.Pass, ""},
		{"some answers that are refused by chance", orders(0, 0), orders(0, 1), results.Pass, ""},
		{"all answers that are refused in one start", orders(0, 0), orders(0, 10), results.Inconclusive, "10 of 12 requests answered with other statuses from start to start"},
		{"answers of which some failed in one start, and more in the other", orders(0, 0), []results.Costs{changed(orders(0)[0], func(l *results.Costs) { l.Requests[2].Status = 500 }),
			changed(orders(0)[0], func(l *results.Costs) { l.Requests[2].Status, l.Requests[3].Status = 500, 500 })}, results.Inconclusive, "201 in the baseline and 500 in the candidate"},
	})
}

// long is so many orders, with so many queries each.
func long(orders int, queries int64) (l results.Costs) {
	l = list(queries, 300)
	l.Requests = slices.Repeat(l.Requests[:1], orders)
	return l
}

func TestTheBeginningOfAListDoesNotPass(t *testing.T) {
	whole := []results.Costs{long(20, 2), long(20, 2)}
	// turning is a build that asks for something else from a request on.
	turning := func(at int) results.Costs {
		return changed(long(20, 2), func(l *results.Costs) { l.Requests[at].Endpoint = "GET /help" })
	}
	judgeAll(t, []costsRow{
		{"half of it", whole, []results.Costs{long(10, 2), long(20, 2)}, results.Pass, "the first 10 of 20 requests"},
		{"less", whole, []results.Costs{long(9, 2), long(20, 2)}, results.Inconclusive, "the first 9 of 20 requests"},
		{"less of the baseline", []results.Costs{long(20, 2), long(9, 2)}, whole, results.Inconclusive, "the first 9 of 20 requests"},
		{"a slow baseline, of which all is compared", []results.Costs{long(9, 2), long(9, 2)}, whole, results.Pass, "the first 9 of 20 requests"},
		{"all lists are short", []results.Costs{long(9, 2), long(9, 2)}, []results.Costs{long(9, 2), long(9, 2)}, results.Pass, ""},
		{"less, with a query more", whole, []results.Costs{long(2, 3), long(2, 3)}, results.Fail, "queries 2 to 3"},
		{"half of it leads elsewhere", whole, []results.Costs{turning(10), turning(10)}, results.Pass, "from number 11 on"},
		{"most of it leads elsewhere", whole, []results.Costs{turning(9), turning(9)}, results.Inconclusive, "of 20 the 9 before are compared"},
	})
	costs, _, doubt := CompareCosts(whole, []results.Costs{long(9, 1), long(9, 2)})
	if again, _, _ := CompareCosts(whole, []results.Costs{long(9, 3), long(9, 3)}); costs[0].Outcome != results.Unclear || again[0].Outcome != results.Worse {
		t.Errorf("compared without a judgement they are %+v and %+v", costs, again)
	}
	if !strings.Contains(doubt, "the first 9 of 20 requests") {
		t.Errorf("it says %q", doubt)
	}
}

// TestAScriptThatThrowsPassesNoGate whichever build it met: a list that was cut is not the one that was meant.
func TestAScriptThatThrowsPassesNoGate(t *testing.T) {
	same := []results.Costs{list(2, 300), list(2, 300)}
	for says, fitness := range map[string]results.Fitness{
		"the script threw 3 exceptions: TypeError: x": {Exceptions: 3, FirstException: "TypeError: x"},
		"the script aborted the load: enough":         {ExitCode: exitAborted, Aborted: "enough"},
		"the script declared the run failed":          {ExitCode: exitFailed},
		"a threshold ended the load early: p(95)<1":   {ExitCode: exitThresholds, Aborted: "p(95)<1"},
		"the load generator ended with exit code 107": {ExitCode: 107},
	} {
		for trial := range 4 {
			run := gated(same, same)
			run.Trials[trial].Fitness = fitness
			v, err := Judgement(run, nil)
			if err != nil || v.Outcome != results.Inconclusive || v.Evidence[0].Reason != says || v.Evidence[0].Trial != trial+1 {
				t.Errorf("%s, %v: %+v", v.Outcome, err, v.Evidence)
			}
		}
		run := gated(same, []results.Costs{list(3, 300), list(3, 300)})
		run.Trials[0].Fitness = fitness
		if v, err := Judgement(run, nil); err != nil || v.Outcome != results.Fail {
			t.Errorf("%s: a query more is %s, %v", says, v.Outcome, err)
		}
	}
	run := gated(same, same)
	run.Trials[0].Fitness.ExitCode, run.Trials[1].Fitness.ExitCode = exitStopped, exitThresholds
	if v, err := Judgement(run, nil); err != nil || v.Outcome != results.Pass {
		t.Errorf("a list that came to its end is %s, %v: %+v", v.Outcome, err, v.Evidence)
	}
}

func TestATrialThatIsNotCompleteIsNotCompared(t *testing.T) {
	run := gated([]results.Costs{list(2, 300), list(2, 300)}, []results.Costs{list(9, 300), list(9, 300)})
	run.Trials[3].Status = results.StatusBroken
	if v, err := Judgement(run, nil); err != nil || v.Outcome != results.Inconclusive || len(v.Costs) > 0 {
		t.Errorf("%s with %d costs (%v)", v.Outcome, len(v.Costs), err)
	}
}

func TestTheStatementsThatChangedAreNamed(t *testing.T) {
	candidate := changed(list(2, 300), func(l *results.Costs) {
		l.Statements = append([]string{"SELECT note FROM notes WHERE id = $1"}, l.Statements...) // its numbers are its own
		for _, request := range []int{0, 1} {                                                    // the third shares its statements with the first
			l.Requests[request].Statements[0].Statement++
		}
		l.Requests[1].Statements = append(l.Requests[1].Statements, results.StatementCost{Statement: 0, Calls: 1, Rows: 1, Buffers: 2})
		l.Commands = nil
		l.Requests[1].Commands = nil
	})
	v, err := Judgement(gated([]results.Costs{list(2, 300), list(2, 300)}, []results.Costs{candidate, candidate}), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range v.CostChanges {
		got = append(got, c.Kind+" "+c.Text+" at "+c.Endpoint)
	}
	want := []string{"statement SELECT note FROM notes WHERE id = $1 at GET /orders/{id}", "command GET at GET /orders/{id}"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("changed: %q, not %q", got, want)
	}
}

// TestOneQueryByTheClockHidesNoneInEachRequest: it is one of those that are counted at all requests together.
func TestOneQueryByTheClockHidesNoneInEachRequest(t *testing.T) {
	ticked := changed(long(20, 1), func(l *results.Costs) {
		l.Requests = slices.Clone(l.Requests)
		l.Requests[7].Statements = []results.StatementCost{{Statement: 0, Calls: 2, Rows: 1, Buffers: 3, WAL: 300}}
	})
	judgeAll(t, []costsRow{
		{"in the baseline", []results.Costs{long(20, 1), ticked}, []results.Costs{long(20, 2), long(20, 2)}, results.Fail, "queries 1.025 to 2"},
		{"against itself", []results.Costs{long(20, 1), ticked}, []results.Costs{ticked, long(20, 1)}, results.Pass, ""},
	})
}

func TestACountThatDoesNotRepeatHasToLieFarOff(t *testing.T) {
	for _, row := range []struct {
		name                string
		baseline, candidate []float64
		want                results.ComparisonOutcome
	}{
		{"it overlaps", []float64{100, 120}, []float64{110, 130}, results.Unclear},
		{"it lies beside", []float64{100, 110}, []float64{115, 120}, results.Unclear},
		{"it lies far off", []float64{100, 101}, []float64{160, 161}, results.Worse},
		{"it lies far off, below", []float64{160, 161}, []float64{100, 101}, results.Better},
		{"it lies apart by less than half", []float64{1000, 1001}, []float64{1400, 1401}, results.Unclear},
		{"it lies apart by as much as counts but for its spread", []float64{10, 11}, []float64{20, 20}, results.Worse},
		{"it lies apart by as much as counts but for its spread, below", []float64{20, 20}, []float64{10, 11}, results.Better},
		{"it lies apart by as much as counts, and by less than three times its spread", []float64{2, 5}, []float64{13, 13}, results.Unclear},
		{"it lies apart by less than counts", []float64{1, 2}, []float64{9, 10}, results.Unclear},
	} {
		if c := compareValues([2][]float64{row.baseline, row.candidate}, 10, true); c.Outcome != row.want || c.Exact {
			t.Errorf("%s: %s, exact %v", row.name, c.Outcome, c.Exact)
		}
	}
}
