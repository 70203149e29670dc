package topology

import (
	"context"
	"testing"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
)

// TestTopologiesOfOneRunStandSideBySide: they have nothing in common, and the end of one leaves the other whole.
func TestTopologiesOfOneRunStandSideBySide(t *testing.T) {
	exp := experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}}}
	t.Run(ProviderLocal, func(t *testing.T) {
		o, _ := options(t, exp)
		sideBySide(t, o)
		nothingLeft(t, o)
	})
	t.Run(ProviderDocker, func(t *testing.T) {
		o, engine := dockerOptions(t, exp)
		sideBySide(t, o)
		noContainers(t, engine, o.RunID)
	})
}

func sideBySide(t *testing.T, o Options) {
	t.Helper()
	var both []*Topology
	addresses := map[string]string{}
	for _, name := range []string{"b1", "c1"} {
		o.Beside = name
		top, err := Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := top.Stop(context.Background()); err != nil {
				t.Errorf("stop %s: %v", name, err)
			}
		}()
		both = append(both, top)
		for _, n := range top.Site().Nodes {
			if of := addresses[n.Address]; of != "" {
				t.Errorf("%s of %s has the address of %s", n.Name, name, of)
			}
			addresses[n.Address] = n.Name + " of " + name
		}
	}
	if err := both[0].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range both[1].Site().Nodes {
		i, err := dependency.Of(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Version(t.Context()); err != nil {
			t.Errorf("%s has gone with the other topology: %v", n.Name, err)
		}
	}
}
