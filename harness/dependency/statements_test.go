package dependency

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSQLIsSplitWhereStatementsEnd(t *testing.T) {
	type piece struct {
		Line int
		Text string
		Data string
	}
	for _, row := range []struct {
		name, text string
		want       []piece
	}{
		{"an empty file has none", " \n-- only a comment\n/* and another */\n", nil},
		{"two on one line, the last without a semicolon", "SELECT 1; SELECT 2", []piece{{Line: 1, Text: "SELECT 1"}, {Line: 1, Text: "SELECT 2"}}},
		{"empty statements are none", ";;SELECT 1;;", []piece{{Line: 1, Text: "SELECT 1"}}},
		{"a line is where the first word stands, after comments", "\n-- a; b\n/* c;\n/* nested; */ */\n  SELECT\n 1;", []piece{{Line: 5, Text: "SELECT\n 1"}}},
		{"a semicolon in quotes ends nothing", `SELECT ';', "a;b", 'it''s;', E'\';';`, []piece{{Line: 1, Text: `SELECT ';', "a;b", 'it''s;', E'\';'`}}},
		{"a backslash in a plain string is a character", `SELECT '\'; SELECT 2;`, []piece{{Line: 1, Text: `SELECT '\'`}, {Line: 1, Text: "SELECT 2"}}},
		{"dollar quotes hold anything", "DO $x$ BEGIN; $$ ; END $x$; SELECT $1;", []piece{{Line: 1, Text: "DO $x$ BEGIN; $$ ; END $x$"}, {Line: 1, Text: "SELECT $1"}}},
		{"a dollar in a name opens no quote", "SELECT a$b$; SELECT 2;", []piece{{Line: 1, Text: "SELECT a$b$"}, {Line: 1, Text: "SELECT 2"}}},
		{"a rule's commands stand in parentheses", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);", []piece{{Line: 1, Text: "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"}}},
		{"an atomic body ends with its END", "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT 3;", []piece{
			{Line: 1, Text: "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END"},
			{Line: 1, Text: "SELECT 3"},
		}},
		{"BEGIN of a transaction is a statement", "BEGIN; SELECT 1; END;", []piece{{Line: 1, Text: "BEGIN"}, {Line: 1, Text: "SELECT 1"}, {Line: 1, Text: "END"}}},
		{"rows follow a COPY from stdin, semicolons and all", "COPY t (a) FROM stdin;\n1;2\n\\N\n\\.\nSELECT 1;", []piece{
			{Line: 1, Text: "COPY t (a) FROM stdin", Data: "1;2\n\\N\n"}, {Line: 5, Text: "SELECT 1"},
		}},
		{"what pg_dump writes around its output is skipped", "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n", []piece{{Line: 2, Text: "SELECT 1"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			statements, err := splitSQL(row.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []piece
			for _, s := range statements {
				got = append(got, piece{s.line, s.text, s.data})
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSQLThatCannotBeSplitNamesTheLine(t *testing.T) {
	for _, row := range []struct {
		name, text, want string
	}{
		{"a quote is left open", "SELECT 1;\nSELECT 'oops;\n", "line 2: this quote is not closed"},
		{"a string with escapes is left open by its last backslash", `SELECT E'\`, "line 1: this quote is not closed"},
		{"a dollar quote is left open", "\nDO $a$ x", "line 2: the quote $a$ is not closed"},
		{"a comment is left open", "SELECT 1; /* oops", "line 1: this comment is not closed"},
		{"rows have no end", "COPY t FROM stdin;\n1\n", `line 1: the rows of this COPY … FROM stdin are not ended by a line of \. alone`},
		{"rows are missing", "COPY t FROM stdin", "line 1: COPY … FROM stdin has no semicolon and no rows"},
		{"a command of psql is no SQL", "SELECT 1;\n\\connect other\n", `line 2: \connect is a command of psql, not SQL`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := splitSQL(row.text)
			if err == nil || err.Error() != row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

// A dump of many statements is split in one pass: with a pass for each this would take minutes.
func TestSQLOfManyStatementsIsSplitInOnePass(t *testing.T) {
	const many = 100_000
	statements, err := splitSQL(strings.Repeat("INSERT INTO t VALUES (1, 'x');\n", many))
	if err != nil || len(statements) != many || statements[many-1].line != many {
		t.Errorf("%d statements, %v", len(statements), err)
	}
}

// FuzzSplitSQL: whatever the text, it is split or refused with a line that it has; statements come in their order, each
// begins where its line says, and splitting one again gives it back.
func FuzzSplitSQL(f *testing.F) {
	for _, text := range []string{
		"SELECT 1; SELECT 2", "DO $x$ ; $x$;", "/* /* ; */ */ SELECT E'\\';' ;", "COPY t FROM stdin;\n1\n\\.\n", "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END;",
		"SELECT (';');", "\\restrict x\n;", "é;ü", "'", "$$", "\\.",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		statements, err := splitSQL(text)
		lines := strings.Count(text, "\n") + 1
		if err != nil {
			var at *lineError
			if !errors.As(err, &at) || at.line < 1 || at.line > lines {
				t.Fatalf("error %v in a text of %d lines", err, lines)
			}
			return
		}
		last := 1
		for _, s := range statements {
			if s.line < last || s.line > lines || s.text == "" || !strings.Contains(text, s.text) {
				t.Fatalf("statement %+v after line %d of %d", s, last, lines)
			}
			last = s.line
			if s.copy {
				continue
			}
			again, err := splitSQL(s.text)
			if err != nil || len(again) != 1 || again[0].text != s.text {
				t.Fatalf("%q is split again into %+v (%v)", s.text, again, err)
			}
		}
	})
}
