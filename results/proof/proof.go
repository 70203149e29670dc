// Package proof keeps the table of figures that `make proof` writes: a row for each long proof, of the commit that it was run at; and
// beside it the pairs of the gates that were proven. It is for tests alone.
package proof

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// NoProvider stands where a proof starts no topology.
const NoProvider = "none"

// File is the table that figures are noted in, which `make proof` alone names. Without one the proof, a long one, is left out.
func File(t testing.TB) string {
	t.Helper()
	file := os.Getenv("BRUNT_PROOF")
	if file == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	return file
}

// Row is one row of the table.
type Row struct {
	File     string // see File
	What     string
	Provider string // docker, local or NoProvider
}

// Figure is what stands in the table in this row, of this commit, if there is one.
func (r Row) Figure(t testing.TB) (figure string, there bool) {
	t.Helper()
	text, err := os.ReadFile(r.File)
	if err != nil {
		return "", false
	}
	// The table itself may be among what differs from the commit.
	commit := strings.TrimSuffix(revision(t), "-dirty")
	row := fmt.Sprintf(`(?m)^\| \S+ \| %s(?:-dirty)? \| %s \| %s \| (.*) \|$`, commit, r.Provider, regexp.QuoteMeta(r.What))
	found := regexp.MustCompile(row).FindStringSubmatch(string(text))
	if found == nil {
		return "", false
	}
	return found[1], true
}

// There says whether the row stands in the table already, for this commit.
func (r Row) There(t testing.TB) bool {
	t.Helper()
	_, there := r.Figure(t)
	return there
}

// Add appends the row with its figure, and before the first row the heads of the columns.
func (r Row) Add(t testing.TB, figure string) {
	t.Helper()
	out, err := os.OpenFile(r.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if info, err := out.Stat(); err == nil && info.Size() == 0 {
		fmt.Fprintf(out, "| date | commit | provider | what | figure |\n|---|---|---|---|---|\n")
	}
	if _, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n",
		time.Now().Format(time.DateOnly), revision(t), r.Provider, r.What, strings.NewReplacer("|", "/", "\n", " ").Replace(figure)); err != nil {
		t.Fatal(err)
	}
}

// revision is the commit, with a mark when the sources differ from it.
func revision(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		t.Fatalf("git describe: %v", err)
	}
	return strings.TrimSpace(string(out))
}
