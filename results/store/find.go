package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// Latest is the reference that means the newest run.
const Latest = "latest"

// shaPrefix is what may be looked up as the beginning of a commit; git itself asks for four digits.
var shaPrefix = regexp.MustCompile(`^[0-9a-f]{4,64}$`)

// AmbiguousError says that a reference fits several runs or commits.
type AmbiguousError struct {
	Reference string
	What      string   // "runs" or "commits"
	Matches   []string // sorted; at most ten
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q fits several %s: %s", e.Reference, e.What, strings.Join(e.Matches, ", "))
}

const selectDocument = `SELECT version, body FROM documents WHERE run = $1`

// Run returns the run that reference names: a full id; the beginning of exactly one id; "latest"; or the beginning (four
// digits or more) of the SHA of the commit measured, or of a pull request's head, in which case it is the newest run of
// that commit. Errors: ErrNotFound, *AmbiguousError, ErrNewerSchema.
func (s *Store) Run(ctx context.Context, reference string) (results.Run, error) {
	id, err := s.Resolve(ctx, reference)
	if err != nil {
		return results.Run{}, err
	}
	return s.document(ctx, id)
}

// Resolve returns the id of the run that reference names; see Run.
func (s *Store) Resolve(ctx context.Context, reference string) (string, error) {
	find := []func(context.Context, string) (string, error){s.byID, s.byPrefix, s.bySHA}
	if reference == Latest {
		find = find[:0]
		find = append(find, s.newest)
	}
	for _, f := range find {
		id, err := f(ctx, reference)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	if reference == Latest {
		return "", fmt.Errorf("%w: the store %s is empty", ErrNotFound, s.path)
	}
	return "", fmt.Errorf("%w: %q", ErrNotFound, reference)
}

func (s *Store) newest(ctx context.Context, _ string) (id string, err error) {
	const query = `SELECT id FROM runs ORDER BY created DESC, id DESC LIMIT 1`
	err = s.db.QueryRowContext(ctx, query).Scan(&id)
	return id, err
}

func (s *Store) byID(ctx context.Context, reference string) (id string, err error) {
	const query = `SELECT id FROM runs WHERE id = $1`
	err = s.db.QueryRowContext(ctx, query, reference).Scan(&id)
	return id, err
}

func (s *Store) byPrefix(ctx context.Context, reference string) (string, error) {
	if reference == "" {
		return "", sql.ErrNoRows
	}
	const query = `SELECT id FROM runs WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 10`
	ids, err := s.texts(ctx, query, reference, reference+"\U0010ffff")
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", sql.ErrNoRows
	case len(ids) > 1:
		return "", &AmbiguousError{Reference: reference, What: "runs", Matches: ids}
	}
	return ids[0], nil
}

func (s *Store) bySHA(ctx context.Context, reference string) (string, error) {
	sha, err := s.commit(ctx, reference)
	if err != nil {
		return "", err
	}
	const query = `SELECT id FROM runs WHERE sha = $1 OR head_sha = $1 ORDER BY created DESC, id DESC LIMIT 1`
	var id string
	err = s.db.QueryRowContext(ctx, query, sha).Scan(&id)
	return id, err
}

// commit is the one that a SHA, or the beginning of one, names.
func (s *Store) commit(ctx context.Context, reference string) (string, error) {
	if !shaPrefix.MatchString(reference) {
		return "", sql.ErrNoRows
	}
	const commits = `
SELECT sha FROM runs WHERE sha >= $1 AND sha < $2
UNION SELECT head_sha FROM runs WHERE head_sha >= $1 AND head_sha < $2
ORDER BY 1 LIMIT 10`
	shas, err := s.texts(ctx, commits, reference, reference+"\U0010ffff")
	switch {
	case err != nil:
		return "", err
	case len(shas) == 0:
		return "", sql.ErrNoRows
	case len(shas) > 1:
		return "", &AmbiguousError{Reference: reference, What: "commits", Matches: shas}
	}
	return shas[0], nil
}

// texts returns the one column of a query.
func (s *Store) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says what was wrong
	var out []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
