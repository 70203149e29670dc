package lease

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// recentRecord is how young a record must be for something of its run to be still on its way into existence.
const recentRecord = 15 * time.Second

// end lets a paused node go on.
func (p pause) end(ctx context.Context, runID string, resume func(context.Context, string) error) error {
	if p.Container != "" {
		if resume == nil {
			return errors.New("nothing here can resume a container")
		}
		return resume(ctx, p.Container)
	}
	table, err := processTable()
	if err != nil {
		return fmt.Errorf("read the process table: %w", err)
	}
	for _, q := range belonging(table, []Process{p.Process}, func(int) bool { return false }) {
		send(q, syscall.SIGCONT)
	}
	return nil
}

// sweep removes one run.
type sweep struct {
	record   record
	dir      string
	sweepers []Sweeper
	clean    time.Duration // how long it must stay clean: what was being started comes late
	removed  []string
}

// run sweeps until nothing was found and nothing failed for the time asked, then deletes the record. When ctx ends first the record stays.
func (s *sweep) run(ctx context.Context) error {
	var cleanSince time.Time
	for {
		found, err := s.pass(ctx)
		now := time.Now()
		if found || err != nil {
			cleanSince = time.Time{}
		} else if cleanSince.IsZero() {
			cleanSince = now
		}
		if !cleanSince.IsZero() && now.Sub(cleanSince) >= s.clean {
			break
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, fmt.Errorf("sweep run %s: %w", s.record.RunID, ctx.Err()))
		case <-time.After(sweepEvery):
		}
	}
	// The owner may have died while it wrote the record anew.
	torn, _ := filepath.Glob(filepath.Join(s.dir, s.record.RunID+".*.tmp")) // the pattern is well formed: see checkRunID
	for _, path := range torn {
		_ = os.Remove(path) // else the next start drops it
	}
	if err := os.Remove(recordPath(s.dir, s.record.RunID)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("delete the lease record: %w", err)
	}
	return nil
}

// pass removes what is there now, and tells whether there was anything.
func (s *sweep) pass(ctx context.Context) (found bool, err error) {
	ended, err := end(ctx, s.record.RunID, s.record.roots())
	problems := []error{err}
	for _, p := range ended {
		s.note(p.String())
	}
	var names []string
	for _, path := range s.record.Paths {
		if checkPath(path) != nil {
			continue // never was a path of ours
		}
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			problems = append(problems, fmt.Errorf("delete %s: %w", path, err))
			continue
		}
		names = append(names, path)
		s.note(path)
	}
	for _, sweeper := range s.sweepers {
		problems = append(problems, sweeper(ctx, s.record.RunID))
	}
	return len(ended) > 0 || len(names) > 0, errors.Join(problems...)
}

func (s *sweep) note(what string) {
	line := fmt.Sprintf("run %s: %s", s.record.RunID, what)
	if !slices.Contains(s.removed, line) {
		s.removed = append(s.removed, line)
	}
}

// SweepDead removes what runs left whose owner is dead, in the folder Dir, and returns one line for each thing removed.
// Runs whose owner lives are not touched. It is meant for the start of the next run and for cleaning by hand.
func SweepDead(ctx context.Context, sweepers ...Sweeper) ([]string, error) {
	return sweepDead(ctx, Dir(), sweepers)
}

func sweepDead(ctx context.Context, dir string, sweepers []Sweeper) ([]string, error) {
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err := trusted(dir); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	var removed []string
	var problems []error
	for _, path := range paths {
		lines, err := sweepRecord(ctx, path, sweepers)
		removed = append(removed, lines...)
		problems = append(problems, err)
	}
	dropTorn(dir)
	slices.Sort(removed)
	return removed, errors.Join(problems...)
}

func sweepRecord(ctx context.Context, path string, sweepers []Sweeper) ([]string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, nil // its watchdog was faster
	}
	r, err := readRecord(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case r.RunID+".json" != filepath.Base(path):
		return nil, fmt.Errorf("%s: is the record of run %s", path, r.RunID)
	case alive(r.Owner):
		return nil, nil
	}
	s := sweep{record: r, dir: filepath.Dir(path), sweepers: sweepers}
	if time.Since(info.ModTime()) < recentRecord {
		s.clean = cleanTime
	}
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	err = s.run(ctx)
	// A watchdog that still runs does the same work, and is done now; one that is frozen never would be.
	if alive(r.Watchdog) {
		send(r.Watchdog, syscall.SIGKILL)
	}
	return append(s.removed, fmt.Sprintf("run %s: its record", r.RunID)), err
}

// dropTorn deletes records that were being written when their owner died.
func dropTorn(dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.tmp")) // the pattern is well formed
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err == nil && time.Since(info.ModTime()) > recentRecord && strings.HasPrefix(path, dir) {
			_ = os.Remove(path)
		}
	}
}
