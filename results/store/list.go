package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// Summary is a run at a glance, as lists show it.
type Summary struct {
	ID         string          `json:"id"`
	Experiment string          `json:"experiment"`
	Created    time.Time       `json:"created"`
	Ended      time.Time       `json:"ended"` // zero while the run goes on
	Status     results.Status  `json:"status"`
	Reason     string          `json:"reason"`
	Outcome    results.Outcome `json:"verdict"`
	Provider   string          `json:"provider"`
	Trials     int             `json:"trials"`
	// Of the build that is judged: the last of the run.
	SHA     string `json:"sha"`
	HeadSHA string `json:"head_sha"`
	Dirty   bool   `json:"dirty"`
	Ref     string `json:"ref"`
	Variant string `json:"variant"` // or the alternative: what the build is called
	Host    string `json:"host"`    // fingerprint
}

// Filter says which runs to list; a zero field does not filter, and the zero Filter lists all runs.
type Filter struct {
	Experiment string
	Status     results.Status
	Outcome    results.Outcome
	SHA        string // full, of the commit measured
	Ref        string
	Variant    string
	Host       string // fingerprint
	Since      time.Time
	Limit      int // at most so many, the newest
}

const listRuns = `
SELECT id, experiment, created, ended, status, reason, outcome, provider, trials, sha, head_sha, dirty, ref, variant, host
FROM runs`

// List returns the runs that pass the filter, newest first. It reads no documents, and is quick over tens of thousands of
// runs.
func (s *Store) List(ctx context.Context, f Filter) ([]Summary, error) {
	where, args := f.conditions()
	query := listRuns + where + " ORDER BY created DESC, id DESC"
	if f.Limit > 0 {
		args = append(args, f.Limit)
		query += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says what was wrong
	var out []Summary
	for rows.Next() {
		summary, err := scanSummary(rows)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", err)
		}
		out = append(out, summary)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return out, nil
}

// conditions returns the WHERE clause of a filter and its arguments.
func (f Filter) conditions() (string, []any) {
	var clauses []string
	var args []any
	add := func(clause string, arg any) {
		args = append(args, arg)
		clauses = append(clauses, fmt.Sprintf("%s $%d", clause, len(args)))
	}
	equal := []struct{ column, value string }{
		{"experiment", f.Experiment}, {"status", string(f.Status)}, {"outcome", string(f.Outcome)},
		{"sha", f.SHA}, {"ref", f.Ref}, {"variant", f.Variant}, {"host", f.Host},
	}
	for _, e := range equal {
		if e.value != "" {
			add(e.column+" =", e.value)
		}
	}
	if !f.Since.IsZero() {
		add("created >=", nanoseconds(f.Since))
	}
	if len(clauses) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(clauses, " AND "), args
}

func scanSummary(rows *sql.Rows) (Summary, error) {
	var m Summary
	var created, ended int64
	err := rows.Scan(&m.ID, &m.Experiment, &created, &ended, &m.Status, &m.Reason, &m.Outcome, &m.Provider, &m.Trials,
		&m.SHA, &m.HeadSHA, &m.Dirty, &m.Ref, &m.Variant, &m.Host)
	m.Created, m.Ended = moment(created), moment(ended)
	return m, err
}
