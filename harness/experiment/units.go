package experiment

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// valueError says what is wrong with the text of a value, and what to write instead.
type valueError struct{ problem, hint string }

func (e *valueError) Error() string { return e.problem }

func wrong(problem, hint string) error { return &valueError{problem, hint} }

const longest = 365 * 24 * time.Hour

// quantityForm is a number, perhaps a space, and what follows.
func quantityForm() *regexp.Regexp { return regexp.MustCompile(`^([+-]?[0-9]*\.?[0-9]+)\s*(.*)$`) }

// parseDuration reads a duration as Go writes it, and days: 300ms, 1m30s, 2d.
func parseDuration(s string) (time.Duration, error) {
	rest, days := s, 0.0
	if before, after, ok := strings.Cut(s, "d"); ok {
		if n, err := strconv.ParseFloat(before, 64); err == nil {
			rest, days = after, n
		}
	}
	var d time.Duration
	if rest != "" {
		var err error
		if d, err = time.ParseDuration(rest); err != nil || rest == "0" {
			return 0, durationError(s)
		}
	} else if s == "" {
		return 0, durationError(s)
	}
	total := days*24*float64(time.Hour) + float64(d)
	switch {
	case math.IsNaN(total) || math.Abs(total) > float64(longest):
		return 0, wrong(s+" is too long", "at most 365d")
	case total < 0:
		return 0, wrong(s+" is negative", "durations are not negative")
	}
	return time.Duration(total), nil
}

func durationError(s string) error {
	form := quantityForm().FindStringSubmatch(s)
	if form == nil {
		return wrong(quote(s)+" is not a duration", "write one such as 300ms, 20s, 1m30s, 2h")
	}
	number, unit := form[1], strings.ToLower(form[2])
	if unit == "" {
		return wrong(s+" has no unit", "write "+number+"ms or "+number+"s")
	}
	units := map[string]string{
		"sec": "s", "secs": "s", "second": "s", "seconds": "s", "s": "s",
		"min": "m", "mins": "m", "minute": "m", "minutes": "m", "m": "m",
		"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "h": "h",
		"day": "d", "days": "d", "d": "d",
		"msec": "ms", "msecs": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms", "ms": "ms",
	}
	if right, ok := units[unit]; ok {
		return wrong(quote(s)+" is not a duration", "did you mean "+number+right+"?")
	}
	return wrong(quote(s)+" is not a duration", "units are ms, s, m, h and d")
}

// ParseRate reads iterations per second, as a file writes them: 100/s.
func ParseRate(s string) (float64, error) { return parseRate(s) }

// parseRate reads a rate of iterations and returns it per second: 100/s, 6000/m, 6000/min, 360000/h.
func parseRate(s string) (float64, error) {
	number, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, wrong(quote(s)+" is not a rate", "write one such as 100/s or 6000/m")
	}
	if !ok {
		return 0, wrong(s+" has no unit", "write "+number+"/s or "+number+"/m")
	}
	per := map[string]float64{"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}[strings.TrimSpace(unit)]
	if per == 0 {
		return 0, wrong(quote(s)+" is not a rate", "a rate is per s, m or h, such as "+number+"/s")
	}
	if n <= 0 || n/per > 1e6 {
		return 0, wrong("a rate of "+s+" cannot be offered", "it is more than 0 and at most 1000000/s")
	}
	return n / per, nil
}

// ParseSize is the number of bytes of a size as an experiment writes it, such as 64KiB.
func ParseSize(s string) (int64, error) { return parseSize(s) }

// parseSize reads a number of bytes: 256MiB, 1.5GB; 256m and 256Mi as container tools write them.
func parseSize(s string) (int64, error) {
	form := quantityForm().FindStringSubmatch(s)
	if form == nil {
		return 0, wrong(quote(s)+" is not a size", "write one such as 256MiB")
	}
	number, unit := form[1], form[2]
	if unit == "" {
		return 0, wrong(s+" has no unit", "write "+number+"MiB, or "+number+"B for bytes")
	}
	factor := sizeUnits()[unit]
	if factor == 0 {
		return 0, wrong(quote(s)+" is not a size", "units are B, KB, MB, GB, KiB, MiB and GiB")
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n*factor < 1 || n*factor > 1<<50 {
		return 0, wrong(quote(s)+" is not a size of a machine", "write one such as 256MiB")
	}
	return int64(n * factor), nil
}

func sizeUnits() map[string]float64 {
	return map[string]float64{
		"B": 1, "b": 1,
		"KB": 1e3, "kB": 1e3, "MB": 1e6, "GB": 1e9, "K": 1e3, "M": 1e6, "G": 1e9,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30,
		"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30,
	}
}

// ParseThroughput reads bytes per second, as a file writes them: 50KB/s.
func ParseThroughput(s string) (int64, error) { return parseThroughput(s) }

// parseThroughput reads bytes per second: 100KiB/s.
func parseThroughput(s string) (int64, error) {
	size, ok := strings.CutSuffix(s, "/s")
	n, err := parseSize(strings.TrimSpace(size))
	if err != nil {
		return 0, wrong(quote(s)+" is not a throughput", "write one such as 100KiB/s")
	}
	if !ok {
		return 0, wrong(s+" is not per second", "write "+size+"/s")
	}
	return n, nil
}

// quote quotes what a file holds, or the beginning of it.
func quote(s string) string {
	const longest = 120
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strconv.Quote(s)
}
