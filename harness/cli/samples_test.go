package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/devcraft-studio/brunt/results/recording"
)

// series are the samples of one metric, or of one check.
type series struct {
	kind     string
	count    int
	sum      float64
	trues    int // values that are not 0
	min, max float64
}

func (s *series) add(v float64) {
	if s.count == 0 {
		s.min, s.max = v, v
	}
	s.count++
	s.sum += v
	s.min, s.max = min(s.min, v), max(s.max, v)
	if v != 0 {
		s.trues++
	}
}

// samples are the values that k6's JSON output wrote, by metric, and those of each check by its name.
type samples struct {
	metrics, checks map[string]*series
}

func readSamples(t *testing.T, path string) samples {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := samples{metrics: map[string]*series{}, checks: map[string]*series{}}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Type, Metric string
			Data         struct {
				Type  string
				Value float64
				Tags  map[string]string
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		switch line.Type {
		case "Metric":
			s.metrics[line.Metric] = &series{kind: line.Data.Type}
		case "Point":
			s.metrics[line.Metric].add(line.Data.Value)
			if name := line.Data.Tags["check"]; name != "" {
				if s.checks[name] == nil {
					s.checks[name] = &series{}
				}
				s.checks[name].add(line.Data.Value)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// counts are how many samples there are of each metric, and how often each check held. How often the VUs are counted depends
// on the clock.
func (s samples) counts() map[string][2]int {
	counts := map[string][2]int{}
	for name, m := range s.metrics {
		if name != "vus" && name != "vus_max" {
			counts[name] = [2]int{m.count, m.count}
		}
	}
	for name, c := range s.checks {
		counts["check "+name] = [2]int{c.count, c.trues}
	}
	return counts
}

// recorded compares the samples with brunt's own recording of the same load: the same metrics, and of each the same values,
// as exactly as its type keeps them.
func (s samples) recorded(t *testing.T, dir string) {
	t.Helper()
	ours := readRecording(t, dir)
	for _, name := range slices.Sorted(maps.Keys(s.metrics)) {
		theirs := *s.metrics[name]
		mine, ok := ours[name]
		switch {
		case !ok && theirs.count > 0 && !(theirs.kind == "counter" && theirs.sum == 0):
			t.Errorf("%s is not in the recording", name)
			continue
		case !ok:
			continue
		}
		same := true
		switch theirs.kind {
		case "counter":
			same = near(mine.sum, theirs.sum, 1e-9)
		case "rate":
			same = mine.count == theirs.count && mine.trues == theirs.trues
		case "trend":
			same = mine.count == theirs.count && near(mine.max, theirs.max, 1e-3) && near(mine.min, theirs.min, 1e-3)
		case "gauge":
			same = mine.min == theirs.min && mine.max == theirs.max
		}
		if !same {
			t.Errorf("%s: recorded %+v, written by k6 %+v", name, mine, theirs)
		}
	}
	for name, mine := range ours {
		touched := mine.count > 0 || mine.sum != 0 // a threshold names a metric that has no sample
		if _, ok := s.metrics[name]; !ok && touched && !slices.Contains(bruntsOwn(), name) {
			t.Errorf("%s is in the recording, but k6 wrote nothing of it", name)
		}
	}
}

// readRecording adds up the recording of the one run in a folder, by metric.
func readRecording(t *testing.T, dir string) map[string]series {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "artifacts", "*", "recording-1.brunt"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("recordings %v, %v", paths, err)
	}
	raw, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	reader, err := recording.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	totals := map[string]series{}
	for {
		frame, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return totals
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range frame.Points {
			tags, err := recording.SplitTags(p.Key.Tags)
			if err != nil {
				t.Fatal(err)
			}
			if tags["selector"] == "" { // what a threshold asked for is counted a second time
				totals[p.Key.Metric] = sumUp(totals[p.Key.Metric], p)
			}
		}
	}
}

func sumUp(s series, p recording.Point) series {
	low, high := p.Min, p.Max
	switch p.Kind {
	case recording.Counter:
		s.sum += p.Sum
		return s
	case recording.Rate:
		s.count += int(p.Total)
		s.trues += int(p.Trues)
		return s
	case recording.Trend:
		if p.Trend.Count() == 0 {
			return s
		}
		low, high = p.Trend.Min(), p.Trend.Max()
	}
	if s.count == 0 {
		s.min, s.max = low, high
	}
	s.min, s.max = min(s.min, low), max(s.max, high)
	if p.Kind == recording.Trend {
		s.count += int(p.Trend.Count())
	} else {
		s.count++
	}
	return s
}
