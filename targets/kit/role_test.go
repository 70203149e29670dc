package kit

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestARoleIsOpenedByItsNameAndTheFirstWithoutOne(t *testing.T) {
	t.Parallel()
	role := func(name string) Role {
		return Role{name, func(context.Context, Environment) (Service, error) {
			return Service{Server: &http.Server{Addr: name}}, nil
		}}
	}
	for _, row := range []struct{ set, opened, refused string }{
		{"", "edge", ""}, {"edge", "edge", ""}, {"upstream", "upstream", ""}, {"boss", "", "ROLE=boss is none of edge, upstream"},
	} {
		env := Environment{Lookup: func(string) (string, bool) { return row.set, row.set != "" }}
		service, err := OpenRole(t.Context(), env, role("edge"), role("upstream"))
		switch {
		case row.refused != "" && (err == nil || !strings.Contains(err.Error(), row.refused)):
			t.Errorf("%q: got %v, want %s", row.set, err, row.refused)
		case row.refused == "" && (err != nil || service.Server.Addr != row.opened):
			t.Errorf("%q opened %v (%v), want %s", row.set, service.Server, err, row.opened)
		}
	}
}
