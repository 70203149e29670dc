package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/devcraft-studio/brunt/results"
)

const forgetCalibration = `DELETE FROM calibrations WHERE run = $1`

const saveCalibration = `INSERT INTO calibrations (run, host, experiment, created) VALUES ($1, $2, $3, $4)`

// noteCalibration notes that a run is a calibration, when it is complete and has a card.
func noteCalibration(ctx context.Context, tx *sql.Tx, run *results.Run) error {
	if _, err := tx.ExecContext(ctx, forgetCalibration, run.ID); err != nil {
		return err
	}
	if run.Verdict.Noise == nil || run.Status != results.StatusComplete {
		return nil
	}
	_, err := tx.ExecContext(ctx, saveCalibration, run.ID, run.Host.Fingerprint, run.Experiment, nanoseconds(run.Created))
	return err
}

const calibrationsOf = `SELECT run FROM calibrations WHERE host = $1 AND experiment = $2 ORDER BY created DESC, run DESC LIMIT $3`

// Calibrations returns the complete calibrations of an experiment on a host, by its fingerprint, newest first, at most so many.
func (s *Store) Calibrations(ctx context.Context, host, experiment string, most int) ([]results.Run, error) {
	ids, err := s.texts(ctx, calibrationsOf, host, experiment, most)
	if err != nil {
		return nil, fmt.Errorf("find the calibrations of %s: %w", experiment, err)
	}
	var runs []results.Run
	for _, id := range ids {
		run, err := s.document(ctx, id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}
