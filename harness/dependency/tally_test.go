package dependency

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCountersThatGoBackAreNoCost: what was done before somebody set them to nothing is lost, and less than nothing would set off what
// other requests cost.
func TestCountersThatGoBackAreNoCost(t *testing.T) {
	t.Parallel()
	reading := func(change func(*Done)) Done {
		d := Done{Statements: map[int64]StatementDone{1: {5, 5, 20, 300}, 2: {1, 1, 4, 0}}, Commands: map[string]int64{"GET": 7}, Bytes: 900}
		change(&d)
		return d
	}
	before := reading(func(*Done) {})
	for name, change := range map[string]func(*Done){
		"calls":                       func(d *Done) { d.Statements[1] = StatementDone{4, 9, 20, 300} },
		"rows":                        func(d *Done) { d.Statements[1] = StatementDone{9, 4, 20, 300} },
		"buffers":                     func(d *Done) { d.Statements[1] = StatementDone{9, 9, 19, 300} },
		"WAL":                         func(d *Done) { d.Statements[1] = StatementDone{9, 9, 20, 299} },
		"a statement that is gone":    func(d *Done) { delete(d.Statements, 2) },
		"all statements":              func(d *Done) { d.Statements = nil },
		"a command":                   func(d *Done) { d.Commands["GET"] = 6 },
		"a command that is gone":      func(d *Done) { d.Commands = map[string]int64{"CONFIG RESETSTAT": 1} },
		"bytes":                       func(d *Done) { d.Bytes = -40 },
		"one goes back, another does": func(d *Done) { d.Statements[1] = StatementDone{50, 50, 200, 3000}; delete(d.Statements, 2) },
	} {
		if done, err := reading(change).Since(before); !errors.As(err, new(*WentBackError)) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	done, err := reading(func(d *Done) {
		d.Statements[2], d.Statements[3] = StatementDone{3, 2, 10, 7}, StatementDone{1, 0, 0, 0}
		d.Commands["SET"], d.Bytes = 2, 1000
	}).Since(before)
	want := Done{
		Statements: map[int64]StatementDone{2: {2, 1, 6, 7}, 3: {1, 0, 0, 0}}, Commands: map[string]int64{"SET": 2}, Bytes: 100,
	}
	if diff := cmp.Diff(want, done); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
