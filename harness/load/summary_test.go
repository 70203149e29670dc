package load

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInspectFindsHandleSummaryHoweverItIsExported(t *testing.T) {
	t.Parallel()
	const fine = "export default function () {}\n"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"elsewhere.js": fine + "export const handleSummary = () => ({});\n",
		"plain.js":     fine,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, row := range []struct {
		name, text string
		handled    bool
	}{
		{"a function", fine + "export function handleSummary() {}", true},
		{"a list of exports", fine + "const report = () => {}; export { report as handleSummary };", true},
		{"handed on", "export * from './elsewhere.js';\nexport { default } from './elsewhere.js';", true},
		{"CommonJS", "exports.default = function () {};\nexports.handleSummary = function () {};", true},
		{"CommonJS, handed on", "module.exports = require('./elsewhere.js');", true},
		{"a word in a comment", "// no handleSummary here\n" + fine, false},
		{"other exports handed on", "export * from './plain.js';\nexport { default } from './plain.js';", false},
		{"nothing of the kind", fine, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(dir, fmt.Sprintf("script-%d.js", i))
			if err := os.WriteFile(path, []byte(row.text), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, bare := range []bool{true, false} {
				in, err := Inspect(t.Context(), os.Args[0], Script{Path: path, Bare: bare}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if in.HandleSummary != row.handled || in.Summary != (row.handled && bare) {
					t.Errorf("bare %v: handled %v, summary %v", bare, in.HandleSummary, in.Summary)
				}
			}
		})
	}
}

func TestFlagsDecideOverTheSummary(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		flags string
		want  [2]bool // without and with handleSummary
	}{
		{"", [2]bool{false, true}},
		{"--vus 3 --no-summary", [2]bool{false, false}},
		{"--no-summary=false", [2]bool{false, true}},
		{"--summary-mode=disabled", [2]bool{false, false}},
		{"--summary-mode disabled -i 3", [2]bool{false, false}},
		{"--summary-mode full", [2]bool{true, true}},
		{"--summary-mode=disabled --summary-mode=legacy", [2]bool{true, true}},
		{"--summary-export out.json", [2]bool{true, true}},
		{"--no-summary --summary-export=out.json", [2]bool{false, false}},
		{"--summary-trend-stats avg", [2]bool{false, true}},
	} {
		s := Script{Bare: true, Flags: strings.Fields(row.flags)}
		if diff := cmp.Diff(row.want, [2]bool{s.summaryOn(false), s.summaryOn(true)}); diff != "" {
			t.Errorf("%q: %s", row.flags, diff)
		}
	}
}

func TestWhatAScriptWritesGoesWhereItIsAwaited(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", `
export const options = { iterations: 2, thresholds: { iterations: ['count>2'] } };
export default function () { console.log('one ' + __ENV.TOKEN); console.warn('two\nlines'); }
export function handleSummary(data) {
  if (__ENV.BAD) throw new Error('no report');
  return { stdout: 'held ' + data.metrics.iterations.thresholds['count>2'].ok, '/nosuch/folder/x': '' };
}`)
	for _, row := range []struct{ bad, stdout, warned string }{
		{"", "held false", "could not open '/nosuch/folder/x'"},
		{"1", "TOTAL RESULTS", "Error: no report (" + path + ":5:"},
	} {
		var said, stdout, notices bytes.Buffer
		fitness, err, _ := run(t, Options{
			Script:  Script{Path: path, Bare: true, Env: map[string]string{"TOKEN": "hunter2", "BAD": row.bad}},
			Redact:  func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") },
			Console: func(level, text string) { fmt.Fprintf(&said, "%s: %s\n", level, text) },
			Stdout:  &stdout, Logger: slog.New(slog.NewTextHandler(&notices, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Repeat("info: one ***\nwarning: two\nlines\n", 2), said.String()); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(stdout.String(), row.stdout) || !strings.Contains(notices.String(), row.warned) {
			t.Errorf("standard output %q\nnotices %s", stdout.String(), notices.String())
		}
		if fitness.Exceptions != 0 || fitness.Served != 2 || fitness.ExitCode != exitThresholds {
			t.Errorf("%+v", fitness)
		}
	}
}
