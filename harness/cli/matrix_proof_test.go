package cli_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// carded lists the outcome of each cell, and reads such a list again.
func carded(cells []results.CellOutcome) string {
	var all []string
	for _, c := range cells {
		all = append(all, fmt.Sprintf("%s %s %s %s", c.On(), c.Kind, c.What, c.Outcome))
	}
	return strings.Join(all, ", ")
}

func outcomesOf(figure string) map[string]string {
	list, _, _ := strings.Cut(figure, ";")
	outcomes := map[string]string{}
	for _, cell := range strings.Split(list, ", ") {
		if i := strings.LastIndex(cell, " "); i > 0 {
			outcomes[cell[:i]] = cell[i+1:]
		}
	}
	return outcomes
}

// agreement is the share of the cells of two scorecards, out of those that both tried, whose outcomes are the same.
func agreement(a, b map[string]string) (share float64, both int, differ []string) {
	for cell, outcome := range a {
		other, ok := b[cell]
		switch {
		case !ok:
			continue
		case other != outcome:
			differ = append(differ, fmt.Sprintf("%s: %s, %s", cell, outcome, other))
		}
		both++
	}
	return 1 - float64(len(differ))/float64(max(both, 1)), both, differ
}

func TestAScorecardOfTheProofIsReadAsItWasWritten(t *testing.T) {
	cells := []results.CellOutcome{
		{Cell: results.Cell{Link: "api->cache", Kind: "stall", What: "2% by 500ms"}, Outcome: results.Pass},
		{Cell: results.Cell{Node: "cache", Kind: "pause", What: "for 5s"}, Outcome: results.Fail},
	}
	a := outcomesOf(carded(cells) + "; 2 of 60 faults in 1m30s")
	cells[1].Outcome = results.Pass
	b := outcomesOf(carded(cells[1:]))
	if share, both, differ := agreement(a, a); share != 1 || both != 2 || differ != nil {
		t.Errorf("with itself: %v of %d, %v", share, both, differ)
	}
	if share, both, differ := agreement(a, b); share != 0 || both != 1 || len(differ) != 1 || differ[0] != "cache pause for 5s: fail, pass" {
		t.Errorf("with another: %v of %d, %v", share, both, differ)
	}
}

// TestProofTheScorecardRepeats makes the scorecard of the main job three times with one seed, each within its budget: all kinds
// of faults on its two links and three nodes. The outcomes of the cells have to be the same, but for one in twenty.
func TestProofTheScorecardRepeats(t *testing.T) {
	file := proof.File(t)
	const budget, least = 18 * time.Minute, 15 // as many cells as there are kinds
	scenario, err := filepath.Abs("../../scenarios/restapi")
	if err != nil {
		t.Fatal(err)
	}
	var cards []map[string]string
	for n := 1; n <= 3; n++ {
		row := proof.Row{File: file, What: fmt.Sprintf("restapi scorecard, seed 1, repetition %d", n), Provider: topology.ProviderLocal}
		figure, there := row.Figure(t)
		if !there {
			figure = scored(newPlace(t, topology.ProviderLocal), scenario, budget)
			if t.Failed() {
				return
			}
			row.Add(t, figure)
		}
		cards = append(cards, outcomesOf(figure))
		if len(cards[n-1]) < least {
			t.Errorf("repetition %d tried %d faults, not each kind once: %s", n, len(cards[n-1]), figure)
		}
	}
	var shares []string
	for i, pair := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		share, both, differ := agreement(cards[pair[0]], cards[pair[1]])
		if share < 0.95 || both < least {
			t.Errorf("pair %d: %.0f %% of %d cells agree: %s", i+1, 100*share, both, strings.Join(differ, "; "))
		}
		shares = append(shares, fmt.Sprintf("%.1f %% of %d", 100*share, both))
	}
	row := proof.Row{File: file, What: "restapi scorecard, agreement of three repetitions, two by two", Provider: topology.ProviderLocal}
	if !t.Failed() && !row.There(t) {
		row.Add(t, strings.Join(shares, ", "))
	}
}

// scored makes one scorecard, and has it judged again.
func scored(p *place, scenario string, budget time.Duration) string {
	p.Helper()
	v := p.start("matrix", scenario, "--provider", p.provider, "--seed", "1", "--budget", budget.String())
	code := v.exitWithin(budget + 5*time.Minute)
	if code != 0 && code != 1 && code != 4 {
		p.Fatalf("brunt ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	run := p.runs()[0]
	took := run.Ended.Sub(run.Created).Round(time.Second)
	if took > budget {
		p.Errorf("it took %v of --budget %v", took, budget)
	}
	p.run(code, "rejudge", run.ID)
	p.Logf("\n%s", v.stdout.String())
	return fmt.Sprintf("%s; %d of %d faults in %v of %v", carded(run.Verdict.Cells), len(run.Verdict.Cells), len(run.Question.Cells), took, budget)
}
