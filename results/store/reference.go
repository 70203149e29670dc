package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// ReleasePrefix stands before the name of a release where a run or a commit may be named, too.
const ReleasePrefix = "release:"

// mostBack is how far back latest~N goes.
const mostBack = 100_000

// Reference is what a text names: one run, or all runs of a commit.
type Reference struct {
	Text string
	Run  string // id; empty when the commit is named
	SHA  string // full; of a named run that of its build, if known
	Ref  string // the name of a ref that led to the commit: of those of its commits that were measured, the newest
}

// Refer returns what a text names: latest, or latest~N, the run N before it; release:NAME; a run by its id or its beginning; a commit by
// four digits or more of the SHA of what was measured, or of a pull request's head; or a ref, by the name that it was measured under.
// With an experiment, latest and refs are among its runs. Errors: ErrNotFound, ErrNoRelease, *AmbiguousError.
func (s *Store) Refer(ctx context.Context, text, experiment string) (Reference, error) {
	r := Reference{Text: text}
	if name, ok := strings.CutPrefix(text, ReleasePrefix); ok {
		release, err := s.Release(ctx, name)
		r.Run, r.SHA = release.Run, release.SHA
		return r, err
	}
	if text == Latest || strings.HasPrefix(text, Latest+"~") {
		err := s.back(ctx, &r, experiment)
		return r, err
	}
	for _, find := range []func(context.Context, string) (string, error){s.byID, s.byPrefix} {
		id, err := find(ctx, text)
		if err == nil {
			r.Run = id
			return r, s.shaOf(ctx, &r)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return r, err
		}
	}
	var err error
	if r.SHA, err = s.commit(ctx, text); err == nil || !errors.Is(err, sql.ErrNoRows) {
		return r, err
	}
	if r.SHA, err = s.newestOfRef(ctx, text, experiment); err == nil {
		r.Ref = text
		return r, nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: %q is neither a run, nor a commit or a ref that was measured", ErrNotFound, text)
	}
	return r, err
}

// back finds latest and latest~N.
func (s *Store) back(ctx context.Context, r *Reference, experiment string) error {
	n := 0
	if count, ok := strings.CutPrefix(r.Text, Latest+"~"); ok {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 0 || n > mostBack {
			return fmt.Errorf("%w: %q: latest~N is the run N before the newest", ErrNotFound, r.Text)
		}
	}
	const query = `SELECT id, sha FROM runs ORDER BY created DESC, id DESC LIMIT 1 OFFSET $1`
	const ofExperiment = `SELECT id, sha FROM runs WHERE experiment = $2 ORDER BY created DESC, id DESC LIMIT 1 OFFSET $1`
	row := s.db.QueryRowContext(ctx, query, n)
	if experiment != "" {
		row = s.db.QueryRowContext(ctx, ofExperiment, n, experiment)
	}
	err := row.Scan(&r.Run, &r.SHA)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %q: the store %s has no so many runs", ErrNotFound, r.Text, s.path)
	}
	return err
}

func (s *Store) shaOf(ctx context.Context, r *Reference) error {
	const query = `SELECT sha FROM runs WHERE id = $1`
	return s.db.QueryRowContext(ctx, query, r.Run).Scan(&r.SHA)
}

const newestOfRef = `SELECT sha FROM runs WHERE ref = $1 AND sha <> '' AND ($2 = '' OR experiment = $2) ORDER BY created DESC LIMIT 1`

func (s *Store) newestOfRef(ctx context.Context, ref, experiment string) (sha string, err error) {
	err = s.db.QueryRowContext(ctx, newestOfRef, ref, experiment).Scan(&sha)
	return sha, err
}

const experimentsOfCommit = `
SELECT experiment FROM runs WHERE sha = $1 AND status = 'complete'
UNION SELECT experiment FROM runs WHERE head_sha = $1 AND status = 'complete'
ORDER BY 1`

// Experiments are those of which a commit has complete runs, sorted. sha is full.
func (s *Store) Experiments(ctx context.Context, sha string) ([]string, error) {
	return s.texts(ctx, experimentsOfCommit, sha)
}

const runsOfCommit = `
SELECT id FROM (
    SELECT id, created FROM runs WHERE sha = $1 AND experiment = $2 AND status = 'complete'
    UNION SELECT id, created FROM runs WHERE head_sha = $1 AND experiment = $2 AND status = 'complete'
) AS found ORDER BY created DESC, id DESC LIMIT $3`

// RunsOf returns the complete runs of a commit and an experiment, newest first, at most so many; more says whether there are more. It
// reads the documents of those runs and no others. sha is full.
func (s *Store) RunsOf(ctx context.Context, sha, experiment string, most int) (runs []results.Run, more bool, err error) {
	ids, err := s.texts(ctx, runsOfCommit, sha, experiment, most+1)
	if err != nil {
		return nil, false, fmt.Errorf("find the runs of %s: %w", sha, err)
	}
	for _, id := range ids[:min(len(ids), most)] {
		run, err := s.document(ctx, id)
		if err != nil {
			return nil, false, err
		}
		runs = append(runs, run)
	}
	return runs, len(ids) > most, nil
}

// document reads the record of a run.
func (s *Store) document(ctx context.Context, id string) (run results.Run, err error) {
	var version int
	var body []byte
	if err := s.db.QueryRowContext(ctx, selectDocument, id).Scan(&version, &body); err != nil {
		return results.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	if version > results.Schema {
		return results.Run{}, fmt.Errorf("read run %s: %w: its record is version %d, this brunt knows %d",
			id, ErrNewerSchema, version, results.Schema)
	}
	if err := json.Unmarshal(body, &run); err != nil {
		return results.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	return run, nil
}
