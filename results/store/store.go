package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Errors that a caller may want to tell apart; they come wrapped with the path concerned. Test with errors.Is.
var (
	// ErrNewerSchema: the store, or a run in it, was written by a newer brunt than this one.
	ErrNewerSchema = errors.New("written by a newer brunt")
	// ErrNotADatabase: the file is not a brunt store, and was left as it is.
	ErrNotADatabase = errors.New("not a brunt store")
	// ErrUnwritable: the folder or file of the store can't be made or written.
	ErrUnwritable = errors.New("store can't be written")
	// ErrUnsupported: the DSN names a kind of store that is not supported yet.
	ErrUnsupported = errors.New("not supported yet")
	// ErrNotFound: no run answers to the reference.
	ErrNotFound = errors.New("no such run")
)

// Store keeps runs. It is safe for use by several goroutines, and several processes may have the same store open.
type Store struct {
	db     *sql.DB
	path   string // of the database file, absolute
	redact func(string) string
}

// Option changes how a store is opened.
type Option func(*Store)

// Redacting passes every text of a run through redact before it is written. It is a second net under a caller that has
// redacted already: keys, numbers and the run's identity are left alone, so that no secret can break a record.
func Redacting(redact func(string) string) Option {
	return func(s *Store) { s.redact = redact }
}

// Open opens the store that dsn names, making it if need be. The one form supported is "sqlite:PATH"; PATH may be relative
// to the working directory, and its folder is made when it is missing.
//
// Errors wrap ErrNewerSchema, ErrNotADatabase, ErrUnwritable or ErrUnsupported where that is what is wrong.
func Open(ctx context.Context, dsn string, options ...Option) (*Store, error) {
	path, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	for _, o := range options {
		o(s)
	}
	if s.db, err = connect(ctx, path); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

// Close closes the database. Open artifacts stay open.
func (s *Store) Close() error { return s.db.Close() }

// Path is the absolute path of the database file.
func (s *Store) Path() string { return s.path }

// parse returns the absolute path of a "sqlite:PATH" DSN. Other DSNs may hold passwords: only their scheme is repeated.
func parse(dsn string) (string, error) {
	scheme, path, found := strings.Cut(dsn, ":")
	switch {
	case !found:
		return "", fmt.Errorf("store %q: a DSN begins with its kind, as in sqlite:%s", dsn, dsn)
	case scheme != "sqlite":
		return "", fmt.Errorf("store: %w: %s://", ErrUnsupported, scheme)
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		path = rest
	}
	if path == "" {
		return "", errors.New("store: the DSN sqlite: names no file")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("store %s: %w", path, err)
	}
	return absolute, nil
}

// Files are the paths of all that a store writes, as dsn names it: files, and the folder of the artifacts. Of a DSN that names none there
// are none.
func Files(dsn string) []string {
	path, err := parse(dsn)
	if err != nil {
		return nil
	}
	return []string{path, path + "-wal", path + "-shm", path + "-journal", filepath.Join(filepath.Dir(path), artifacts)}
}

// prepare makes the store's folder. A folder that is made here tells git to ignore all that is in it: the store must not
// make the tree that it records look dirty.
func prepare(path string) error {
	if err := inspect(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("store folder %s: %w: %w", dir, ErrUnwritable, err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o666); err != nil {
		return fmt.Errorf("store folder %s: %w: %w", dir, ErrUnwritable, err)
	}
	return nil
}

// magic is what every SQLite database begins with.
const magic = "SQLite format 3\x00"

// inspect refuses what can't be a database. SQLite does so too, but takes a file of a few bytes for an empty one, and
// overwrites it.
func inspect(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil || info.Size() == 0 && !info.IsDir():
		return nil // connect will make it, or say why not
	case info.IsDir():
		return fmt.Errorf("store %s is a folder: %w", path, ErrNotADatabase)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open store: %w: %w", ErrUnwritable, err)
	}
	defer func() { _ = f.Close() }() // only read from
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return fmt.Errorf("open store %s: %w", path, ErrNotADatabase)
	}
	return nil
}
