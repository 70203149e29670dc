package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// proofFile is the table that figures are noted in, which `make proof` alone names. Without one the proof, a long one, is left out.
func proofFile(t *testing.T) string {
	t.Helper()
	proof := os.Getenv("BRUNT_PROOF")
	if proof == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	return proof
}

// figures is one row of the table of proofs.
type figures struct{ proof, what, provider string }

// revision is the commit, with a mark when the sources differ from it.
func revision(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		t.Fatalf("git describe: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func (f figures) there(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile(f.proof)
	if err != nil {
		return false
	}
	// The table itself may be among what differs from the commit.
	commit := strings.TrimSuffix(revision(t), "-dirty")
	row := fmt.Sprintf(`(?m)^\| \S+ \| %s(-dirty)? \| %s \| %s \|`, commit, f.provider, regexp.QuoteMeta(f.what))
	return regexp.MustCompile(row).Match(text)
}

func (f figures) add(t *testing.T, figure string) {
	t.Helper()
	out, err := os.OpenFile(f.proof, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if info, err := out.Stat(); err == nil && info.Size() == 0 {
		fmt.Fprintf(out, "| date | commit | provider | what | figure |\n|---|---|---|---|---|\n")
	}
	if _, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n",
		time.Now().Format(time.DateOnly), revision(t), f.provider, f.what, figure); err != nil {
		t.Fatal(err)
	}
}
