package verdict

import (
	"math"
	"strconv"

	"github.com/devcraft-studio/brunt/results/slo"
)

// display writes a value to four significant digits, for people.
func display(v float64, unit string) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "unlimited"
	}
	if whole := math.Round(v); math.Abs(v) >= 1000 {
		return slo.Format(whole, unit)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		rounded = v
	}
	return slo.Format(rounded, unit)
}

func percent(share float64) string { return display(share, slo.UnitShare) }

func seconds(s float64) string { return display(s*1000, slo.UnitTime) }

func plural(n int64, noun string) string {
	text := strconv.FormatInt(n, 10) + " " + noun
	if n != 1 {
		text += "s"
	}
	return text
}
