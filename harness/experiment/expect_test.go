package experiment

import (
	"errors"
	"strings"
	"testing"
)

const expecting = `
target: {reference: restapi}
load: {script: script.js}
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
