package verdict

import (
	"encoding/json"
	"reflect"
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

func changed(l results.Costs, change func(*results.Costs)) results.Costs { change(&l); return l }

func TestCostsAreComparedExactlyWhereTheyRepeat(t *testing.T) {
	same := []results.Costs{list(2, 300), list(2, 300)}
	short := func(l *results.Costs) { l.Requests = l.Requests[:2] }
	elsewhere := func(l *results.Costs) { l.Requests[2].Endpoint = "GET /help" }
	broken := func(l *results.Costs) { l.Requests[1].Status = 500 }
	for _, row := range []struct {
		name                string
		baseline, candidate []results.Costs
		want                results.Outcome
		says                string // in the evidence or in a warning
	}{
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
	} {
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
		{"it lies apart by less than counts", []float64{1, 2}, []float64{9, 10}, results.Unclear},
	} {
		if c := compareValues([2][]float64{row.baseline, row.candidate}, 10, true); c.Outcome != row.want || c.Exact {
			t.Errorf("%s: %s, exact %v", row.name, c.Outcome, c.Exact)
		}
	}
}
