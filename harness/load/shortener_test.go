package load

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func shortened(line string) (string, bool) {
	var s shortener
	var b strings.Builder
	for i := range len(line) {
		if s.takes(line[i]) {
			b.WriteByte(line[i])
		}
	}
	return b.String(), s.cut
}

func TestALongTextIsShortenedAndTheLineStaysJSON(t *testing.T) {
	for _, unit := range []string{"x", `\"`, `\\`, `\n`, `\u00e9`, `\ud83d\ude00`, "é", `\u003c\u`[:6]} {
		for shift := range 7 {
			line := `{"level":"error","msg":"` + strings.Repeat("s", shift) + strings.Repeat(unit, maxText) + `","source":"stacktrace"}`
			got, cut := shortened(line)
			var e entry
			if err := json.Unmarshal([]byte(got), &e); err != nil {
				t.Fatalf("%q, shifted by %d: %v", unit, shift, err)
			}
			if e.Level != "error" || e.Source != "stacktrace" || len(e.Message) < maxText-utf8.UTFMax || cut != (len(got) < len(line)) {
				t.Errorf("%q, shifted by %d: level %q, source %q, %d bytes, cut %v", unit, shift, e.Level, e.Source, len(e.Message), cut)
			}
		}
	}
	for _, line := range []string{`{"msg":"short \\"}`, `panic: "` + strings.Repeat("x", 2*maxText), ""} {
		if got, cut := shortened(line); got != line || cut {
			t.Errorf("%.40q became %.40q", line, got)
		}
	}
}

func TestAnExceptionIsCountedHoweverLongItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k6.log")
	l, err := newLog(path, func(s string) string { return strings.ReplaceAll(s, "hunter2hunter2", "***") })
	if err != nil {
		t.Fatal(err)
	}
	// The secret lies where the text is cut.
	text := strings.Repeat("x", maxText-7) + "hunter2hunter2" + strings.Repeat("x", 3*maxLine)
	line, err := json.Marshal(map[string]string{"level": "error", "msg": text, "source": "stacktrace"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{string(line[:1000]), string(line[1000:]) + "\n", string(line) + "\n", strings.Repeat("y", 2*maxLine-7) + "hunter2hunter2\n"} {
		l.Write([]byte(part))
	}
	if _, n, first := l.told(); n != 2 || !strings.HasPrefix(first, "xxx") || strings.Contains(first, "hunter") {
		t.Errorf("%d exceptions, the first %.20q", n, first)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := string(raw); strings.Contains(kept, "hunter") || strings.Count(kept, "stacktrace") != 2 || strings.Count(kept, "\n") != 3 {
		t.Errorf("%d bytes are kept, %d lines", len(kept), strings.Count(kept, "\n"))
	}
}
