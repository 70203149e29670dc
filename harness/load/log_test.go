package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLogCountsWhatIterationsOfK6sOwnExecutorsThrew(t *testing.T) {
	t.Parallel()
	l, err := newLog("", func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") })
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`{"level":"error","msg":"Error: hunter2 is wrong\n\tat f (file:///s.js:1:2(3))\n","source":"stack`, // k6 writes as it likes
		`trace"}` + "\n" + `{"level":"error","msg":"of ours","source":"stacktrace","counted":true}` + "\n",
		`{"level":"error","msg":"Error: second","source":"stacktrace"}` + "\n",
		`{"level":"error","msg":"a script may print","source":"console"}` + "\n",
		`{"level":"info","msg":"not an error"}` + "\n",
		`{"level":"error","msg":"Uncaught (in promise) Error: third","executor":"shared-iterations","scenario":"default"}` + "\n",
		`{"level":"error","msg":"Executor error","executor":"ramping-vus","error":"no VU"}` + "\n\nnot JSON, not ended",
	} {
		l.Write([]byte(part))
	}
	last, n, first := l.told()
	if n != 3 || first != "Error: *** is wrong\n\tat f (file:///s.js:1:2(3))\n" || last.Message != "Executor error: no VU" {
		t.Errorf("%d exceptions, the first %q, the last error %q", n, first, last.Message)
	}
	l.close()
	if last, _, _ := l.told(); last.Message != "not JSON, not ended" {
		t.Errorf("the last words of a crash are lost: %q", last.Message)
	}
}

func TestLogKeepsItsEndFromTheBeginningOfALine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k6.log")
	l, err := newLog(path, func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 45_000 {
		fmt.Fprintf(l, `{"level":"info","msg":"line %06d with hunter2"}`+"\n", i)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if len(text) > maxLog || len(text) < maxLog-100 {
		t.Errorf("%d bytes are kept", len(text))
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf(`{"level":"info","msg":"line %06d with ***"}`, 45_000-len(lines)+i); line != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
	}
}

func TestCPUOfTheBusiestTenSeconds(t *testing.T) {
	t.Parallel()
	at := func(s float64) time.Time { return time.Unix(0, int64(s*1e9)) }
	used := func(s float64) time.Duration { return time.Duration(s * 1e9) }
	for _, row := range []struct {
		name  string
		looks [][2]float64 // second, CPU seconds used by then
		want  float64
	}{
		{"nothing", nil, 0},
		{"one look", [][2]float64{{0, 1}}, 0},
		{"a short load counts whole", [][2]float64{{0, 1}, {1, 2}, {2, 2}}, 50},
		{"a peak of a second is spread over ten", [][2]float64{{0, 0}, {1, 2}, {5, 2}, {10, 2}}, 20},
		{"the busiest ten, not the last", [][2]float64{{0, 0}, {10, 15}, {20, 16}}, 150},
		{"the warm-up of the meter does not count", [][2]float64{{0, 0}, {1, 2}, {11, 3}, {21, 4}}, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := &cpuMeter{}
			for _, l := range row.looks {
				m.look(at(l[0]), used(l[1]))
			}
			if m.percent() != row.want {
				t.Errorf("%v %%, want %v", m.percent(), row.want)
			}
		})
	}
}

func TestArgumentsAndEnvironmentOfTheChild(t *testing.T) {
	t.Parallel()
	s := Script{Path: "x.js", Bare: true, Flags: []string{"--vus", "3"}, Env: map[string]string{"K6_VUS": "9", "TOKEN": "t=1"}}
	want := []string{"__k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", "--log-format=json",
		"-o", "brunt", "-e", "K6_VUS=9", "--vus", "3", "x.js"}
	if diff := cmp.Diff(want, arguments(s, "brunt")); diff != "" {
		t.Error(diff)
	}
	got := environment([]string{"K6_OUT=json", "K6_BROWSER_HEADLESS=false", "PATH=/bin", "TOKEN=old"}, s)
	if diff := cmp.Diff([]string{"BRUNT_WIRE_FD=3", "GOGC=400", "K6_AUTO_EXTENSION_RESOLUTION=false", "K6_BROWSER_HEADLESS=false", "PATH=/bin", "TOKEN=t=1"}, got); diff != "" {
		t.Error(diff)
	}
}
