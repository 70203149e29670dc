package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// identity is what a run's id may look like: it names a folder, and must not climb out of it.
var identity = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,127}$`)

const saveRun = `
INSERT INTO runs (id, experiment, created, ended, status, reason, outcome, provider, trials,
                  sha, head_sha, dirty, ref, variant, host)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (id) DO UPDATE SET
    experiment = excluded.experiment, created = excluded.created, ended = excluded.ended, status = excluded.status,
    reason = excluded.reason, outcome = excluded.outcome, provider = excluded.provider, trials = excluded.trials,
    sha = excluded.sha, head_sha = excluded.head_sha, dirty = excluded.dirty, ref = excluded.ref,
    variant = excluded.variant, host = excluded.host`

const saveDocument = `
INSERT INTO documents (run, version, body) VALUES ($1, $2, $3)
ON CONFLICT (run) DO UPDATE SET version = excluded.version, body = excluded.body`

// Save stores the run, or replaces what is stored under its id, in one transaction: when Save returns nil the run is on
// disk, and when it returns an error the store is as it was. The run itself is not changed.
//
// A float that JSON can't express (NaN, infinity) is stored as null where the field allows it and else as 0, with a
// warning in the stored run that names the field: a bug in a measurement must not cost the record of the run.
func (s *Store) Save(ctx context.Context, run *results.Run) error {
	if !identity.MatchString(run.ID) || run.ID == Latest {
		return fmt.Errorf("save run: %q can't be the id of a run", run.ID)
	}
	body, err := s.encode(run)
	if err != nil {
		return fmt.Errorf("save run %s: %w", run.ID, err)
	}
	// The columns come out of what is stored, not out of what was given: redaction holds for them too.
	var stored results.Run
	if err := json.Unmarshal(body, &stored); err != nil {
		return fmt.Errorf("save run %s: %w", run.ID, err)
	}
	if err := s.write(ctx, &stored, body); err != nil {
		return fmt.Errorf("save run %s: %w", run.ID, classify(err))
	}
	return nil
}

// encode returns the run's document.
func (s *Store) encode(run *results.Run) ([]byte, error) {
	versioned := *run
	versioned.Schema = results.Schema
	body, err := json.Marshal(versioned)
	var unsupported *json.UnsupportedValueError
	if errors.As(err, &unsupported) {
		body, err = json.Marshal(finite(versioned))
	}
	if err != nil || s.redact == nil {
		return body, err
	}
	return redactDocument(body, s.redact)
}

func (s *Store) write(ctx context.Context, run *results.Run, body []byte) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	b := judged(run)
	_, err = tx.ExecContext(ctx, saveRun,
		run.ID, run.Experiment, nanoseconds(run.Created), nanoseconds(run.Ended), string(run.Status), run.Reason,
		string(run.Verdict.Outcome), run.Provider, len(run.Trials),
		b.SHA, b.HeadSHA, b.Dirty, b.Ref, b.Called(), run.Host.Fingerprint)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, saveDocument, run.ID, run.Schema, string(body)); err != nil {
		return err
	}
	if err := noteCalibration(ctx, tx, run); err != nil {
		return err
	}
	return tx.Commit()
}

// judged is the build that a run is about: the last of its builds, the candidate where there is a baseline.
func judged(run *results.Run) results.Build {
	if len(run.Builds) == 0 {
		return results.Build{}
	}
	return run.Builds[len(run.Builds)-1]
}

// nanoseconds is a moment as it is stored; the zero time is 0, as its own nanoseconds don't fit.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// moment undoes nanoseconds.
func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
