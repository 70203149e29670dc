package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// artifacts is the folder of those of all runs.
const artifacts = "artifacts"

// Dir is the folder of the run's artifacts, artifacts/<run id> beside the database. It is made when it is missing; should
// that fail, writing a file into it will say why.
func (s *Store) Dir(runID string) string {
	dir := filepath.Join(filepath.Dir(s.path), artifacts, runID)
	if identity.MatchString(runID) {
		_ = os.MkdirAll(dir, 0o777)
	}
	return dir
}

// OpenArtifact opens a file of a run for reading; name is the artifact's path relative to the run's folder. A name that
// leads out of the folder is an error, links included.
func (s *Store) OpenArtifact(runID, name string) (*os.File, error) {
	if !identity.MatchString(runID) {
		return nil, fmt.Errorf("open artifact %s: %q can't be the id of a run", name, runID)
	}
	root, err := os.OpenRoot(filepath.Join(filepath.Dir(s.path), artifacts, runID))
	if err != nil {
		return nil, fmt.Errorf("open artifact %s of run %s: %w", name, runID, err)
	}
	defer func() { _ = root.Close() }() // what it opened stays open
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("open artifact %s of run %s: %w", name, runID, err)
	}
	return f, nil
}
