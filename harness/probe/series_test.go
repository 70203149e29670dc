package probe

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results/recording"
)

// written is a point as one line: metric{tags} value.
func written(points []recording.Point) []string {
	var lines []string
	for _, p := range points {
		value := fmt.Sprintf("= %v", p.Last)
		if p.Kind == recording.Counter {
			value = fmt.Sprintf("+ %v", p.Sum)
		}
		lines = append(lines, fmt.Sprintf("%s{%s} %s", p.Key.Metric, p.Key.Tags, value))
	}
	return lines
}

func TestSeries(t *testing.T) {
	tests := []struct {
		name    string
		answers []string
		want    []string // of the last answer
	}{
		{"the first answer tells all, and counters begin at nothing", []string{"# TYPE a gauge\na 7\n# TYPE b_total counter\nb_total 50\n"},
			[]string{"a{node:api} = 7", "b_total{node:api} + 0"}},
		{"after that only what changed", []string{"# TYPE a gauge\na 7\n# TYPE b_total counter\nb_total 50\nc 3\n", "# TYPE a gauge\na 7\n# TYPE b_total counter\nb_total 50\nc 4\n"},
			[]string{"c{node:api} = 4"}},
		{"a counter's increase", []string{"# TYPE b_total counter\nb_total 50\n", "# TYPE b_total counter\nb_total 62\n"}, []string{"b_total{node:api} + 12"}},
		{"a counter of a process that began anew", []string{"# TYPE b_total counter\nb_total 50\n", "# TYPE b_total counter\nb_total 4\n"}, []string{"b_total{node:api} + 4"}},
		{"a counter that was made in between", []string{"a 1\n", "a 1\n# TYPE b_total counter\nb_total{code=\"500\"} 2\n"}, []string{"b_total{code:500,node:api} + 2"}},
		{"a histogram is a sum and a count", []string{"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 9\nh_count 2\n", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 4\nh_sum 19.5\nh_count 4\n"},
			[]string{"h_sum{node:api} + 10.5", "h_count{node:api} + 2"}},
		{"so is a summary", []string{"# TYPE s summary\ns{quantile=\"0.5\"} 3\ns_sum 9\ns_count 2\n"}, []string{"s_sum{node:api} + 0", "s_count{node:api} + 0"}},
		{"labels are tags, sorted, with the node", []string{`a{z="1",b="x,y:z"} 7` + "\n"}, []string{`a{b:x\,y\:z,node:api,z:1} = 7`}},
		{"a label node of the service's own", []string{`a{node="7"} 7` + "\n"}, []string{"a{exported_node:7,node:api} = 7"}},
		{"a gauge that is told no more", []string{"a 7\nb 1\n", "b 1\n"}, []string{"a{node:api} = NaN"}},
		{"and stays away", []string{"a 7\nb 1\n", "b 1\n", "b 1\n"}, nil},
		{"and comes back as it was", []string{"a 7\n", "\n", "a 7\n"}, []string{"a{node:api} = 7"}},
		{"values that are no numbers are left out", []string{"a NaN\nb +Inf\nc 1\n"}, []string{"c{node:api} = 1"}},
		{"the scraper's own names are its own", []string{"up 3\nscrape_duration_seconds 3\nc 1\n"}, []string{"c{node:api} = 1"}},
		{"secrets in labels are taken out", []string{`a{dsn="hush"} 7` + "\n"}, []string{"a{dsn:[redacted],node:api} = 7"}},
		{"series beyond the most are left out", []string{"a 1\nb 1\nc 1\nd 1\ne 1\n"}, []string{"a{node:api} = 1", "b{node:api} = 1", "c{node:api} = 1", "d{node:api} = 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSeries(Source{Node: "api"}, ScrapeOptions{MostSeries: 4, Redact: func(v string) string { return strings.ReplaceAll(v, "hush", "[redacted]") }})
			var points []recording.Point
			for _, answer := range test.answers {
				var err error
				if points, err = s.take([]byte(answer)); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, written(points)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoMetricsIsAnError(t *testing.T) {
	s := newSeries(Source{Node: "api"}, ScrapeOptions{MostSeries: 4, Redact: func(v string) string { return v }})
	if points, err := s.take([]byte("<html>hello</html>\n")); err == nil {
		t.Errorf("got %v", written(points))
	}
	if _, err := s.take([]byte("a 1\n")); err != nil {
		t.Errorf("after a bad answer: %v", err)
	}
}

func TestSeriesAreCounted(t *testing.T) {
	s := newSeries(Source{Node: "api"}, ScrapeOptions{MostSeries: 2, Redact: func(v string) string { return v }})
	for range 3 {
		if _, err := s.take([]byte("a 1\nb 1\nc 1\n")); err != nil {
			t.Fatal(err)
		}
	}
	if kept, leftOut := s.counts(); kept != 2 || leftOut != 1 {
		t.Errorf("kept %d, left out %d", kept, leftOut)
	}
}

// typical is what a service in Go with a few metrics of its own tells (client_golang).
func typical(t testing.TB) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "restapi.prom"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestATypicalServiceIsRead(t *testing.T) {
	s := newSeries(Source{Node: "api"}, ScrapeOptions{}.withDefaults())
	points, err := s.take(typical(t))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]float64{}
	for _, p := range points {
		if p.Kind == recording.Gauge {
			told[p.Key.Metric] = p.Last
		}
	}
	for _, name := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "go_memstats_last_gc_time_seconds", "process_open_fds", "process_resident_memory_bytes"} {
		if v, ok := told[name]; !ok || v <= 0 || math.IsNaN(v) {
			t.Errorf("%s is %v", name, v)
		}
	}
}

// BenchmarkTake is what one scrape costs brunt beside the transfer.
func BenchmarkTake(b *testing.B) {
	body := typical(b)
	s := newSeries(Source{Node: "api"}, ScrapeOptions{}.withDefaults())
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := s.take(body); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte("# TYPE a counter\na 1\n"), []byte("# TYPE a counter\na 2\n"))
	f.Add([]byte("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 9\nh_count 2\n"), []byte("a{b=\"c\"} -1e9\n"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		s := newSeries(Source{Node: "api"}, ScrapeOptions{MostSeries: 8, Redact: func(v string) string { return v }})
		for _, body := range [][]byte{one, two} {
			points, err := s.take(body)
			if err != nil {
				return
			}
			// Whatever a service tells can be recorded.
			frame := recording.Frame{Points: points}
			if err := frame.Validate(); err != nil {
				t.Fatal(err)
			}
			for _, p := range points {
				if _, err := recording.SplitTags(p.Key.Tags); err != nil {
					t.Fatal(err)
				}
			}
		}
		if kept, _ := s.counts(); kept > 8 {
			t.Fatalf("%d series", kept)
		}
	})
}
