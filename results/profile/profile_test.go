package profile

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pprof "github.com/google/pprof/profile"

	"github.com/devcraft-studio/brunt/results"
)

// samples are stacks as people write them, from the outermost function to the innermost, with the milliseconds spent in each.
type samples map[string]int64

// taken is a profile of ten seconds of these, under which as many iterations were served a second.
func taken(t *testing.T, served float64, of samples) Taken {
	t.Helper()
	p := &pprof.Profile{
		SampleType:    []*pprof.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		DurationNanos: (10 * time.Second).Nanoseconds(),
	}
	known := map[string]*pprof.Location{}
	for text, ms := range of {
		s := &pprof.Sample{Value: []int64{ms / 10, ms * 1e6}}
		names := strings.Fields(text)
		for i := len(names) - 1; i >= 0; i-- {
			l := known[names[i]]
			if l == nil {
				f := &pprof.Function{ID: uint64(len(known) + 1), Name: names[i]}
				l = &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f}}}
				known[names[i]] = l
				p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			}
			s.Location = append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return Taken{Data: out.Bytes(), Served: served}
}

func compared(t *testing.T, baseline, candidate Taken) results.ProfileComparison {
	t.Helper()
	c, err := Compare("api", results.ProfileCPU, baseline, candidate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func grewIn(c results.ProfileComparison) (names []string) {
	for _, f := range c.Grew {
		names = append(names, f.Function)
	}
	return names
}

func TestTheFunctionsThatGrewAreNamed(t *testing.T) {
	usual := samples{"serve handle find query": 1000, "serve handle find": 600, "serve handle answer": 600, "serve write": 400}
	with := func(more samples) samples {
		all := samples{}
		for _, of := range []samples{usual, more} {
			for stack, ms := range of {
				all[stack] += ms
			}
		}
		return all
	}
	for _, row := range []struct {
		name string
		more samples // of the candidate
		want []string
	}{
		{"nothing", nil, nil},
		{"a function that is new, and neither its callers nor the server above it", samples{"serve handle answer slow": 2000}, []string{"slow"}},
		{"a new one that splits its time, before what it calls", samples{"serve handle answer slow marshal": 1000, "serve handle answer slow parse": 900},
			[]string{"slow", "marshal", "parse"}},
		{"a chain that is new altogether, from its outermost on", samples{"serve handle dial connect exchange": 2000}, []string{"dial", "connect", "exchange"}},
		{"one that was there and takes longer, before its callers", samples{"serve handle find query": 2000}, []string{"query"}},
		{"what grew in two places", samples{"serve handle answer slow": 2000, "serve log": 1500}, []string{"slow", "log"}},
		{"what calls itself, once", samples{"serve handle walk walk walk": 2000}, []string{"walk"}},
		{"not what chance does", samples{"serve handle answer other": 20}, nil},
	} {
		c := compared(t, taken(t, 100, usual), taken(t, 100, with(row.more)))
		got := grewIn(c)
		if diff := cmp.Diff(row.want, got[:min(len(got), max(len(row.want), 1))]); diff != "" {
			t.Errorf("%s: %v\n%s", row.name, got, diff)
		}
	}
}

// A baseline that hardly ran when samples were taken knows no server: the standard library's is passed over all the same.
func TestAServerIsPassedOverWhereTheBaselineHasFewSamples(t *testing.T) {
	const server = "net/http.(*conn).serve net/http.HandlerFunc.ServeHTTP "
	after := samples{server + "example.com/shop.answer example.com/shop.slow encoding/json.Marshal": 1000, server + "example.com/shop.answer example.com/shop.slow": 600}
	for name, before := range map[string]samples{"none": {}, "one": {server + "net/http.(*response).write": 10}} {
		got := grewIn(compared(t, taken(t, 100, before), taken(t, 100, after)))
		if want := []string{"example.com/shop.answer", "example.com/shop.slow"}; len(got) < 2 || !cmp.Equal(want, got[:2]) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTimesArePerIteration(t *testing.T) {
	of := samples{"serve handle": 1000, "serve write": 500}
	twice := samples{"serve handle": 2000, "serve write": 1000}
	if c := compared(t, taken(t, 100, of), taken(t, 200, twice)); c.Baseline != 1.5 || c.Candidate != 1.5 || len(c.Grew) != 0 {
		t.Errorf("who serves twice as much may use twice as much: %+v", c)
	}
	c := compared(t, taken(t, 100, of), taken(t, 100, samples{"serve handle": 3000, "serve write": 500}))
	want := results.FunctionChange{Function: "handle", BaselineFlat: 1, CandidateFlat: 3, BaselineCum: 1, CandidateCum: 3}
	if len(c.Grew) == 0 || c.Grew[0] != want || c.Candidate != 3.5 {
		t.Errorf("%+v", c)
	}
}

func TestOwnTimeThatGrewIsNamedBelowACallerThatDidNot(t *testing.T) {
	c := compared(t, taken(t, 100, samples{"serve old collect": 1000}), taken(t, 100, samples{"serve collect": 1000, "serve old": 10}))
	if got := grewIn(c); len(got) != 0 {
		t.Errorf("%v grew, and nothing did", got)
	}
	c = compared(t, taken(t, 100, samples{"serve work copy": 500, "serve work": 500}), taken(t, 100, samples{"serve work copy": 1000}))
	if got := grewIn(c); !cmp.Equal(got, []string{"copy"}) {
		t.Errorf("%v grew, not copy", got)
	}
}

func TestWhatIsNoProfileIsRefused(t *testing.T) {
	good := taken(t, 100, samples{"serve": 100})
	page := Taken{Data: []byte("<html>not found</html>"), Served: 100}
	if err := Check(good.Data); err != nil {
		t.Error(err)
	}
	if Check(page.Data) == nil {
		t.Error("a page was taken for a profile")
	}
	idle := good
	idle.Served = 0
	for name, both := range map[string][2]Taken{"baseline": {page, good}, "candidate": {good, page}, "nothing was served": {good, idle}} {
		if _, err := Compare("api", results.ProfileCPU, both[0], both[1]); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLengthOfAProfileIsItsOwn(t *testing.T) {
	of := taken(t, 100, samples{"serve": 1000})
	of.Length = time.Second // that it was asked for
	if c := compared(t, of, of); c.Baseline != 1 {
		t.Errorf("%v ms per iteration, not 1", c.Baseline)
	}
}

// TestFewSamplesNameNoFunction: of fewer than fifty, one is more than what a function has to grow by.
func TestFewSamplesNameNoFunction(t *testing.T) {
	for _, row := range []struct {
		name              string
		before, after     samples
		baseline, samples int64
		sparse            bool
	}{
		{"few in both", samples{"serve handle": 300}, samples{"serve handle": 300, "serve slow": 180}, 30, 48, true},
		{"enough in the candidate", samples{"serve handle": 300}, samples{"serve handle": 300, "serve slow": 200}, 30, 50, false},
		{"enough in the baseline", samples{"serve handle": 500}, samples{"serve slow": 100}, 50, 10, false},
		{"none in the baseline", samples{}, samples{"serve slow": 100}, 0, 10, true},
	} {
		c := compared(t, taken(t, 100, row.before), taken(t, 100, row.after))
		if c.BaselineSamples != row.baseline || c.CandidateSamples != row.samples || c.Sparse() != row.sparse || row.sparse != (len(c.Grew) == 0) {
			t.Errorf("%s: %+v", row.name, c)
		}
	}
	uncounted := results.ProfileComparison{Baseline: 1, Candidate: 2}
	if uncounted.Sparse() {
		t.Error("of samples that nobody counted there are too few")
	}
}
