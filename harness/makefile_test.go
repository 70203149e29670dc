package harness_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheGatesOfTheMakefileAreAllOfOnePackage: `make test` leaves the tests that GATES names out of its main call, in every package,
// and runs them by themselves in harness/cli alone.
func TestTheGatesOfTheMakefileAreAllOfOnePackage(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^GATES := (.+)$`).FindStringSubmatch(string(text))
	if found == nil {
		t.Fatal("the Makefile has no GATES")
	}
	gates, inCLI := regexp.MustCompile(found[1]), 0
	for dir, files := range sources(t) {
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				f, ok := d.(*ast.FuncDecl)
				switch {
				case !ok || !gates.MatchString(f.Name.Name):
				case dir == "harness/cli":
					inCLI++
				default:
					t.Errorf("%s: `make test` runs %s nowhere, because GATES matches its name", file, f.Name.Name)
				}
			}
		}
	}
	if inCLI == 0 {
		t.Error("GATES names no test of harness/cli")
	}
}
