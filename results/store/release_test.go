package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

const measured = "bbbb000000000000000000000000000000000000" // by example

func TestReleasesAreNamedShownAndForgotten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	save(t, s, example("run-1"))
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	name := func(name, reference string) Release {
		t.Helper()
		at = at.Add(time.Hour)
		r, err := s.NameRelease(t.Context(), name, reference, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	byRun, byCommit := name("v1.2", "run-1"), name("v1.3", "bbbb")
	if byRun.Run != "run-1" || byRun.SHA != measured || byCommit.Run != "" || byCommit.SHA != measured {
		t.Errorf("%+v, %+v", byRun, byCommit)
	}
	byRelease := name("stable/2026+5_x-y", "release:v1.2")
	all, err := s.Releases(t.Context())
	if diff := cmp.Diff([]Release{byRelease, byCommit, byRun}, all); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for reference, want := range map[string]Reference{
		"release:v1.2": {Text: "release:v1.2", Run: "run-1", SHA: measured},
		"release:v1.3": {Text: "release:v1.3", SHA: measured},
	} {
		if got, err := s.Refer(t.Context(), reference, ""); err != nil || got != want {
			t.Errorf("%s: %+v, %v", reference, got, err)
		}
	}
	if err := s.RemoveRelease(t.Context(), "v1.2"); err != nil {
		t.Error(err)
	}
	if _, err := s.Release(t.Context(), "v1.2"); !errors.Is(err, ErrNoRelease) {
		t.Errorf("a removed release is still there: %v", err)
	}
	if again := name("v1.2", "bbbb"); again.Run != "" { // and the name is free
		t.Errorf("%+v", again)
	}
	load(t, s, "run-1")
}

func TestReleasesThatCanNotBeNamedAreRefused(t *testing.T) {
	redact := func(text string) string { return strings.ReplaceAll(text, "s3cret", "[redacted]") }
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"), Redacting(redact))
	save(t, s, example("run-1"))
	if _, err := s.NameRelease(t.Context(), "v1", "run-1", began); err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		what, name, reference string
		want                  error
	}{
		{"no name", "", "run-1", ErrBadName},
		{"a space", "v 1", "run-1", ErrBadName},
		{"a flag", "-v1", "run-1", ErrBadName},
		{"a line break", "v1\n", "run-1", ErrBadName},
		{"a colon", "release:v1", "run-1", ErrBadName},
		{"too long", strings.Repeat("v", 65), "run-1", ErrBadName},
		{"a secret", "v1-s3cret", "run-1", ErrBadName},
		{"a name that is taken", "v1", "run-1", ErrReleaseTaken},
		{"an unknown run", "v2", "run-9", ErrNotFound},
		{"an unknown release", "v2", "release:v9", ErrNoRelease},
		{"a ref, which moves", "v2", "pull/12/merge", ErrNotFound},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			_, err := s.NameRelease(t.Context(), row.name, row.reference, began)
			if !errors.Is(err, row.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := s.RemoveRelease(t.Context(), "v2"); !errors.Is(err, ErrNoRelease) {
		t.Errorf("removed what is not there: %v", err)
	}
	if all, err := s.Releases(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestReferencesNameARunOrACommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	for i, r := range []struct{ id, experiment, sha, head, ref string }{
		{"one-1", "restapi", "aaaa1111", "", "main"}, {"one-2", "shop", "aaaa1111", "", "main"}, {"two-1", "restapi", "cccc2222", "dddd3333", "main"},
		{"two-2", "shop", "", "", "main"},
	} {
		run := example(r.id)
		run.Experiment, run.Created = r.experiment, began.Add(time.Duration(i)*time.Hour)
		run.Builds = []results.Build{{SHA: r.sha, HeadSHA: r.head, Ref: r.ref}}
		save(t, s, run)
	}
	rows := []struct{ name, text, experiment, run, sha, ref string }{
		{"the newest", "latest", "", "two-2", "", ""},
		{"the newest of an experiment", "latest", "restapi", "two-1", "cccc2222", ""},
		{"the one before", "latest~1", "", "two-1", "cccc2222", ""},
		{"the one before of an experiment", "latest~1", "restapi", "one-1", "aaaa1111", ""},
		{"a run", "one-1", "", "one-1", "aaaa1111", ""},
		{"the beginning of a run", "two-2", "", "two-2", "", ""},
		{"a commit", "aaaa", "", "", "aaaa1111", ""},
		{"the head of a pull request", "dddd3333", "", "", "dddd3333", ""},
		{"a ref is its newest measured commit", "main", "", "", "cccc2222", "main"},
		{"of an experiment", "main", "shop", "", "aaaa1111", "main"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.Refer(t.Context(), row.text, row.experiment)
			if want := (Reference{row.text, row.run, row.sha, row.ref}); err != nil || got != want {
				t.Errorf("got %+v, want %+v, %v", got, want, err)
			}
		})
	}
	var ambiguous *AmbiguousError
	for text, fits := range map[string]func(error) bool{
		"one":      func(err error) bool { return errors.As(err, &ambiguous) },
		"latest~9": func(err error) bool { return errors.Is(err, ErrNotFound) }, "latest~x": func(err error) bool { return errors.Is(err, ErrNotFound) },
		"latest~-1": func(err error) bool { return errors.Is(err, ErrNotFound) }, "develop": func(err error) bool { return errors.Is(err, ErrNotFound) },
		"": func(err error) bool { return errors.Is(err, ErrNotFound) }, "release:": func(err error) bool { return errors.Is(err, ErrNoRelease) },
	} {
		if r, err := s.Refer(t.Context(), text, ""); !fits(err) {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
	if names, err := s.Experiments(t.Context(), "aaaa1111"); err != nil || strings.Join(names, " ") != "restapi shop" {
		t.Errorf("%v, %v", names, err)
	}
}

// testdata/v2.db was written by the second version of the store, and is read for ever. It is never written again.
func TestTheSecondVersionOfTheStoreIsReadForEver(t *testing.T) {
	s := openGolden(t, "v2.db", func(s *Store) {
		save(t, s, example("v2-complete"))
		if _, err := s.NameRelease(t.Context(), "v1.2", "v2-complete", began); err != nil {
			t.Fatal(err)
		}
	})
	want := Release{Name: "v1.2", Run: "v2-complete", SHA: measured, Created: began}
	if r, err := s.Release(t.Context(), "v1.2"); err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	if run := load(t, s, "v2-complete"); run.Experiment != "restapi" || len(run.Trials) != 1 {
		t.Errorf("%+v", run)
	}
}
