package cli_test

import (
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOutputsOfK6sStandBesideOurs holds what k6's JSON and CSV outputs write beside brunt's recording against what they write
// without it, and against the recording. The markers that brunt-arrival sends to brunt's own output are no samples.
func TestOutputsOfK6sStandBesideOurs(t *testing.T) {
	t.Parallel()
	host := newPizzeria(t)
	for _, row := range []struct {
		script     string
		iterations int
	}{{"metrics.js", 10}, {"arrival.js", 40}} {
		t.Run(row.script, func(t *testing.T) {
			args := []string{compatScript(t, row.script), "-e", "URL=" + host.url}
			flags := []string{"--out", "json=samples.json", "--out", "csv=samples.csv"}
			k6Dir, bruntDir := t.TempDir(), t.TempDir()
			theirs := command(t, k6Dir, concat([]string{"k6", "run", "--quiet", "--address=", "--no-usage-report"}, flags, args)...)
			ours := command(t, bruntDir, concat([]string{"run", "--quiet"}, args, []string{"--"}, flags)...)
			if theirs.code != 0 || ours.code != 0 {
				t.Fatalf("k6 ended with %d, brunt with %d\n%s%s", theirs.code, ours.code, theirs.text, ours.text)
			}
			want, got := readSamples(t, filepath.Join(k6Dir, "samples.json")), readSamples(t, filepath.Join(bruntDir, "samples.json"))
			if diff := cmp.Diff(want.counts(), got.counts()); diff != "" || got.metrics["iterations"].count != row.iterations {
				t.Errorf("JSON (-k6 +brunt):\n%s", diff)
			}
			got.recorded(t, bruntDir)

			points := map[string]int{}
			for name, m := range got.metrics {
				points[name] = m.count
			}
			rows := csvRows(t, filepath.Join(bruntDir, "samples.csv"))
			if diff := cmp.Diff(points, rows); diff != "" {
				t.Errorf("JSON and CSV of one run (-JSON +CSV):\n%s", diff)
			}
			alone := csvRows(t, filepath.Join(k6Dir, "samples.csv"))
			for _, counted := range []map[string]int{alone, rows} { // as often as the clock says
				maps.DeleteFunc(counted, func(name string, _ int) bool { return name == "vus" || name == "vus_max" })
			}
			if diff := cmp.Diff(alone, rows); diff != "" {
				t.Errorf("CSV (-k6 +brunt):\n%s", diff)
			}
		})
	}
}

// csvRows are how many rows k6's CSV output wrote of each metric.
func csvRows(t *testing.T, path string) map[string]int {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 || rows[0][0] != "metric_name" {
		t.Fatalf("%s: %v, %d rows", path, err, len(rows))
	}
	counts := map[string]int{}
	for _, row := range rows[1:] {
		counts[row[0]]++
	}
	return counts
}
