package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID marks a database file as a brunt store in its header ("brnt"), so that no other program's database is
// ever migrated by mistake.
const applicationID = 0x62726e74

// busy is how long a writer waits for another process's transaction.
const busy = 10 * time.Second

//go:embed migrations/*.sql
var migrations embed.FS

// connect opens, checks and migrates the database file. On a disk that is full there is no room for the index of the
// write-ahead log, which processes share; the store is then opened without one, for this process alone, so that it can
// still be read.
func connect(ctx context.Context, path string) (*sql.DB, error) {
	// Few: each connection is a file handle and a cache, and a run saves from one goroutine.
	db, err := connectBy(ctx, fileURI(path), 4)
	if extendedCode(err) == sqlite3.SQLITE_IOERR_SHMSIZE {
		// Two connections would wait for each other for ever.
		return connectBy(ctx, fileURI(path, "locking_mode(EXCLUSIVE)"), 1)
	}
	return db, err
}

func connectBy(ctx context.Context, uri string, connections int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	if err := ready(ctx, db); err != nil {
		return nil, errors.Join(classify(err), db.Close())
	}
	return db, nil
}

// fileURI names the database for the driver. The settings hold for each connection; busy_timeout comes first, because
// the others can meet a lock. Transactions take the write lock when they begin: a lock taken half-way can't be waited for.
func fileURI(path string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()}
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "synchronous(FULL)")
	q.Set("_txlock", "immediate")
	return u.String() + "?" + q.Encode()
}

// ready brings the database to this brunt's schema, or says why it must not be touched. Nothing is written before the
// file is known to be empty or ours.
func ready(ctx context.Context, db *sql.DB) error {
	scripts, err := fs.Glob(migrations, "migrations/*.sql") // sorted by name
	if err != nil {
		return err
	}
	version, err := recognise(ctx, db, len(scripts))
	if err != nil {
		return err
	}
	if err := enterWAL(ctx, db); err != nil {
		return err
	}
	if version == len(scripts) {
		return nil
	}
	return migrate(ctx, db, scripts)
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// One statement, hence one snapshot: another process may be making the store at this moment.
const recogniseQuery = `
SELECT a.application_id, u.user_version, (SELECT count(*) FROM sqlite_schema)
FROM pragma_application_id AS a, pragma_user_version AS u`

// recognise returns the version of the store's schema, 0 for an empty file.
func recognise(ctx context.Context, q querier, known int) (int, error) {
	var application, version, objects int
	if err := q.QueryRowContext(ctx, recogniseQuery).Scan(&application, &version, &objects); err != nil {
		return 0, err
	}
	switch {
	case application == 0 && version == 0 && objects == 0:
		return 0, nil
	case application != applicationID:
		return 0, fmt.Errorf("%w: a database of another program", ErrNotADatabase)
	case version > known:
		return 0, fmt.Errorf("%w: its schema is version %d, this brunt knows %d", ErrNewerSchema, version, known)
	}
	return version, nil
}

// enterWAL switches the file to a write-ahead log, for good. SQLite does not wait for locks here, so we do.
func enterWAL(ctx context.Context, db *sql.DB) error {
	deadline := time.Now().Add(busy)
	for {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("the file system does not support a write-ahead log (journal mode stays %s)", mode)
		case code(err) != sqlite3.SQLITE_BUSY || time.Now().After(deadline):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// migrate runs the scripts that the store has not seen, all in one transaction.
func migrate(ctx context.Context, db *sql.DB, scripts []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	// Again, now that nobody else can write: another process may have been faster.
	version, err := recognise(ctx, tx, len(scripts))
	if err != nil {
		return err
	}
	for _, name := range scripts[version:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(script)); err != nil {
			return fmt.Errorf("migration %s: %w", filepath.Base(name), err)
		}
	}
	stamp := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(scripts))
	if _, err := tx.ExecContext(ctx, stamp); err != nil {
		return err
	}
	return tx.Commit()
}

// code is the primary result code of a driver error, 0 for other errors.
func code(err error) int { return extendedCode(err) & 0xff }

// extendedCode says more: in which operation it failed.
func extendedCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}

// classify wraps a driver error with the error of this package that it means.
func classify(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrNotADatabase, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}
