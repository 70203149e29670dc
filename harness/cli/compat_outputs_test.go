package cli_test

import (
	"encoding/csv"
	"maps"
	"net"
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

// TestEachTrialWritesOutputsAnew says what becomes of an output's file when a script is measured several times.
func TestEachTrialWritesOutputsAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if ran := command(t, dir, "run", "--quiet", "--trials", "2", compatScript(t, "metrics.js"), "--", "--out", "json=samples.json"); ran.code != 0 {
		t.Fatalf("brunt ended with %d\n%s", ran.code, ran.text)
	}
	if n := readSamples(t, filepath.Join(dir, "samples.json")).metrics["iterations"].count; n != 10 {
		t.Errorf("%d iterations are written, want those of one trial", n)
	}
}

// TestK6sOwnAPIAnswersWhereItIsAskedFor lets a script ask k6 how it does, as `k6 status` and `k6 scale` do.
func TestK6sOwnAPIAnswersWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil { // k6 takes the port over
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "script.js")
	if err := os.WriteFile(script, []byte(`import http from 'k6/http';
import { check, sleep } from 'k6';
export const options = { thresholds: { checks: ['rate==1'] } };
export default function () {
  const url = 'http://' + __ENV.API + '/v1/status';
  let res = http.get(url);
  if (__ENV.ON !== '1') {
    check(res, { 'nobody answers': (r) => r.status === 0 });
    return;
  }
  for (let n = 0; n < 200 && res.status === 0; n++, sleep(0.05)) { // k6 may begin before its API listens
    res = http.get(url);
  }
  check(res, { 'how it does': (r) => r.status === 200 && r.json('data.attributes.running') === true });
}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for on, flags := range map[string][]string{"0": nil, "1": {"--", "--address", address}} {
		ran := command(t, dir, concat([]string{"run", "--quiet", script, "-e", "API=" + address, "-e", "ON=" + on}, flags)...)
		if ran.code != 0 {
			t.Errorf("on %s: brunt ended with %d\n%s", on, ran.code, ran.text)
		}
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
