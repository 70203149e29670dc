package simulation

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/stats"
)

// Cell is a row of the table: gates of one kind.
type Cell struct {
	Noise  Noise
	Mode   results.GateMode
	Effect Effect
	Only   string // the one primary metric, with the part of the error that it has among all; empty: all of them
}

// Name tells cells apart.
func (c Cell) Name() string {
	name := fmt.Sprintf("%s/%s/%s", c.Noise.Name, c.Mode, c.Effect.Name)
	if c.Only != "" {
		name += "/" + c.Only
	}
	return name
}

// pairSeconds is how long a pair is expected to take.
func pairSeconds(mode results.GateMode) float64 {
	switch mode {
	case results.GateSlices:
		return 168
	case results.GateTrials:
		return 132
	}
	return 66
}

// Simulation plays the cell's gates.
func (c Cell) Simulation() Simulation {
	plan := results.Gate{Mode: c.Mode, PairSeconds: pairSeconds(c.Mode)}
	if c.Only != "" {
		all := plan.WithDefaults()
		plan.Alpha = all.Alpha / float64(len(all.Primary))
		plan.Primary = []results.GateMetric{{Name: c.Only}}
	}
	return Simulation{Plan: plan, Noise: c.Noise, Effect: c.Effect}
}

// Cells are those of the full table.
func Cells() []Cell {
	equal := Effect{Name: "A/A"}
	all := func(percent float64) Effect {
		return Effect{Name: fmt.Sprintf("all +%g %%", percent), All: percent / 100}
	}
	p95 := func(percent float64) Effect {
		return Effect{Name: fmt.Sprintf("p95 +%g %%", percent), P95: percent / 100}
	}
	failed := Effect{Name: "errors +0.2 points", Failed: 0.002}
	var cells []Cell
	for _, group := range []struct {
		noise   Noise
		mode    results.GateMode
		only    string
		effects []Effect
	}{
		{Quiet(), results.GateMirror, "", []Effect{equal, p95(5), all(5), all(10)}},
		{Noisy(), results.GateMirror, "", []Effect{equal, p95(5), all(5), all(10), failed}},
		{Hostile(), results.GateMirror, "", []Effect{equal, p95(5), all(5), all(10)}},
		{Noisy(), results.GateSlices, "", []Effect{equal, all(5), all(10), all(20)}},
		{Noisy(), results.GateTrials, "", []Effect{equal, all(5), all(10), all(20)}},
		{Hostile(), results.GateSlices, "", []Effect{equal, all(20)}},
		{Hostile(), results.GateTrials, "", []Effect{equal, all(20)}},
		// For the smallest change that is found: around it, one metric at a time.
		{Noisy(), results.GateMirror, "p50", []Effect{all(2), all(2.5), all(3)}},
		{Noisy(), results.GateMirror, "p95", []Effect{all(3), all(3.5), all(4)}},
		{Noisy(), results.GateMirror, "p99", []Effect{all(5.5), all(6.5), all(7.5)}},
		{Hostile(), results.GateMirror, "p50", []Effect{all(3), all(4), all(5)}},
		{Hostile(), results.GateMirror, "p95", []Effect{all(4), all(5), all(6)}},
		{Hostile(), results.GateMirror, "p99", []Effect{all(6), all(7), all(8)}},
	} {
		for _, e := range group.effects {
			cells = append(cells, Cell{group.noise, group.mode, e, group.only})
		}
	}
	return cells
}

// Result is what one gate of a cell came to.
type Result struct {
	Outcome results.Outcome `json:"outcome"`
	Minutes float64         `json:"minutes"`
	Pairs   int             `json:"pairs"`
	Most    int             `json:"most"`
	// Of p50, p95 and p99, as shares: the standard deviation of a pair, the MDE stated at the last look, and the one that the last
	// look of all would have had with that standard deviation.
	SD      [3]float64 `json:"sd"`
	Stated  [3]float64 `json:"stated"`
	Planned [3]float64 `json:"planned"`
	Worse   []string   `json:"worse,omitempty"` // the metrics that made it fail
}

