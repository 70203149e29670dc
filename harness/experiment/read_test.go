package experiment

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// golden compares got with a file, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// Each file of testdata/bad has problems; testdata/bad/NAME.txt is what is said of them.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			_, err := Read(file, Options{Lookup: lookup(map[string]string{"SET": "1"})})
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("got %v, want problems", err)
			}
			for _, p := range problems {
				if p.Line < 1 {
					t.Errorf("no line: %s", p)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", strings.ReplaceAll(err.Error(), "testdata/bad/", "")+"\n")
		})
	}
}

func TestValidFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			e, err := Read(file, Options{Lookup: lookup(map[string]string{"HOME": "/", "TOKEN": "x"})})
			if err != nil {
				t.Fatal(err)
			}
			e.Source = nil
			b, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".json", strings.ReplaceAll(string(b), here, "HERE")+"\n")
		})
	}
}

// TestAFileOfAliasesIsRefusedBeforeItIsExpanded, which would be 17 million entries: a small file cannot be made to cost much, as aliases
// count as what they stand for.
func TestAFileOfAliasesIsRefusedBeforeItIsExpanded(t *testing.T) {
	var b strings.Builder
	b.WriteString("load: &load {script: script.js, env: &env {")
	for i := range 900 {
		b.WriteString("V" + itoa(i) + ": x, ")
	}
	b.WriteString("}}\nservices:\n")
	for i := range 900 {
		b.WriteString("  s" + itoa(i) + ": {reference: restapi, env: {<<: [" + strings.Repeat("*env, ", 20) + "*env]}}\n")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(write(t, b.String()), Options{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "too large") && !strings.Contains(err.Error(), "entries") {
		t.Errorf("got %.300v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
		t.Errorf("used %d MiB", used>>20)
	}
}
