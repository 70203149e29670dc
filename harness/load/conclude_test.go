package load

import (
	"testing"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

func TestAStackIsKeptWholeWithPathsThatPeopleRead(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"a stack", "Error: boom\n\tat order (file:///a%20b/lib.js:2:9(3))\n\tat default (file:///a%20b/script.js:4:30(12))\n",
			"Error: boom\n\tat order (/a b/lib.js:2:9(3))\n\tat default (/a b/script.js:4:30(12))"},
		{"a message alone is no stack", "Error: boom", ""},
		{"nor is one with an empty line after it", "Error: boom\n", ""},
		{"nothing", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := stack(row.text); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

func TestWhatWasDueIsKnownOfALoadThatWentToItsEnd(t *testing.T) {
	for _, row := range []struct {
		name    string
		change  func(*Process, *wire.Ended)
		offered int64
		want    int64
	}{
		{"as much as was offered", func(*Process, *wire.Ended) {}, 600, 600},
		{"more than was offered", func(*Process, *wire.Ended) {}, 500, 600},
		{"not of a load that was stopped", func(p *Process, _ *wire.Ended) { close(p.child.stopped) }, 500, 0},
		{"not of one that the script ended", func(_ *Process, e *wire.Ended) { e.Aborted = "test.abort()" }, 500, 0},
		{"not of a child that died", func(p *Process, _ *wire.Ended) { p.ended = nil }, 500, 0},
		{"on k6's own executors iterations that were cut off are in no account", func(p *Process, _ *wire.Ended) {
			p.options.Inspection.Executors = []string{"constant-arrival-rate"}
		}, 590, 590},
		{"of which there can be as many as VUs", func(p *Process, _ *wire.Ended) {
			p.options.Inspection.Executors = []string{"constant-arrival-rate"}
		}, 589, 600},
	} {
		t.Run(row.name, func(t *testing.T) {
			ended := &wire.Ended{Due: 600, Offered: row.offered}
			p := &Process{child: &child{stopped: make(chan struct{})}, ended: ended}
			p.options.Inspection = Inspection{Executors: []string{"brunt-arrival"}, MaxVUs: 10}
			row.change(p, ended)
			if got := p.due(ended); got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
		})
	}
}
