package report

import (
	"github.com/devcraft-studio/brunt/results"
)

// uses is the table of what each phase asked of dependencies, nodes and links.
func uses(run results.Run) Table {
	t := Table{Title: "Dependencies and nodes", Columns: []Column{
		{Name: "trial"}, {Name: "phase"}, {Name: "node"}, {Name: "queries/request", Right: true}, {Name: "rows/request", Right: true},
		{Name: "buffers/request", Right: true}, {Name: "WAL/request", Right: true}, {Name: "commands/request", Right: true},
		{Name: "connections/request", Right: true}, {Name: "x before", Right: true}, {Name: "keys without TTL", Right: true},
		{Name: "CPU", Right: true}, {Name: "memory", Right: true}, {Name: "read", Right: true}, {Name: "written", Right: true},
		{Name: "open files", Right: true}, {Name: "sockets", Right: true},
	}}
	for _, u := range run.Verdict.Uses {
		row := []Cell{trialCell(run, u.Trial), {Text: u.Phase}, {Text: u.Node}}
		for _, v := range []struct {
			value *float64
			unit  string
		}{
			{u.Queries, ""}, {u.Rows, ""}, {u.Buffers, ""}, {u.WAL, "B"}, {u.Commands, ""}, {u.Connections, ""}, {u.Amplification, ""},
			{u.KeysWithoutTTL, ""}, {u.CPUPercent, "%"}, {u.Memory, "B"}, {moved(u.Read), "B/s"}, {moved(u.Written), "B/s"},
			{u.OpenFDs, ""}, {u.Sockets, ""},
		} {
			cell := Cell{}
			if v.value != nil {
				cell.Text = quantity(*v.value, v.unit)
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// moved leaves out what is nothing, as bytes to and from a disk usually are.
func moved(v *float64) *float64 {
	if v == nil || *v == 0 {
		return nil
	}
	return v
}
