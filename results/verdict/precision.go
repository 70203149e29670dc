package verdict

import (
	"strconv"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
)

// errorText is the relative error of the values read from a histogram, for people.
func errorText(h *histogram.Histogram) string {
	return strconv.FormatFloat(100*h.Precision().Error(), 'g', 3, 64) + " %"
}

// coarse says that a percentile was read from a series that is kept coarser than others, as that of a metric is which no
// bound named before the load; or nothing.
func coarse(m slo.Measure, h *histogram.Histogram) string {
	if m.Stat != "p" && m.Stat != "med" || h.Precision() != histogram.Coarse || h.Count() <= 2 {
		return ""
	}
	return m.Metric + " was kept to within " + errorText(h) + ", as no bound named it before the run; with one the next run keeps it to within 0.1 %"
}

// coarse says so of a side.
func (s side) coarse() string {
	if s.sampled != nil || s.timed != nil {
		return ""
	}
	return coarse(s.measure, &s.want.core.trend)
}
