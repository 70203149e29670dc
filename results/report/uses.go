package report

import (
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// gauge is a column of a table of uses, and what it shows of one.
type gauge struct {
	name, unit string
	of         func(results.Use) *float64
}

// work is the table of what each request of a phase asked of dependencies and links.
func work(run results.Run) Table {
	return usesTable(run, "Dependencies, per request", []gauge{
		{"queries", "", func(u results.Use) *float64 { return u.Queries }},
		{"rows", "", func(u results.Use) *float64 { return u.Rows }},
		{"buffers", "", func(u results.Use) *float64 { return u.Buffers }},
		{"WAL", "B", func(u results.Use) *float64 { return u.WAL }},
		{"commands", "", func(u results.Use) *float64 { return u.Commands }},
		{"exchanges", "", func(u results.Use) *float64 { return u.Exchanges }},
		{"connections", "", func(u results.Use) *float64 { return some(u.Connections) }},
		{"x before", "", func(u results.Use) *float64 { return u.Amplification }},
		{"keys without TTL", "", func(u results.Use) *float64 { return some(u.KeysWithoutTTL) }},
	})
}

// machines is the table of what each node took of the machine.
func machines(run results.Run) Table {
	return usesTable(run, "Nodes", []gauge{
		{"CPU", "%", func(u results.Use) *float64 { return u.CPUPercent }},
		{"memory", "B", func(u results.Use) *float64 { return u.Memory }},
		{"read", "B/s", func(u results.Use) *float64 { return some(u.Read) }},
		{"written", "B/s", func(u results.Use) *float64 { return some(u.Written) }},
		{"open files", "", func(u results.Use) *float64 { return u.OpenFDs }},
		{"sockets", "", func(u results.Use) *float64 { return u.Sockets }},
	})
}

// usesTable has a row for each use that any of the gauges shows something of.
func usesTable(run results.Run, title string, gauges []gauge) Table {
	t := Table{Title: title, Columns: []Column{{Name: "trial"}, {Name: "phase"}, {Name: "node"}}}
	for _, g := range gauges {
		t.Columns = append(t.Columns, Column{Name: g.name, Right: true})
	}
	for _, u := range run.Verdict.Uses {
		row := []Cell{trialCell(run, u.Trial), {Text: u.Phase}, {Text: u.Node}}
		for _, g := range gauges {
			cell := Cell{}
			if v := g.of(u); v != nil {
				cell.Text = quantity(*v, g.unit)
			}
			row = append(row, cell)
		}
		if slices.ContainsFunc(row[3:], func(c Cell) bool { return c.Text != "" }) {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// some leaves out what is nothing, as usually is: bytes to and from a disk, new connections, keys that never expire.
func some(v *float64) *float64 {
	if v == nil || *v == 0 {
		return nil
	}
	return v
}
