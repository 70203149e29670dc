package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a file holds, it is read without a panic: into an experiment that can be scaled, or into problems that each say
// what is wrong on which line. What one override does to it is no different.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml", scenarios + "/*/" + FileName} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, "")
			f.Add(text, "load.rate=5/s")
			f.Add(text, "faults.0.run=[a, b]")
		}
	}
	dir, err := filepath.Abs("testdata/bad")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte, set string) {
		opts := Options{}
		if set != "" {
			opts.Set = []string{set}
		}
		e, err := interpret(located{file: "f.yaml", dir: dir, text: text}, opts)
		if err == nil {
			if len(e.Services) == 0 || len(e.SLOs) == 0 || e.Load.Target == "" {
				t.Errorf("valid and empty: %+v", e)
			}
			e.Scaled(0.5)
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		for _, p := range problems {
			if p.Text == "" || p.Line < 1 && p.Origin == "" {
				t.Errorf("a problem that says too little: %+v", p)
			}
		}
	})
}
