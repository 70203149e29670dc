package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	// shown is a command of a Markdown page, with what its comment says of the exit code.
	shown = regexp.MustCompile(`(?m)^ {4}bin/brunt ([^#\n]+?)(?: +#(?: exit (\d+))?.*)?$`)
	// written is a file that a shown command writes.
	written = regexp.MustCompile(`\b[a-z]+\.(?:xml|json|md)\b`)
)

// TestTheReadmeTellsTheTruth runs every brunt command of the README, at a fifth of the time, on the local provider. They run side by
// side, but beside no other test here, as some of them measure.
func TestTheReadmeTellsTheTruth(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := shown.FindAllStringSubmatch(string(page), -1)
	if n := len(commands); n < 5 {
		t.Fatalf("only %d commands were found in the README: the test looks for the wrong thing", n)
	}
	dir := t.TempDir()
	for i, m := range commands {
		file := filepath.Join(dir, fmt.Sprintf("readme-%d.txtar", i+1))
		if err := os.WriteFile(file, []byte(readmeScript(m[1], m[2])), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	params := scriptParams()
	params.Dir = dir
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("ROOT", root)
		env.Setenv("BRUNT_TIME_SCALE", "0.2")
		env.Setenv("BRUNT_PROVIDER", "local")
		return setup(env)
	}
	testscript.Run(t, params)
}

// readmeScript makes a test script of a command and its exit code, 0 where none is said. What names a bare script runs beside one, all
// else in the project's root; files are written aside.
func readmeScript(command, code string) string {
	if code == "" {
		code = "0"
	}
	folder := "$ROOT"
	if strings.Contains(command, "script.js") {
		folder = "$WORK"
		command = strings.ReplaceAll(command, "--duration 30s", "--duration 2s")
	}
	says := ""
	if strings.HasPrefix(command, "run scenarios/") {
		says = map[string]string{"0": "^PASS ", "1": "fail .* in redis-slow "}[code]
		code += ",4" // a machine that other tests keep busy may be unfit to measure on; it then has to say so
	}
	before := ""
	if strings.HasPrefix(command, "compare ") || strings.HasPrefix(command, "baseline ") { // they need something stored
		run := "exec brunt run --quiet script.js -- --iterations 3\n"
		before = "cd $WORK\n" + run + run + "exec brunt baseline set v1.2 latest~1\n"
	}
	text := before + fmt.Sprintf("cd %s\nexits %s brunt %s\n", folder, code, written.ReplaceAllString(command, "$$WORK/$0"))
	if says != "" {
		text += fmt.Sprintf("stdout '%s|not fit to measure'\n", says)
	}
	return text + "-- script.js --\nimport { sleep } from 'k6';\nexport default function () { sleep(0.1); }\n"
}
