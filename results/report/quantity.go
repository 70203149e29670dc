package report

import (
	"math"
	"strconv"
	"strings"
)

// quantity writes a value of a unit for people: three significant digits or so, whole numbers in full. The units are those
// of results.Evidence: ms, s, share (0 to 1, shown in per cent), %, /s, B, B/s, or none, and of slopes ms/min, /min, B/min.
func quantity(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	switch unit {
	case "share":
		return digits(v*100) + " %"
	case "ms":
		if math.Abs(v) >= 10_000 {
			return digits(v/1000) + " s"
		}
	case "B", "B/s", "B/min":
		return size(v) + strings.TrimPrefix(unit, "B")
	case "":
		return digits(v)
	}
	return digits(v) + " " + unit
}

// size writes a number of bytes in the largest unit of 1024 that leaves at least one.
func size(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(v) >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return digits(v) + " " + units[i]
}

// digits writes a number: thousands in full, below that three significant digits, without trailing zeros after the point.
func digits(v float64) string {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) < 1e-6:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	places := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	text := strconv.FormatFloat(v, 'f', places, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// seconds writes a moment or a length of a trial.
func seconds(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " s"
}

// interval writes an interval of a trial.
func interval(from, to float64) string {
	return strings.TrimSuffix(seconds(from), " s") + " to " + seconds(to)
}

// percent writes a number that is per cent already.
func percent(v float64) string { return quantity(v, "%") }
