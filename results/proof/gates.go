package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// gateVersion is that of the lines which gates are kept in. Adding keys leaves it as it is.
const gateVersion = 1

// Gate is a timing gate of a build against itself, with all that its pairs came to, so that others can be played from them. Each is kept
// as a line of JSON.
type Gate struct {
	Version int                   `json:"version"`
	Gate    int                   `json:"gate"` // from 1
	Commit  string                `json:"commit"`
	Run     string                `json:"run"`
	Began   time.Time             `json:"began"`
	Outcome results.Outcome       `json:"outcome"`
	Plan    results.Gate          `json:"plan"`
	Pairs   []results.GateReading `json:"pairs"` // in the order in which they were measured, those that do not count among them
}

// Beside is the path of what a proof keeps beside the table: a file or a folder of this commit's, so that what another one left is
// never taken for its own.
func Beside(t testing.TB, file, name string) string {
	t.Helper()
	commit := strings.TrimSuffix(revision(t), "-dirty")
	return strings.TrimSuffix(file, filepath.Ext(file)) + "-" + commit + "-" + name
}

// KeepGate appends a gate to those that are kept in a file.
func KeepGate(t testing.TB, path string, g Gate) {
	t.Helper()
	g.Version, g.Commit = gateVersion, revision(t)
	line, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if len(before) > 0 && !bytes.HasSuffix(before, []byte("\n")) { // the end of a line that was cut off
		line = append([]byte("\n"), line...)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// KeptGates are the gates that are kept in a file, by their numbers; there are none where there is no file. A line that was cut off is
// none. Of two with one number, as when the first was kept and its row was not, the later counts.
func KeptGates(t testing.TB, path string) []Gate {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	gates, err := readGates(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return gates
}

func readGates(text []byte) ([]Gate, error) {
	var gates []Gate
	at := map[int]int{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var g Gate
		if err := json.Unmarshal(line, &g); err != nil {
			continue // cut off when its writer was killed
		}
		if g.Version != gateVersion {
			return nil, fmt.Errorf("line %d is of version %d, not %d", number, g.Version, gateVersion)
		}
		if i, again := at[g.Gate]; again {
			gates[i] = g
			continue
		}
		at[g.Gate] = len(gates)
		gates = append(gates, g)
	}
	return gates, nil
}
