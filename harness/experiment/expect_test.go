package experiment

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const expecting = `
target: {reference: restapi}
load: {script: script.js, shape: smoke, duration: 20s}
slos: ["p95(http_req_duration) < 300ms", "rate(http_req_failed)<1%"]
expect:
  naive: {verdict: fail, because: "rate(http_req_failed) < 1%", cause: it fails, evidence: [count(http_reqs)]}
  fixed: {verdict: pass}
`

func TestAnExpectationNamesAnSLOHoweverItIsSpaced(t *testing.T) {
	e, err := Read(write(t, expecting), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Expect) != 2 || e.Expect[0].Because != "rate(http_req_failed)<1%" || len(e.Expect[0].Evidence) != 1 {
		t.Errorf("read %+v", e.Expect)
	}
}

// What is declared of a file's SLO says nothing of one that a flag put in its place.
func TestAnExpectationFallsAwayWithTheSLOThatAFlagReplaced(t *testing.T) {
	e, err := Read(write(t, expecting), Options{Set: []string{"slos.1=rate(http_req_failed) < 5%"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Expect) != 1 || e.Expect[0].Variant != "fixed" {
		t.Errorf("read %+v", e.Expect)
	}
}

func TestAnExpectationOfAnSLOThatIsNotThereSaysWhichOneWasMeant(t *testing.T) {
	_, err := Read(write(t, strings.ReplaceAll(expecting, `because: "rate`, `because: "rat`)), Options{})
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line != 6 || !strings.Contains(problems[0].Hint, "did you mean") {
		t.Errorf("got %v", err)
	}
}

func TestAReferenceThatNobodyKnowsIsSaidOnce(t *testing.T) {
	for name, hint := range map[string]string{"resapi": "did you mean restapi?", "lost": "the experiments that this brunt was built with"} {
		_, err := Read(write(t, strings.ReplaceAll(expecting, "restapi", name)), Options{})
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Hint, hint) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

const compared = expecting + `  slower:
    variant: naive
    set: {target.env.CACHE: off, "slos.0": "p95(http_req_duration) < 200ms", load.rate: 5/s}
    verdict: fail
    because: p95(http_req_duration) < 200ms
    cause: it reads everything anew
  same: {variant: fixed, verdict: pass}
`

func TestReadingAnExperimentAsOneOfItsAlternatives(t *testing.T) {
	dir := write(t, compared)
	type seen struct {
		Variant, Cache, SLO, Because string
		Rate                         float64
	}
	for _, row := range []struct {
		name string
		opts Options
		env  map[string]string
		want seen
	}{
		{"none", Options{}, nil, seen{"fixed", "", "p95(http_req_duration) < 300ms", "p95(http_req_duration) < 200ms", 0}},
		{"what it sets is set", Options{Alternative: "slower"}, nil, seen{"naive", "off", "p95(http_req_duration) < 200ms", "p95(http_req_duration) < 200ms", 5}},
		{"a flag stands above it", Options{Alternative: "slower", Rate: "7/s", Set: []string{"target.env.CACHE=on"}}, nil,
			seen{"naive", "on", "p95(http_req_duration) < 200ms", "p95(http_req_duration) < 200ms", 7}},
		{"a variable stands above it, but not that of the variant", Options{Alternative: "slower"}, map[string]string{"BRUNT_RATE": "8/s", "BRUNT_VARIANT": "fixed"},
			seen{"naive", "off", "p95(http_req_duration) < 200ms", "p95(http_req_duration) < 200ms", 8}},
		{"one that sets nothing", Options{Alternative: "same"}, nil, seen{"fixed", "", "p95(http_req_duration) < 300ms", "p95(http_req_duration) < 200ms", 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Lookup = lookup(row.env)
			e, err := Read(dir, row.opts)
			if err != nil {
				t.Fatal(err)
			}
			others := e.Alternatives()
			if len(e.Expect) != 4 || len(others) != 2 || others[0].Name != "slower" || others[1].Name != "same" || e.Alternative != row.opts.Alternative {
				t.Fatalf("read as %q, with %+v", e.Alternative, e.Expect)
			}
			s := e.Services[0]
			if diff := cmp.Diff(row.want, seen{s.Variant, s.Env["CACHE"], e.SLOs[0].Text, others[0].Because, e.Load.Rate}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnAlternativeThatIsNotThere(t *testing.T) {
	for _, row := range []struct{ file, name, want string }{
		{compared, "slow", `--alternative: the experiment has no alternative "slow" (did you mean slower?)`},
		{compared, "naive", `--alternative: the experiment has no alternative "naive" (there are slower and same)`},
		{expecting, "slower", `--alternative: the experiment has no alternative "slower" (its file declares none below expect)`},
	} {
		if _, err := Read(write(t, row.file), Options{Alternative: row.name}); err == nil || err.Error() != row.want {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
}

// A flag is for the question that is asked, and is held against none that is not.
func TestAFlagThatDoesNotSuitAnAlternativeIsAProblemOfThatAlternativeOnly(t *testing.T) {
	dir := write(t, strings.Replace(small, "slos:", `
expect:
  naive: {verdict: pass}
  fixed: {verdict: pass}
  later: {variant: fixed, set: {faults.redis-slow.at: 45s}, verdict: pass}
slos:`, 1))
	opts := Options{Duration: 50 * time.Second}
	if _, err := Read(dir, opts); err != nil {
		t.Error(err)
	}
	opts.Alternative = "later"
	_, err := Read(dir, opts)
	if err == nil || !strings.Contains(err.Error(), "fault redis-slow ends at 55s, after the load") {
		t.Errorf("got %v", err)
	}
}

func TestThereAreNoMoreAlternativesThanATableHolds(t *testing.T) {
	text := expecting
	for i := range mostAlternatives {
		text += "  other-" + itoa(i) + ": {variant: fixed, verdict: pass}\n"
	}
	if e, err := Read(write(t, text), Options{}); err != nil || len(e.Alternatives()) != mostAlternatives {
		t.Errorf("%d alternatives, and %v", len(e.Alternatives()), err)
	}
	_, err := Read(write(t, text+"  more: {variant: fixed, verdict: pass}\n"), Options{})
	if err == nil || !strings.HasSuffix(err.Error(), "expect.more is one alternative too many (at most 12 make sense)") {
		t.Errorf("got %v", err)
	}
}
