package store

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

func TestRunsAreFoundByWhatPeopleType(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	if _, err := s.Run(t.Context(), Latest); !errors.Is(err, ErrNotFound) {
		t.Errorf("latest of an empty store: %v", err)
	}
	for i, r := range []struct{ id, sha, head string }{
		{"2026-abc-1", "aaaa1111", ""}, {"2026-abc-2", "aaaa1111", ""}, {"2026-abd-3", "aaaa2222", "dddd3333"}, {"2026-abd-33", "dead4444", ""},
	} {
		run := example(r.id)
		run.Created = began.Add(time.Duration(i) * time.Hour)
		run.Builds = []results.Build{{SHA: r.sha, HeadSHA: r.head}}
		save(t, s, run)
	}
	rows := []struct{ name, reference, want, problem string }{
		{"a full id", "2026-abc-1", "2026-abc-1", ""},
		{"a full id that begins another", "2026-abd-3", "2026-abd-3", ""},
		{"the newest", "latest", "2026-abd-33", ""},
		{"the only one with a beginning", "2026-abd-33", "2026-abd-33", ""},
		{"a beginning of two", "2026-abc", "", `"2026-abc" fits several runs: 2026-abc-1, 2026-abc-2`},
		{"a commit measured twice is its newest run", "aaaa1", "2026-abc-2", ""},
		{"a beginning of two commits", "aaaa", "", `"aaaa" fits several commits: aaaa1111, aaaa2222`},
		{"the head of a pull request", "dddd3333", "2026-abd-3", ""},
		{"too short for a commit", "dea", "", `no such run: "dea"`},
		{"nothing", "", "", `no such run: ""`},
		{"a wildcard is a letter", "2026%", "", `no such run: "2026%"`},
		{"an unknown one", "nope", "", `no such run: "nope"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			run, err := s.Run(t.Context(), row.reference)
			if row.problem == "" && (err != nil || run.ID != row.want) {
				t.Errorf("got %q, %v", run.ID, err)
			}
			if row.problem != "" && (err == nil || err.Error() != row.problem) {
				t.Errorf("got %q, %v", run.ID, err)
			}
			var ambiguous *AmbiguousError
			if strings.Contains(row.problem, "several") != errors.As(err, &ambiguous) {
				t.Errorf("wrong type: %T", err)
			}
		})
	}
}

func TestArtifactsStayInTheFolderOfTheirRun(t *testing.T) {
	root := t.TempDir()
	s := open(t, filepath.Join(root, "brunt.db"))
	dir := s.Dir("run-1")
	if want := filepath.Join(root, "artifacts", "run-1"); dir != want {
		t.Errorf("got %s, want %s", dir, want)
	}
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "logs", "api.log"), "hello\n")
	write(filepath.Join(root, "artifacts", "other", "api.log"), "other\n")
	if err := os.Symlink(filepath.Join(root, "brunt.db"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f, err := s.OpenArtifact("run-1", "logs/api.log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if line, _ := bufio.NewReader(f).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q", line)
	}
	for _, bad := range [][2]string{{"run-1", "../other/api.log"}, {"run-1", "link"}, {"run-1", "/etc/passwd"}, {"run-1", "missing"}, {"..", "brunt.db"}, {"missing", "x"}} {
		if f, err := s.OpenArtifact(bad[0], bad[1]); err == nil {
			f.Close()
			t.Errorf("opened %v", bad)
		}
	}
	s.Dir("../escaped")
	if _, err := os.Stat(filepath.Join(root, "escaped")); err == nil {
		t.Error("a folder outside of artifacts was made")
	}
}
