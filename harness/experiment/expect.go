package experiment

import (
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results/slo"
)

// rawMeasurement is the left side of a line of the SLO language.
type rawMeasurement struct{ text }

// expectations checks what the variants of a reference target are declared to show. It comes after the SLOs, which it names.
func (c *checker) expectations() {
	if len(c.raw.Expect.entries) > 0 && !c.hasReference() {
		c.problem(c.raw.Expect.place, "expect: no service of the experiment is a reference target", "only those have variants")
		return
	}
	for _, e := range c.raw.Expect.entries {
		path := "expect." + e.name.value
		if !slices.Contains(variants(), e.name.value) {
			c.problem(e.name.place, "expect: unknown variant "+quote(e.name.value), suggest(e.name.value, variants()))
			continue
		}
		c.expectation(e.name.value, path, e.value)
	}
}

// hasReference tells whether a service is said to be a reference target. One that nobody knows was reported where it stands.
func (c *checker) hasReference() bool {
	return c.raw.Target.Reference.given() ||
		slices.ContainsFunc(c.raw.Services.entries, func(e entry[rawService]) bool { return e.value.Reference.given() })
}

func (c *checker) expectation(variant, path string, raw rawExpectation) {
	e := Expectation{Variant: variant, Verdict: raw.Verdict.value, Cause: strings.TrimSpace(raw.Cause.value), Line: raw.line()}
	switch {
	case !raw.Verdict.given() && !c.reported(raw.place):
		c.problem(raw.place, path+".verdict is missing", "it is pass or fail")
	case e.Verdict == expectPass:
		c.refuse(path, "beside verdict: pass", source{"because", raw.Because.place}, source{"cause", raw.Cause.place})
	case e.Verdict == expectFail:
		if !raw.Because.given() {
			c.problem(raw.place, path+".because is missing", "name the SLO that has to fail, in the words in which it stands below slos")
		}
		if e.Cause == "" && !c.reported(raw.Cause.place) {
			c.problem(raw.place, path+".cause is missing", "say in one sentence what is wrong with the variant")
		}
	}
	stands := true
	if e.Verdict == expectFail && raw.Because.value != "" && c.scaledWindow(&raw.Because) {
		e.Because, stands = c.because(path, raw.Because)
	}
	for _, m := range raw.Evidence.items {
		if one, ok := c.measurement(m); ok {
			e.Evidence = append(e.Evidence, one)
		}
	}
	if stands {
		c.exp.Expect = append(c.exp.Expect, e)
	}
}

// because finds the SLO that has to fail. It is not there, and that is no problem, where an SLO of the file was replaced by a
// flag: what is declared of the file says nothing of another question.
func (c *checker) because(path string, t text) (named string, stands bool) {
	meant, err := slo.Parse(t.value)
	var there []string
	replaced := false
	for _, s := range c.exp.SLOs {
		if s.Text == t.value || err == nil && s.SLO.String() == meant.String() {
			return s.Text, true
		}
		there = append(there, s.Text)
	}
	for _, raw := range c.raw.SLOs.items {
		replaced = replaced || c.origins[raw.node] != ""
	}
	switch {
	case replaced:
	case err != nil && slo.Nearest(t.value, there) == "":
		c.syntax(rawSLO{text: t}, err)
	default:
		c.problem(t.place, path+".because: no SLO is "+quote(t.value), meantSLO(t.value, there))
	}
	return "", false
}

// meantSLO is the hint for an SLO that is none of those there are.
func meantSLO(text string, there []string) string {
	if near := slo.Nearest(text, there); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return "name one of slos, word for word"
}

// measurement checks a measurement as it would the left side of an SLO.
func (c *checker) measurement(m rawMeasurement) (SLO, bool) {
	if c.reported(m.place) || !c.scaledWindow(&m.text) {
		return SLO{}, false
	}
	raw := rawSLO{text: m.text, measures: true}
	parsed, err := slo.ParseMeasurement(m.value)
	if c.syntax(raw, err) || c.syntax(raw, parsed.Validate(func(string) (slo.Kind, bool) { return "", true })) {
		return SLO{}, false
	}
	before := len(c.problems)
	c.scope(raw, parsed)
	return SLO{Text: m.value, SLO: parsed, Line: m.line()}, len(c.problems) == before
}
