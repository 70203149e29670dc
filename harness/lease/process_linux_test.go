package lease

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseStatCountsFromTheLastParenthesis(t *testing.T) {
	got, err := parseStat("42 (a) b (c) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 100 200", "boot")
	want := entry{Process: Process{PID: 42, Start: "boot:12345", Name: "a) b (c"}, parent: 7, group: 8, session: 9}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseStat(f *testing.F) {
	raw, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add("1 (x")
	f.Add(") (")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := parseStat(line, "b")
		if err == nil && e.Start == "" {
			t.Errorf("no start in %q", line)
		}
	})
}
