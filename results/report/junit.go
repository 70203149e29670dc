package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	ID         string          `xml:"id,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Hostname   string          `xml:"hostname,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes one test suite for each run and one test case for each row of evidence: a fail is a failure, what is
// inconclusive an error, or skipped under Options.InconclusivePass. A run whose status or verdict is worse than its rows gets a
// further case that says so: no run that did not pass is green. What is accepted is told in what the suite put out.
func JUnit(w io.Writer, d Document, o Options) error {
	suites := junitSuites{Name: "brunt", Time: junitSeconds(d.Run.Created, d.Run.Ended)}
	all := d.Gates
	if all == nil {
		all = []Document{d}
	}
	for _, one := range all {
		s := junitSuiteOf(one, o)
		suites.Suites = append(suites.Suites, s)
		suites.Tests, suites.Failures = suites.Tests+s.Tests, suites.Failures+s.Failures
		suites.Errors, suites.Skipped = suites.Errors+s.Errors, suites.Skipped+s.Skipped
	}
	body, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return fmt.Errorf("junit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, body)
	return err
}

// junitSuiteOf is the suite of one run, or of a track record.
func junitSuiteOf(d Document, o Options) junitSuite {
	run := d.Run
	suite := junitSuite{
		Name:       run.Experiment,
		ID:         run.ID,
		Timestamp:  run.Created.UTC().Format("2006-01-02T15:04:05"),
		Hostname:   run.Host.Name,
		Time:       junitSeconds(run.Created, run.Ended),
		Properties: junitProperties(run),
		Cases:      junitCases(d, o),
		Out:        d.Answer.String() + acceptedLines(run) + "\n" + d.Repeat,
	}
	suite.Tests = len(suite.Cases)
	for _, c := range suite.Cases {
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	return suite
}

func junitSeconds(from, to time.Time) string {
	return strconv.FormatFloat(max(to.Sub(from).Seconds(), 0), 'f', 3, 64)
}

func junitProperties(run results.Run) []junitProperty {
	properties := []junitProperty{
		{"run", run.ID}, {"status", string(run.Status)}, {"verdict", string(run.Verdict.Outcome)},
		{"seed", strconv.FormatInt(run.Seed, 10)}, {"provider", run.Provider},
	}
	if len(run.Builds) > 0 {
		b := run.Builds[len(run.Builds)-1]
		properties = append(properties, junitProperty{"sha", b.SHA}, junitProperty{"ref", b.Ref},
			junitProperty{"variant", b.Variant}, junitProperty{"dirty", strconv.FormatBool(b.Dirty)})
		if b.Alternative != "" {
			properties = append(properties, junitProperty{"alternative", b.Alternative})
		}
	}
	return properties
}

// junitCases turns the rows into cases, and adds what the rows do not say.
func junitCases(d Document, o Options) []junitCase {
	run := d.Run
	if d.Track != nil {
		return trackCases(*d.Track, o)
	}
	var cases []junitCase
	worst := results.Pass
	used := map[string]int{}
	for _, e := range run.Verdict.Evidence {
		c := junitCase{Class: run.Experiment, Name: e.What, Time: "0.000"}
		if e.Trial > 0 && len(run.Trials) > 1 {
			c.Name += fmt.Sprintf(" (trial %d)", e.Trial)
		}
		// Readers of JUnit take two cases of one name for one.
		if used[c.Name]++; used[c.Name] > 1 {
			c.Name += fmt.Sprintf(" #%d", used[c.Name])
		}
		if e.Outcome == results.Inconclusive && run.Verdict.Outcome == results.Pass { // it does not decide, as a quantile of too few values
			c.Skipped = &junitProblem{Message: rowMessage(e)}
			cases = append(cases, c)
			continue
		}
		c.judge(e.Outcome, rowMessage(e), o)
		cases = append(cases, c)
		worst = worse(worst, e.Outcome)
	}
	if run.Status != results.StatusComplete {
		c := junitCase{Class: run.Experiment, Name: "measuring", Time: "0.000"}
		c.Error = problem(string(run.Status), d.Answer.String())
		cases = append(cases, c)
	}
	if outcome := run.Verdict.Outcome; worse(worst, outcome) != worst && run.Status == results.StatusComplete {
		c := junitCase{Class: run.Experiment, Name: "verdict", Time: "0.000"}
		c.judge(outcome, d.Answer.String(), o)
		cases = append(cases, c)
	}
	return cases
}

// trackCases has a case for each variant and each alternative of each target: it passes when it is as declared.
func trackCases(record results.TrackRecord, o Options) []junitCase {
	var cases []junitCase
	for _, t := range record.Targets {
		for _, side := range sides(t) {
			c := junitCase{Class: "demo", Name: t.Target + " (" + side.name + ")", Time: "0.000"}
			message := "it did not run"
			if side.run != nil {
				c.Time = junitSeconds(side.run.Created, side.run.Ended)
				message = shown(*side.run)
			}
			c.judge(RunOutcome(side.run), message, o)
			if side.run == nil || side.run.Status != results.StatusComplete { // no option makes that right
				c.Skipped, c.Error = nil, problem("broken", message)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// judge marks a case with an outcome. What was not judged counts as inconclusive.
func (c *junitCase) judge(outcome results.Outcome, message string, o Options) {
	switch {
	case outcome == results.Pass:
	case outcome == results.Fail:
		c.Failure = problem("slo", message)
	case o.InconclusivePass:
		c.Skipped = &junitProblem{Message: message}
	default:
		c.Error = problem("inconclusive", message)
	}
}

func problem(kind, message string) *junitProblem {
	return &junitProblem{Message: message, Type: kind, Text: message}
}

// worse is the worse of two outcomes.
func worse(a, b results.Outcome) results.Outcome {
	rank := map[results.Outcome]int{results.Pass: 0, results.Inconclusive: 1, "": 1, results.Fail: 2}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// rowMessage is a row of evidence in one sentence.
func rowMessage(e results.Evidence) string {
	text := e.What + ": "
	if e.Value != nil {
		text += quantity(*e.Value, e.Unit)
	} else {
		text += "no value"
	}
	if e.Phase != "" && !strings.HasSuffix(e.What, " in "+e.Phase) {
		text += " in " + e.Phase
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}
