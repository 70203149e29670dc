package fault

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scripted is a proxy that fails as it is told: for each operation, at its nth call.
type scripted struct {
	fails  map[string]error
	lifts  int // calls of lift that fail
	cut    int
	calls  []string
	broken error // what a restart gives
}

func (s *scripted) call(_ context.Context, req request) (response, error) {
	s.calls = append(s.calls, req.Op)
	if req.Op == opLift {
		if s.lifts > 0 {
			s.lifts--
			return response{}, s.fails[opLift]
		}
		return response{At: 1, Cut: s.cut}, nil
	}
	return response{}, s.fails[req.Op]
}

func (s *scripted) restart(context.Context) error {
	s.calls = append(s.calls, "restart")
	return s.broken
}

func TestClimb(t *testing.T) {
	boom := errors.New("boom")
	for _, row := range []struct {
		name   string
		proxy  scripted
		ladder []string
		calls  []string
		fails  bool
	}{
		{"a lift that works needs no step", scripted{}, nil, []string{opLift}, false},
		{"connections that were cut are a step", scripted{cut: 2}, []string{stepCut}, []string{opLift}, false},
		{"a link is disabled, lifted and enabled", scripted{lifts: 1, fails: map[string]error{opLift: ErrNoAnswer}},
			[]string{stepDisable}, []string{opLift, opPing, opDisable, opLift, opEnable}, false},
		{"a link that stays disturbed is deleted and opened again", scripted{lifts: 2, fails: map[string]error{opLift: boom}},
			[]string{stepDisable, stepDelete}, []string{opLift, opPing, opDisable, opLift, opClose, opOpen}, false},
		{"a link that cannot be enabled is deleted and opened again", scripted{lifts: 1, fails: map[string]error{opLift: boom, opEnable: boom}},
			[]string{stepDisable, stepDelete}, []string{opLift, opPing, opDisable, opLift, opEnable, opClose, opOpen}, false},
		{"a link that cannot be opened again costs the proxy", scripted{lifts: 2, fails: map[string]error{opLift: boom, opOpen: boom}},
			[]string{stepDisable, stepDelete, stepRestart}, []string{opLift, opPing, opDisable, opLift, opClose, opOpen, "restart"}, false},
		{"a proxy that answers nothing is restarted at once", scripted{lifts: 1, fails: map[string]error{opLift: ErrNoAnswer, opPing: ErrNoAnswer}},
			[]string{stepRestart}, []string{opLift, opPing, "restart"}, false},
		{"a proxy that died was restarted", scripted{lifts: 1, fails: map[string]error{opLift: ErrProxyDied}},
			[]string{stepRestart}, []string{opLift, opPing}, false},
		{"a proxy that cannot be restarted is an error", scripted{lifts: 1, fails: map[string]error{opLift: ErrNoAnswer, opPing: ErrNoAnswer}, broken: boom},
			[]string{stepRestart}, []string{opLift, opPing, "restart"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			e, err := climb(t.Context(), &row.proxy, request{Op: opOpen, Link: "l"}, "f")
			if (err != nil) != row.fails {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(row.ladder, e.ladder); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(row.calls, row.proxy.calls) {
				t.Errorf("it asked for %v, want %v", row.proxy.calls, row.calls)
			}
			if err == nil && e.at.IsZero() {
				t.Error("it does not say when")
			}
		})
	}
}
