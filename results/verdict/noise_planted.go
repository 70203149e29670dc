package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

// leastReadBack and mostReadBack are between which shares of what was asked for a delay has to be read back.
const leastReadBack, mostReadBack = 0.8, 1.2

// readPlanted reads each planted change back, in the order in which they came.
func readPlanted(readings []results.GateReading) []results.PlantedReading {
	all := []results.PlantedReading{}
	var kinds []results.PlantedKind
	of := map[results.PlantedKind][]results.GateReading{}
	for _, r := range readings {
		if r.Planted == nil {
			continue
		}
		if of[r.Planted.Kind] == nil {
			kinds = append(kinds, r.Planted.Kind)
		}
		of[r.Planted.Kind] = append(of[r.Planted.Kind], r)
	}
	for _, kind := range kinds {
		read := results.PlantedReading{Planted: *of[kind][0].Planted, Pairs: len(of[kind]), Outcome: results.Inconclusive}
		if kind == results.PlantedDelay {
			readDelay(&read, of[kind])
		} else {
			readQuota(&read, of[kind])
		}
		all = append(all, read)
	}
	return all
}

// readDelay holds what a delay added to p50 against what was asked for: it is in every answer, whatever else is.
func readDelay(read *results.PlantedReading, readings []results.GateReading) {
	const metric = "p50"
	if !readRatio(read, readings, metric) {
		return
	}
	var shares []float64
	for _, v := range metricIn(readings, metric) {
		shares = append(shares, *v.Baseline*math.Expm1(*v.Change)/read.Delay)
	}
	mean := stats.MeanOf(shares)
	low, high := mean.Interval(beyondInterval)
	read.Share, read.ShareLow, read.ShareHigh = known(mean.Value), known(low), known(high)
	text := fmt.Sprintf("of a delay of %s on %s %s was read back", display(read.Delay, slo.UnitTime), read.On, percent(mean.Value))
	switch {
	case mean.Value < leastReadBack:
		read.Outcome, read.Reason = results.Fail, text+", less than "+percent(leastReadBack)
	case mean.Value > mostReadBack:
		read.Reason = text + ", more than " + percent(mostReadBack) + ": the load waits for something beside it, so lower --rate"
	default:
		read.Outcome = results.Pass
	}
}

// readQuota looks whether a quota made any quantile longer for sure.
func readQuota(read *results.PlantedReading, readings []results.GateReading) {
	found := false
	for _, metric := range timesIn(readings) {
		one := *read
		switch {
		case !readRatio(&one, readings, metric):
			if !found {
				read.Used, read.Reason = one.Used, one.Reason
			}
		case !found || one.Low != nil && (read.Low == nil || *one.Low > *read.Low):
			*read, found = one, true
		}
	}
	switch {
	case !found:
	case read.Low != nil && *read.Low > 1:
		read.Outcome = results.Pass
	default:
		read.Outcome = results.Fail
		read.Reason = fmt.Sprintf("a quota of %s on %s, which uses %s, made nothing longer for sure", cores(read.Cores), read.On, cores(read.Uses))
	}
}

// timesIn are the quantiles that readings have.
func timesIn(readings []results.GateReading) (names []string) {
	for _, v := range readings[0].Values {
		if _, ok := (results.GateMetric{Name: v.Metric}).Quantile(); ok {
			names = append(names, v.Metric)
		}
	}
	return names
}

// readRatio is candidate by baseline in one metric. It is false where there are not two pairs that tell of it.
func readRatio(read *results.PlantedReading, readings []results.GateReading, metric string) bool {
	values := metricIn(readings, metric)
	read.Used = len(values)
	if len(values) < 2 {
		why := commonest(readings)
		if why == "" {
			why = "there are too few values in them"
		}
		read.Reason = withReason(fmt.Sprintf("%d of %s can be read", len(values), plural(int64(len(readings)), "pair")), why)
		return false
	}
	var changes, levels []float64
	for _, v := range values {
		changes, levels = append(changes, *v.Change), append(levels, *v.Baseline)
	}
	mean := stats.MeanOf(changes)
	low, high := mean.Interval(beyondInterval)
	read.Metric, read.Level, read.Ratio = metric, known(middle(levels)), known(math.Exp(mean.Value))
	read.Low, read.High, read.Reason = known(math.Exp(low)), known(math.Exp(high)), ""
	return true
}

// metricIn are the values of a metric in the readings in which a planted change was in force.
func metricIn(readings []results.GateReading, metric string) (values []results.GateValue) {
	for _, r := range fitReadings(readings) {
		for _, v := range r.Values {
			if v.Metric == metric && v.Change != nil && v.Baseline != nil {
				values = append(values, v)
			}
		}
	}
	return values
}

// plantedRow is what became of a planted change that was asked for.
func plantedRow(kind results.PlantedKind, card results.NoiseCard) results.Evidence {
	row := results.Evidence{What: "planted " + string(kind), Unit: slo.UnitShare, Outcome: results.Inconclusive, Reason: "it was not measured"}
	for _, p := range card.Planted {
		if p.Kind != kind {
			continue
		}
		row.Outcome, row.Reason, row.Samples = p.Outcome, p.Reason, int64(p.Used)
		if kind == results.PlantedDelay {
			row.Value, row.Low, row.High = p.Share, p.ShareLow, p.ShareHigh
			row.Bound = fmt.Sprintf("%s to %s", percent(leastReadBack), percent(mostReadBack))
			break
		}
		row.Phase, row.Bound = p.Metric, "longer for sure"
		for to, ratio := range map[**float64]*float64{&row.Value: p.Ratio, &row.Low: p.Low, &row.High: p.High} {
			if ratio != nil {
				*to = known(*ratio - 1)
			}
		}
	}
	return row
}
