package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Errors about the names of releases; they come wrapped with the name. Test with errors.Is.
var (
	// ErrReleaseTaken: the name is that of a release already.
	ErrReleaseTaken = errors.New("there is a release of that name")
	// ErrNoRelease: no release has the name.
	ErrNoRelease = errors.New("no such release")
	// ErrBadName: the text can't be the name of a release.
	ErrBadName = errors.New("can't be the name of a release")
)

// releaseName is what a release may be called: what tags are usually called.
var releaseName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/+-]{0,63}$`)

// Release is a name for what was released: a run, or all runs of a commit.
type Release struct {
	Name    string
	Run     string // its id; empty when the commit is named
	SHA     string // full; empty when the run knows none
	Created time.Time
}

// NameRelease gives a run or a commit of the store the name of a release. reference is what Refer takes, but for the names of refs,
// which go on to other commits. Errors: ErrBadName, ErrReleaseTaken, ErrNotFound, *AmbiguousError.
func (s *Store) NameRelease(ctx context.Context, name, reference string, at time.Time) (Release, error) {
	if !releaseName.MatchString(name) {
		return Release{}, fmt.Errorf("%q: %w: letters, digits and . _ / + - are allowed, at most 64", name, ErrBadName)
	}
	if s.redact != nil && s.redact(name) != name {
		return Release{}, fmt.Errorf("the name given: %w: it holds a secret", ErrBadName)
	}
	named, err := s.Refer(ctx, reference, "")
	if err != nil {
		return Release{}, err
	}
	if named.Ref != "" {
		return Release{}, fmt.Errorf("%w: %q is a ref, which goes on to other commits; its newest stored one is %s", ErrNotFound, reference, named.SHA)
	}
	r := Release{Name: name, Run: named.Run, SHA: named.SHA, Created: at.UTC()}
	const query = `INSERT INTO releases (name, run, sha, created) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`
	done, err := s.db.ExecContext(ctx, query, r.Name, r.Run, r.SHA, nanoseconds(r.Created))
	if err != nil {
		return Release{}, fmt.Errorf("name the release %s: %w", name, classify(err))
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return Release{}, errors.Join(fmt.Errorf("%s: %w", name, ErrReleaseTaken), err)
	}
	return r, nil
}

const selectReleases = `SELECT name, run, sha, created FROM releases`

// Release returns the release of a name. Error: ErrNoRelease.
func (s *Store) Release(ctx context.Context, name string) (Release, error) {
	r, err := scanRelease(s.db.QueryRowContext(ctx, selectReleases+" WHERE name = $1", name))
	if errors.Is(err, sql.ErrNoRows) {
		return Release{}, fmt.Errorf("%w: %q", ErrNoRelease, name)
	}
	return r, err
}

// Releases returns all releases, the newest first.
func (s *Store) Releases(ctx context.Context) ([]Release, error) {
	rows, err := s.db.QueryContext(ctx, selectReleases+" ORDER BY created DESC, name")
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says what was wrong
	var all []Release
	for rows.Next() {
		r, err := scanRelease(rows)
		if err != nil {
			return nil, fmt.Errorf("list releases: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// RemoveRelease takes a name away; what it named stays. Error: ErrNoRelease.
func (s *Store) RemoveRelease(ctx context.Context, name string) error {
	const query = `DELETE FROM releases WHERE name = $1`
	done, err := s.db.ExecContext(ctx, query, name)
	if err != nil {
		return fmt.Errorf("remove the release %s: %w", name, classify(err))
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("%w: %q", ErrNoRelease, name), err)
	}
	return nil
}

func scanRelease(row interface{ Scan(...any) error }) (Release, error) {
	var r Release
	var created int64
	err := row.Scan(&r.Name, &r.Run, &r.SHA, &created)
	r.Created = moment(created)
	return r, err
}
