package cli_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/proof"
)

// TestProofKilledAtRandomMoments kills brunt at moments that nobody chose, 25 of them for each provider, in batches that each have a
// row, so that it can be interrupted. After the last of a batch the next run has to work.
func TestProofKilledAtRandomMoments(t *testing.T) {
	file := proof.File(t)
	const batches, kills = 5, 5
	for n, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			var p *place
			for batch := range batches {
				row := proof.Row{File: file, What: fmt.Sprintf("kill -9 at random moments, %d of %d batches of %d", batch+1, batches, kills), Provider: provider}
				if row.There(t) {
					continue
				}
				if p == nil {
					p = newDeathPlace(t, provider)
				}
				random := rand.New(rand.NewPCG(uint64(batch), uint64(n)))
				figure := p.killedAtRandom(random, kills)
				p.run(0, p.runArgs("--inconclusive=pass")...)
				row.Add(t, figure)
			}
		})
	}
}

// killedAtRandom kills so many runs, each at a moment of the time that a run takes, and says when that was and how long anything was
// left.
func (p *place) killedAtRandom(random *rand.Rand, kills int) string {
	p.Helper()
	const longest = 11 * time.Second
	worst := time.Duration(0)
	var moments []string
	for range kills {
		before := len(p.runs())
		moment := time.Duration(random.Int64N(int64(longest)))
		v := p.start(p.runArgs("--set", "load.duration=11s")...) // so that no run is over before
		time.Sleep(moment)
		known, id := v.kill(), ""
		if runs := p.runs(); len(runs) > before {
			id = runs[0].ID
		}
		worst = max(worst, p.undisturbed(id, known))
		moments = append(moments, fmt.Sprintf("%.1f", moment.Seconds()))
	}
	return fmt.Sprintf("after %s s: nothing left, after %.1f s at most", strings.Join(moments, ", "), worst.Seconds())
}
