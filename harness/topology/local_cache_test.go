package topology

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

func TestTheKeyOfASnapshotFollowsWhatSetupMakes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sql")
	key := func(sql string, change func(p *depPlan, steps []experiment.SetupStep)) string {
		if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
		server := mustKnow(t, "postgres")
		p := depPlan{Dependency: experiment.Dependency{Name: "db", Kind: "postgres"}, Server: &server, Params: server.Params(nil, nil)}
		steps := []experiment.SetupStep{{SQL: file, On: "db"}, {Dataset: "items", Rows: 10, On: "db"}}
		change(&p, steps)
		k, err := snapshotKey(p, steps, 1)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	same := func(*depPlan, []experiment.SetupStep) {}
	base := key("SELECT 1", same)
	if key("SELECT 1", same) != base {
		t.Error("another password makes another key")
	}
	for name, other := range map[string]string{
		"content":  key("SELECT 2", same),
		"rows":     key("SELECT 1", func(_ *depPlan, s []experiment.SetupStep) { s[1].Rows = 11 }),
		"database": key("SELECT 1", func(p *depPlan, _ []experiment.SetupStep) { p.Params["database"] = "x" }),
		"order":    key("SELECT 1", func(_ *depPlan, s []experiment.SetupStep) { s[0], s[1] = s[1], s[0] }),
	} {
		if other == base {
			t.Errorf("another %s makes the same key", name)
		}
	}
}

func TestTheCacheKeepsTheNewestAndOnlyWholeOnes(t *testing.T) {
	c := &cache{dir: filepath.Join(t.TempDir(), "cache")}
	from := t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "base", "1"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range keepSnapshots + 3 {
		if err := c.keep(t.Context(), "key"+strconv.Itoa(i), from); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.keep(t.Context(), "key5", from); err != nil {
		t.Errorf("keeping the same thing again: %v", err)
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) != keepSnapshots {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if !c.restore(t.Context(), "key5", to, nil) {
		t.Fatal("not restored")
	}
	if text, err := os.ReadFile(filepath.Join(to, "base", "1")); err != nil || string(text) != "data" {
		t.Errorf("%q, %v", text, err)
	}
	if c.restore(t.Context(), "nothing", filepath.Join(t.TempDir(), "x"), nil) {
		t.Error("restored what was never kept")
	}
	if (&cache{}).restore(t.Context(), "key5", to, nil) {
		t.Error("restored without a cache")
	}
}
