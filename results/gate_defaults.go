package results

import (
	"math"
	"strconv"
	"strings"
)

// The bounds of how many pairs a gate may have.
const (
	FewestGatePairs = 3
	MostGatePairs   = 20
)

// WithDefaults is the gate with every default in its place.
func (g Gate) WithDefaults() Gate {
	if g.Mode == "" {
		g.Mode = GateMirror
	}
	if g.Metric == "" {
		g.Metric = "latency"
	}
	l := &g.Limits
	for _, field := range []struct {
		number   *float64
		standard float64
	}{
		{&g.Budget, 1200}, {&g.Measured, 45}, {&g.Window, 5}, {&g.PairSeconds, 75}, {&g.Alpha, 0.01}, {&g.PassAlpha, 0.05},
		{&l.LatenessShare, 0.1}, {&l.LatenessAdded, 1.0 / 3}, {&l.LatenessApart, 0.02}, {&l.OfferedApart, 0.005}, {&l.BaselineErrors, 0.01}, {&l.Excluded, 0.2},
		{&l.Autocorrelation, 0.6},
	} {
		if *field.number == 0 {
			*field.number = field.standard
		}
	}
	if l.FewestExtremes == 0 {
		l.FewestExtremes = 20
	}
	if g.LeastPairs == 0 {
		g.LeastPairs = 5
	}
	if g.MostPairs == 0 {
		g.MostPairs = MostGatePairs
	}
	g.LeastPairs = max(g.LeastPairs, FewestGatePairs)
	g.MostPairs = max(g.LeastPairs, min(g.MostPairs, MostGatePairs))
	primary := g.Primary
	if len(primary) == 0 {
		primary = []GateMetric{{Name: "p50"}, {Name: "p95"}, {Name: "p99"}, {Name: GateErrors}}
	}
	g.Primary = make([]GateMetric, len(primary))
	for i, m := range primary {
		g.Primary[i] = m.withDefaults()
	}
	return g
}

func (m GateMetric) withDefaults() GateMetric {
	floor, limit := 0.02, 0.05
	switch q, ok := m.Quantile(); {
	case ok && q < 0.725:
		floor, limit = 0.01, 0.03
	case ok && q >= 0.97:
		floor, limit = 0.03, 0.08
	case m.Name == GateErrors:
		floor, limit = 0, 0.001
	}
	if m.Floor == 0 {
		m.Floor = floor
	}
	if m.PassLimit == 0 {
		m.PassLimit = limit
	}
	return m
}

// Quantile is the one that the metric is, between 0 and 1: 0.95 of p95. It is not ok for what is none.
func (m GateMetric) Quantile() (float64, bool) {
	text, ok := strings.CutPrefix(m.Name, "p")
	if !ok {
		return 0, false
	}
	percent, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(percent) || percent <= 0 || percent >= 100 {
		return 0, false
	}
	return percent / 100, true
}
