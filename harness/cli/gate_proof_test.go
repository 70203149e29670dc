package cli_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results/proof"
)

// scenario is the folder of one of this checkout.
func scenario(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../scenarios", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsAtOnce is how many rows one call adds to the table: all, unless BRUNT_PROOF_ROWS says that there is time for fewer.
func rowsAtOnce(t *testing.T) int {
	t.Helper()
	text := os.Getenv("BRUNT_PROOF_ROWS")
	if text == "" {
		return math.MaxInt
	}
	rows, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// gated runs a gate to its end. The first of an experiment makes its data set, which takes its time on a machine that is busy.
func (p *place) gated(code int, args ...string) *victim {
	p.Helper()
	v := p.start(args...)
	if got := v.exitWithin(15 * time.Minute); got != code {
		p.Fatalf("brunt %s ended with %d, not %d\n%s%s", strings.Join(args, " "), got, code, v.stderr(), v.stdout.String())
	}
	return v
}

// TestProofTheCostGateNamesEachIncident holds naive against fixed: the first line has to name the count, and the table the statement
// or the command.
func TestProofTheCostGateNamesEachIncident(t *testing.T) {
	file := proof.File(t)
	p := newPlace(t, topology.ProviderLocal)
	for _, incident := range []struct {
		name, set, count, changed string
	}{
		{"restapi", "target.env.REGRESSION=query", "+1 query", "FROM items WHERE id = $1"},
		{"restapi", "target.env.REGRESSION=json", "allocations", ""},
		{"restapi", "target.env.REGRESSION=dial", "", "allocations"}, // what a connection costs Postgres is no query's
		{"nplusone", "", "+2028 queries", "FROM users WHERE id = $1"},
		{"missingindex", "", "buffers", "FROM orders WHERE customer_id = $1"},
		{"jsonb", "", "WAL", "UPDATE documents SET doc"},
		{"cache", "", "queries", "FROM products WHERE category = $1"},
	} {
		row := proof.Row{File: file, What: strings.TrimSpace("costs of " + incident.name + " naive " + incident.set), Provider: p.provider}
		if row.There(t) {
			continue
		}
		args := []string{"gate", scenario(t, incident.name), "--costs", "--provider", p.provider, "--baseline", "variant:fixed", "--variant", "naive", "--seed", "5"}
		if incident.set != "" {
			args = append(args, "--candidate-set", incident.set)
		}
		v := p.gated(1, args...)
		first, rest, _ := strings.Cut(v.stdout.String(), "\n")
		if !strings.Contains(first, incident.count) || !strings.Contains(rest, incident.changed) {
			t.Errorf("%s does not name %q and %q:\n%s\n%s", row.What, incident.count, incident.changed, first, rest)
			continue
		}
		run := p.runs()[0]
		p.run(1, "rejudge", run.ID)
		// The first start builds, and makes the data set where nobody has it yet.
		began := run.Trials[1].Began
		row.Add(t, fmt.Sprintf("%s; %d starts, %.0f s in all, %.0f s without the first", first, len(run.Trials), run.Ended.Sub(run.Created).Seconds(), run.Ended.Sub(began).Seconds()))
	}
}

// TestProofABuildDoesNotCostMoreThanItself holds what is checked out against itself, 200 times, each time with other requests.
func TestProofABuildDoesNotCostMoreThanItself(t *testing.T) {
	file, left := proof.File(t), rowsAtOnce(t)
	p := newPlace(t, topology.ProviderLocal)
	for seed := 1; seed <= 40; seed++ {
		for _, name := range []string{"restapi", "nplusone", "missingindex", "jsonb", "cache"} {
			row := proof.Row{File: file, What: fmt.Sprintf("costs of %s against itself, seed %d", name, seed), Provider: p.provider}
			if row.There(t) {
				continue
			}
			if left--; left < 0 {
				t.Fatalf("not proven yet: the next call goes on with %s", row.What)
			}
			p.gated(0, "gate", scenario(t, name), "--costs", "--provider", p.provider, "--baseline", "variant:fixed", "--seed", fmt.Sprint(seed))
			row.Add(t, "pass")
		}
	}
}
