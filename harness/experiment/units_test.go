package experiment

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	number := func(n float64, err error) (float64, error) { return n, err }
	duration := func(s string) (float64, error) { d, err := parseDuration(s); return d.Seconds(), err }
	size := func(s string) (float64, error) { n, err := parseSize(s); return number(float64(n), err) }
	throughput := func(s string) (float64, error) { n, err := parseThroughput(s); return number(float64(n), err) }
	for _, row := range []struct {
		parse func(string) (float64, error)
		text  string
		want  float64 // -1: a problem
	}{
		{duration, "300ms", 0.3}, {duration, "1m30s", 90}, {duration, "1.5h", 5400}, {duration, "2d", 172800}, {duration, "1d12h", 129600},
		{duration, "0s", 0}, {duration, "365d", 365 * 86400}, {duration, "366d", -1}, {duration, "-1s", -1}, {duration, "", -1},
		{duration, "0", -1}, {duration, "5", -1}, {duration, "5 sec", -1}, {duration, "d", -1}, {duration, "1d5", -1}, {duration, "NaNd", -1},
		{duration, "infd", -1}, {duration, "9999999999999h", -1}, {duration, "-5d6d", -1},
		{parseRate, "100/s", 100}, {parseRate, "6000/m", 100}, {parseRate, "6000/min", 100}, {parseRate, "360000/h", 100},
		{parseRate, "0.5/s", 0.5}, {parseRate, "100 / s", 100}, {parseRate, "100", -1}, {parseRate, "0/s", -1}, {parseRate, "-1/s", -1},
		{parseRate, "NaN/s", -1}, {parseRate, "1e9/s", -1}, {parseRate, "100/d", -1}, {parseRate, "100/", -1}, {parseRate, "/s", -1},
		{size, "1B", 1}, {size, "1KB", 1000}, {size, "1KiB", 1024}, {size, "1.5MiB", 1.5 * (1 << 20)}, {size, "256m", 256 << 20},
		{size, "256Mi", 256 << 20}, {size, "256M", 256e6}, {size, "2g", 2 << 30}, {size, "1 GB", 1e9}, {size, "256", -1}, {size, "0MiB", -1},
		{size, "-1MiB", -1}, {size, "1PB", -1}, {size, "many", -1}, {size, "99999999GiB", -1},
		{throughput, "100KiB/s", 102400}, {throughput, "1MB/s", 1e6}, {throughput, "1MB", -1}, {throughput, "1/s", -1}, {throughput, "1MB/m", -1},
	} {
		got, err := row.parse(row.text)
		switch {
		case row.want < 0 && err == nil:
			t.Errorf("%q is read as %v", row.text, got)
		case row.want >= 0 && (err != nil || got != row.want):
			t.Errorf("%q: %v, %v; want %v", row.text, got, err, row.want)
		}
	}
}

func TestDurationsAreWrittenBackAsTheyAreRead(t *testing.T) {
	for _, d := range []time.Duration{time.Millisecond, 90 * time.Second, 26 * time.Hour, 1500 * time.Microsecond} {
		if got, err := parseDuration(d.String()); err != nil || got != d {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
}
