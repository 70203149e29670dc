package experiment

import (
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results/slo"
)

// rawMeasurement is the left side of a line of the SLO language.
type rawMeasurement struct{ text }

// expectations checks what the variants of a reference target, and alternatives to them, are declared to show. It comes after the
// SLOs, which it names.
func (c *checker) expectations() {
	if len(c.raw.Expect.entries) > 0 && !c.hasReference() {
		c.problem(c.raw.Expect.place, "expect: no service of the experiment is a reference target", "only those have variants")
		return
	}
	others := 0
	for _, e := range c.raw.Expect.entries {
		path := "expect." + e.name.value
		if slices.Contains(variants(), e.name.value) {
			c.notAnAlternative(path, e.value)
			c.expectation(e, path)
			continue
		}
		if others++; others > mostAlternatives {
			c.problem(e.name.place, path+" is one alternative too many", "at most "+itoa(mostAlternatives)+" make sense")
			return
		}
		if !c.badName(e.name, path) {
			c.expectation(e, path)
		}
	}
}

// hasReference tells whether a service is said to be a reference target. One that nobody knows was reported where it stands.
func (c *checker) hasReference() bool {
	return c.raw.Target.Reference.given() ||
		slices.ContainsFunc(c.raw.Services.entries, func(e entry[rawService]) bool { return e.value.Reference.given() })
}

// notAnAlternative refuses what says how an alternative differs.
func (c *checker) notAnAlternative(path string, raw rawExpectation) {
	for _, s := range given(source{"variant", raw.Variant.place}, source{"set", raw.Set.place}) {
		c.problem(s.place, path+"."+s.key+" has no meaning", "only an alternative has it, which is an entry of another name")
	}
}

// alternative checks what says how an alternative differs.
func (c *checker) alternative(e entry[rawExpectation], path string) {
	if !e.value.Variant.given() {
		hint := "an alternative says which one runs: naive or fixed"
		if near := nearest(e.name.value, variants()); near != "" {
			hint = "did you mean " + near + "? If not, say which one runs: naive or fixed"
		}
		c.problem(e.name.place, path+".variant is missing", hint)
	}
	for _, s := range e.value.Set.entries {
		if declaring(s.name.value) {
			c.problem(s.name.place, path+".set: "+s.name.value+" is the same for all that is compared", "remove it")
		}
	}
}

func (c *checker) expectation(entry entry[rawExpectation], path string) {
	raw := entry.value
	e := Expectation{
		Name: entry.name.value, Variant: raw.Variant.value, Verdict: raw.Verdict.value, Cause: strings.TrimSpace(raw.Cause.value), Line: raw.line(),
	}
	malformed := c.reported(raw.place)
	if !e.IsAlternative() {
		e.Variant = e.Name
	} else if !malformed {
		c.alternative(entry, path)
	}
	for _, s := range raw.Set.entries {
		value := strings.Join(s.value.value, ", ")
		if !s.value.whole {
			value = "[" + value + "]"
		}
		e.Set = append(e.Set, s.name.value+"="+value)
	}
	switch {
	case !raw.Verdict.given() && !malformed:
		c.problem(raw.place, path+".verdict is missing", "it is pass or fail")
	case e.Verdict == expectPass:
		c.refuse(path, "beside verdict: pass", source{"because", raw.Because.place}, source{"cause", raw.Cause.place})
	case e.Verdict == expectFail:
		if !raw.Because.given() {
			c.problem(raw.place, path+".because is missing", "name the SLO that has to fail, in the words in which it stands below slos")
		}
		if e.Cause == "" && !c.reported(raw.Cause.place) {
			c.problem(raw.place, path+".cause is missing", "say in one sentence what is wrong with it")
		}
	}
	stands := true
	if e.Verdict == expectFail && raw.Because.value != "" && c.scaledWindow(&raw.Because) {
		e.Because, stands = c.because(e, path, raw.Because)
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
// flag: what is declared of the file says nothing of another question. Nor is it where another alternative is read, or none: what
// an alternative sets may be an SLO.
func (c *checker) because(e Expectation, path string, t text) (named string, stands bool) {
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
	case c.exp.Alternative != "" && c.exp.Alternative != e.Name, c.exp.Alternative == "" && e.IsAlternative():
		return t.value, true
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
