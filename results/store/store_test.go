package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain is also the child of the tests that kill one: the test binary, started again with a store to write to.
func TestMain(m *testing.M) {
	if dsn := os.Getenv("BRUNT_STORE_TEST_CHILD"); dsn != "" {
		if err := saveForEver(dsn, os.Getenv("BRUNT_STORE_TEST_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, path string, options ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openGolden opens a copy of a store in testdata that an earlier version wrote. With -update one that is not there is written by fill;
// one that is there never is.
func openGolden(t *testing.T, name string, fill func(*Store)) *Store {
	t.Helper()
	golden, path := filepath.Join("testdata", name), filepath.Join(t.TempDir(), name)
	if _, err := os.Stat(golden); *update && errors.Is(err, fs.ErrNotExist) {
		fresh := filepath.Join(t.TempDir(), name)
		s := open(t, fresh)
		fill(s)
		s.Close() // the last to close moves the log into the file
		content, err := os.ReadFile(fresh)
		if err := errors.Join(err, os.WriteFile(golden, content, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(golden)
	if err := errors.Join(err, os.WriteFile(path, content, 0o666)); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func TestOpenRefusesWhatIsNotAStoreAndLeavesItAlone(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	execute(t, foreign, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
	newer := filepath.Join(dir, "newer.db")
	s := open(t, newer)
	save(t, s, example("run"))
	s.Close()
	execute(t, newer, "PRAGMA user_version = 99")
	files := map[string]string{
		"text":     "this is a letter, not a database; it is long enough to be taken for a page of one, perhaps, so here is more of it\n",
		"short":    "x",
		"mangled":  "SQLite format 3\x00" + strings.Repeat("\xff", 4096),
		"fragment": "SQLite format 3\x00",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rows := []struct {
		name, path string
		want       error
	}{
		{"a text", filepath.Join(dir, "text"), ErrNotADatabase},
		{"a byte", filepath.Join(dir, "short"), ErrNotADatabase},
		{"a mangled header", filepath.Join(dir, "mangled"), ErrNotADatabase},
		{"half a header", filepath.Join(dir, "fragment"), ErrNotADatabase},
		{"another program's database", foreign, ErrNotADatabase},
		{"a folder", dir, ErrNotADatabase},
		{"a store of a newer brunt", newer, ErrNewerSchema},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			before, _ := os.ReadFile(row.path)
			s, err := Open(t.Context(), "sqlite:"+row.path)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.path) {
				t.Errorf("got %v", err)
			}
			if after, _ := os.ReadFile(row.path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestARunOfANewerBruntIsRefusedAndTheOthersAreNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "brunt.db")
	s := open(t, path)
	save(t, s, example("old"))
	save(t, s, example("new"))
	execute(t, path, `UPDATE documents SET version = 99, body = '{"schema": 99}' WHERE run = 'new'`)
	if _, err := s.Run(t.Context(), "new"); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
	load(t, s, "old")
}

func TestOpenRefusesOtherDSNs(t *testing.T) {
	rows := []struct{ dsn, want string }{
		{"postgres://user:hunter2@db/brunt", "store: not supported yet: postgres://"},
		{"mysql:x", "store: not supported yet: mysql://"},
		{"sqlite:", "store: the DSN sqlite: names no file"},
		{"brunt.db", `store "brunt.db": a DSN begins with its kind, as in sqlite:brunt.db`},
	}
	for _, row := range rows {
		_, err := Open(t.Context(), row.dsn)
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v", row.dsn, err)
		}
	}
}

func TestAFolderThatCannotBeWrittenIsSaidSo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join(file, "sub", "brunt.db")}
	if runtime.GOOS == "linux" {
		paths = append(paths, "/proc/brunt.db", "/proc/sub/brunt.db") // not writable, even for root
	}
	for _, path := range paths {
		_, err := Open(t.Context(), "sqlite:"+path)
		if !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnyFolderNameWillDoAndGitIgnoresWhatTheStoreMakes(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a b?c#d%20é&e", "x.db")
	s := open(t, path)
	save(t, s, example("run"))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	ignore, err := os.ReadFile(filepath.Join(filepath.Dir(path), ".gitignore"))
	if err != nil || string(ignore) != "*\n" {
		t.Errorf("%q, %v", ignore, err)
	}
	open(t, filepath.Join(root, "brunt.db"))
	if _, err := os.Stat(filepath.Join(root, ".gitignore")); err == nil {
		t.Error("a .gitignore was put into a folder that was there before")
	}
}

func TestTheStoreKeepsWhatItPromisesOfDurability(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
}

// execute runs SQL behind the store's back.
func execute(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}
