package slo

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The units that values are kept in.
const (
	UnitNone           = ""      // a bare number: counts, custom metrics
	UnitTime           = "ms"    // milliseconds
	UnitShare          = "share" // 0 to 1; written in %
	UnitPerSecond      = "/s"
	UnitBytes          = "B"
	UnitBytesPerSecond = "B/s"
	unitTimePerSecond  = "ms/s" // slope of a time
)

// unitFactor is how a written unit becomes a kept one: value × 10^shift × factor. The power of ten is applied to the
// digits as text, so that 0.1% is exactly what 0.001 is.
type unitFactor struct {
	unit   string
	shift  int
	factor float64
}

func baseUnit(word string) (unitFactor, bool) {
	switch word {
	case "us", "µs", "μs":
		return unitFactor{UnitTime, -3, 1}, true
	case "ms":
		return unitFactor{UnitTime, 0, 1}, true
	case "s":
		return unitFactor{UnitTime, 3, 1}, true
	case "m", "min":
		return unitFactor{UnitTime, 3, 60}, true
	case "h":
		return unitFactor{UnitTime, 3, 3600}, true
	case "%":
		return unitFactor{UnitShare, -2, 1}, true
	case "B":
		return unitFactor{UnitBytes, 0, 1}, true
	case "KB", "kB":
		return unitFactor{UnitBytes, 3, 1}, true
	case "MB":
		return unitFactor{UnitBytes, 6, 1}, true
	case "GB":
		return unitFactor{UnitBytes, 9, 1}, true
	case "KiB":
		return unitFactor{UnitBytes, 0, 1 << 10}, true
	case "MiB":
		return unitFactor{UnitBytes, 0, 1 << 20}, true
	case "GiB":
		return unitFactor{UnitBytes, 0, 1 << 30}, true
	}
	return unitFactor{}, false
}

// perSeconds is the length of the unit after a slash, in seconds.
func perSeconds(word string) (float64, bool) {
	switch word {
	case "s":
		return 1, true
	case "min", "m":
		return 60, true
	case "h":
		return 3600, true
	}
	return 0, false
}

// unitHint guesses what an unknown unit was meant to be.
func unitHint(number, word string) string {
	switch strings.ToLower(word) {
	case "msec", "msecs", "millis", "millisecond", "milliseconds":
		return "did you mean " + number + "ms?"
	case "sec", "secs", "second", "seconds":
		return "did you mean " + number + "s?"
	case "mins", "minute", "minutes":
		return "did you mean " + number + "min?"
	case "percent", "pct":
		return "did you mean " + number + "%?"
	case "rps", "qps", "req", "reqs", "rate", "ps", "hz":
		return "did you mean " + number + "/s?"
	case "ki", "kib", "k":
		return "did you mean " + number + "KiB?"
	case "mi", "mib":
		return "did you mean " + number + "MiB?"
	case "gi", "gib", "g":
		return "did you mean " + number + "GiB?"
	case "kb":
		return "did you mean " + number + "KB?"
	case "mb":
		return "did you mean " + number + "MB?"
	case "gb":
		return "did you mean " + number + "GB?"
	}
	return "units are us, ms, s, m, h, %, /s, /min, B, KB, MB, GB, KiB, MiB, GiB"
}

// scale turns the digits of a number and a unit into a kept value.
func (u unitFactor) scale(digits string) (float64, error) {
	v, err := strconv.ParseFloat(digits+"e"+strconv.Itoa(u.shift), 64)
	return v * u.factor, err
}

// Format writes a kept value as it is written in an SLO: Format(300, "ms") is 300ms, Format(0.001, "share") is 0.1%.
func Format(v float64, unit string) string {
	switch unit {
	case UnitShare:
		return plain(v, 2) + "%"
	case UnitTime:
		if whole(v, 1000) {
			return plain(v, -3) + "s"
		}
	case UnitBytes, UnitBytesPerSecond:
		return formatBytes(v) + strings.TrimPrefix(unit, UnitBytes)
	}
	return plain(v, 0) + unit
}

func formatBytes(v float64) string {
	switch {
	case whole(v, 1<<30):
		return plain(v/(1<<30), 0) + "GiB"
	case whole(v, 1<<20):
		return plain(v/(1<<20), 0) + "MiB"
	case whole(v, 1<<10):
		return plain(v/(1<<10), 0) + "KiB"
	}
	return plain(v, 0) + "B"
}

// whole says whether v is a multiple of step that is small enough for the division to be exact.
func whole(v, step float64) bool {
	return v != 0 && math.Abs(v) < 1<<53 && math.Mod(v, step) == 0
}

func formatDuration(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	// Digits of the whole nanoseconds, shifted as text: exact, where a float of milliseconds need not be.
	digits := strconv.FormatInt(int64(d), 10)
	return place(digits, len(digits)-6) + "ms"
}

// plain writes v × 10^shift without an exponent and without rounding: the shift moves the point in the shortest digits
// that stand for v.
func plain(v float64, shift int) string {
	text := strconv.FormatFloat(v, 'e', -1, 64)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	mantissa, exponent, ok := strings.Cut(text, "e")
	if !ok { // not finite
		return sign + text
	}
	exp, err := strconv.Atoi(exponent)
	if err != nil {
		return sign + text
	}
	digits := strings.Replace(mantissa, ".", "", 1)
	if digits == "0" {
		return sign + "0"
	}
	return sign + place(digits, exp+1+shift)
}

// place puts the point after the given number of digits, with zeros where there are none.
func place(digits string, point int) string {
	switch {
	case point <= 0:
		digits = "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits))
	default:
		digits = digits[:point] + "." + digits[point:]
	}
	return strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
}

// isUnitRune says whether r can stand in a unit.
func isUnitRune(r rune) bool {
	return r == '%' || r == 'µ' || r == 'μ' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func runeAt(text string, pos int) (rune, int) {
	if pos >= len(text) {
		return 0, 0
	}
	return utf8.DecodeRuneInString(text[pos:])
}
