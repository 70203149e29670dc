package experiment

import (
	"regexp"
	"slices"
	"strings"
)

const defaultLedgerPath = "/ledger"

func ledgerForm() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`) }

func (c *checker) ledgers() {
	for _, e := range c.raw.Ledgers.entries {
		path := "ledgers." + e.name.value
		if !ledgerForm().MatchString(e.name.value) {
			c.problem(e.name.place, "ledgers: "+quote(e.name.value)+" is not a name", "letters, digits, underscores, hyphens and points, at most 64")
		}
		c.ledger(e.name.value, path, e.value)
	}
}

func (c *checker) ledger(name, path string, raw rawLedger) {
	l := Ledger{Name: name, Path: defaultLedgerPath, Settle: c.exp.Settle, Line: raw.line()}
	if !raw.Service.given() && !c.reported(raw.place) {
		c.problem(raw.place, path+".service is missing", "name the service that offers what arrived there")
	}
	services := c.named(func(n node) bool { return n.service })
	for _, s := range raw.Service.value {
		switch n, known := c.node(s); {
		case slices.ContainsFunc(c.members(s), func(m string) bool { return slices.Contains(l.Services, m) }):
			c.problem(raw.Service.place, path+".service: "+s+" is named twice", "leave one out")
		case known && !n.service:
			c.problem(raw.Service.place, path+".service: "+s+" is a dependency", "a ledger is offered by a service")
		case !known:
			c.problem(raw.Service.place, path+".service: no service is named "+s, suggest(s, services))
		default:
			l.Services = append(l.Services, c.members(s)...)
		}
	}
	if raw.Path.given() {
		l.Path = raw.Path.value
		if !strings.HasPrefix(l.Path, "/") {
			c.problem(raw.Path.place, path+".path: "+quote(l.Path)+" is not a path", "paths begin with /")
		}
	}
	if raw.Settle.given() {
		l.Settle = raw.Settle.value
	}
	c.exp.Ledgers = append(c.exp.Ledgers, l)
}