// quantiles are those of which there are figures in the table.
func quantiles() []string { return []string{"p50", "p95", "p99"} }

// ResultOf reduces a gate to what the table tells.
func ResultOf(plan results.Gate, p Played) Result {
	plan = plan.WithDefaults()
	f := p.Judgement.Findings
	r := Result{Outcome: p.Judgement.Outcome, Minutes: p.Seconds / 60, Pairs: f.Pairs, Most: f.Most}
	bounds := stats.Bounds(plan.Alpha/float64(len(plan.Primary)), plan.LeastPairs, f.Most)
	for i, m := range f.Metrics {
		if m.Worse {
			r.Worse = append(r.Worse, m.Metric)
		}
		if at := slices.Index(quantiles(), m.Metric); at >= 0 && m.SD != nil && m.MDE != nil {
			r.SD[at], r.Stated[at] = *m.SD, *m.MDE
			r.Planned[at] = stats.SmallestFound(*m.SD, f.Most, bounds[len(bounds)-1], plan.Primary[i].Floor)
		}
	}
	return r
}

// Seeds of the gates of a cell are its own, so that cells can be left out and added.
func (c Cell) Seeds(n int) uint64 {
	seed := uint64(14695981039346656037)
	for _, b := range []byte(c.Name()) {
		seed = (seed ^ uint64(b)) * 1099511628211
	}
	return seed + uint64(n)
}

// Row is what the gates of a cell came to.
type Row struct {
	Cell             string
	Gates            int
	Fail, Pass, Open int
	Minutes, Pairs   float64    // medians
	SD               [3]float64 // medians
	Stated, Planned  [3]float64 // medians; stated of those that stayed open to the end
	Blamed           map[string]int
}

// RowOf counts.
func RowOf(cell string, all []Result) Row {
	row := Row{Cell: cell, Gates: len(all), Blamed: map[string]int{}}
	var minutes, pairs []float64
	var sd, stated, planned [3][]float64
	for _, r := range all {
		switch r.Outcome {
		case results.Fail:
			row.Fail++
		case results.Pass:
			row.Pass++
		default:
			row.Open++
		}
		for _, m := range r.Worse {
			row.Blamed[m]++
		}
		minutes, pairs = append(minutes, r.Minutes), append(pairs, float64(r.Pairs))
		for i := range sd {
			sd[i], planned[i] = append(sd[i], r.SD[i]), append(planned[i], r.Planned[i])
			if r.Outcome == results.Inconclusive {
				stated[i] = append(stated[i], r.Stated[i])
			}
		}
	}
	row.Minutes, row.Pairs = median(minutes), median(pairs)
	for i := range sd {
		row.SD[i], row.Stated[i], row.Planned[i] = median(sd[i]), median(stated[i]), median(planned[i])
	}
	return row
}

// median of nothing is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// WriteTable writes rows, with shares in per cent.
func WriteTable(w io.Writer, rows []Row) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s %6s %6s %6s %6s %6s %6s  %-16s %-16s %-16s %s\n", "machine/mode/effect", "gates", "fail", "pass", "open",
		"min", "pairs", "sd p50/95/99", "planned MDE", "stated (open)", "blamed")
	for _, r := range rows {
		share := func(n int) string { return fmt.Sprintf("%.2f", 100*float64(n)/float64(max(r.Gates, 1))) }
		three := func(v [3]float64) string { return fmt.Sprintf("%.2f/%.2f/%.2f", 100*v[0], 100*v[1], 100*v[2]) }
		var blamed []string
		for m, n := range r.Blamed {
			blamed = append(blamed, fmt.Sprintf("%s %d", m, n))
		}
		slices.SortFunc(blamed, cmp.Compare[string])
		fmt.Fprintf(&b, "%-34s %6d %6s %6s %6s %6.1f %6.0f  %-16s %-16s %-16s %s\n", r.Cell, r.Gates, share(r.Fail), share(r.Pass), share(r.Open),
			r.Minutes, r.Pairs, three(r.SD), three(r.Planned), three(r.Stated), strings.Join(blamed, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
