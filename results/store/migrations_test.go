package store

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

var update = flag.Bool("update", false, "write golden files that are missing or may change")

// Stores in the field have run these scripts: to change one is to have two schemas of one number. Add a new one instead,
// and its digest here.
func TestMigrationsAreNeverEdited(t *testing.T) {
	want := map[string]string{
		"migrations/0001_runs.sql":         "8baeb7066f3cf5727cd74023c26f48ecfac9863af6f16d8d3192272e688a9cca",
		"migrations/0002_releases.sql":     "cec87b288f4daaea2684d22803efd0005ec5af2a6776ecf5eacc0882c913dd93",
		"migrations/0003_calibrations.sql": "a5ff98c045b14cf0f3597742e01a4d09566683e537a6bb3a19e6f7ad0c4fcd47",
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, name := range names {
		if !strings.HasPrefix(filepath.Base(name), fmt.Sprintf("%04d_", i+1)) {
			t.Errorf("%s is not number %d", name, i+1)
		}
		script, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = fmt.Sprintf("%x", sha256.Sum256(script))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-known +found)\n%s", diff)
	}
}

// testdata/v1.db was written by the first version of the store, and is read for ever. It is never written again.
func TestTheFirstVersionOfTheStoreIsReadForEver(t *testing.T) {
	s := openGolden(t, "v1.db", func(s *Store) { fillFirst(t, s) })
	got, err := json.MarshalIndent(load(t, s, "v1-complete"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	// A later results.Run may have keys that v1 lacks, but none of v1 may be lost.
	var wantValue, gotValue any
	if err := errors.Join(json.Unmarshal(want, &wantValue), json.Unmarshal(got, &gotValue)); err != nil {
		t.Fatal(err)
	}
	for _, loss := range losses("run", wantValue, gotValue) {
		t.Error(loss)
	}
	if id, err := s.Resolve(t.Context(), "bbbb"); err != nil || id != "v1-complete" {
		t.Errorf("by commit: %q, %v", id, err)
	}
	list, err := s.List(t.Context(), Filter{})
	if err != nil || len(list) != 2 || list[0].Status != results.StatusBroken {
		t.Errorf("%+v, %v", list, err)
	}
	save(t, s, example("today")) // and it can be written on
}

// losses lists what of a JSON value is missing or different in another, which may have more keys.
func losses(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		var out []string
		object, _ := got.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			out = append(out, losses(path+"."+key, want[key], object[key])...)
		}
		return out
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			return []string{fmt.Sprintf("%s: %d elements, want %d", path, len(list), len(want))}
		}
		var out []string
		for i := range want {
			out = append(out, losses(fmt.Sprintf("%s[%d]", path, i), want[i], list[i])...)
		}
		return out
	}
	if want != got {
		return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
	}
	return nil
}

// fillFirst saves what v1.db holds, and one of its runs as v1.json beside it.
func fillFirst(t *testing.T, s *Store) {
	t.Helper()
	complete, crashed := example("v1-complete"), example("v1-crashed")
	crashed.Created, crashed.Ended, crashed.Status = began.Add(time.Hour), time.Time{}, results.StatusBroken
	crashed.Trials, crashed.Verdict, crashed.Builds = nil, results.Verdict{}, nil
	save(t, s, complete)
	save(t, s, crashed)
	document, err := json.MarshalIndent(complete, "", "  ")
	if err := errors.Join(err, os.WriteFile(filepath.Join("testdata", "v1.json"), append(document, '\n'), 0o666)); err != nil {
		t.Fatal(err)
	}
}
