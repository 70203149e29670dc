package topology

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
)

// What harness/dependency says to real servers is proven here, where they can be started.
func TestWhatIsSaidToRealServers(t *testing.T) {
	o, _ := options(t, experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis", Args: []string{"--requirepass", "a b"}}},
	})
	s := start(t, o).Site()
	db, err := dependency.Of(s.Node("db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a file of statements is executed in order, COPY rows and functions too", func(t *testing.T) {
		sql := `SET search_path = public;
CREATE TABLE t (id int PRIMARY KEY, note text);
COPY t (id, note) FROM stdin;
1	one; and a half
2	\N
\.
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 2 * n; END;
CREATE INDEX CONCURRENTLY t_note ON t (note); -- not possible inside a transaction
INSERT INTO t SELECT twice(5), 'ten';
CREATE TABLE child (id serial, t int REFERENCES t);
INSERT INTO child (t) VALUES (1);
`
		if err := db.RunSQL(t.Context(), "dump.sql", sql); err != nil {
			t.Fatal(err)
		}
		if got := count(t, s.Node("db"), "t"); got != 3 {
			t.Errorf("t has %d rows", got)
		}
	})
	for _, row := range []struct{ name, sql, want string }{
		{"a mistake of syntax names its own line", "SELECT 1;\nSELECT\n  1,\n  FROM t;\n", `x.sql:4: ERROR: syntax error at or near "FROM" (SQLSTATE 42601)`},
		{"a statement that fails as it runs names its first line", "SELECT 1;\n\nINSERT INTO t\nVALUES (1, 'again');", `x.sql:3: ERROR: duplicate key value violates unique constraint "t_pkey" (SQLSTATE 23505)`},
		{"characters beyond ASCII do not shift the line", "SELECT 'äöü€',\n\n nothing;", `x.sql:3: ERROR: column "nothing" does not exist (SQLSTATE 42703)`},
		{"rows that do not fit name the COPY", "\nCOPY t FROM stdin;\nx\ty\n\\.\n", `x.sql:2: ERROR: invalid input syntax for type integer: "x" (SQLSTATE 22P02)`},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := db.RunSQL(t.Context(), "x.sql", row.sql)
			var at *dependency.SQLError
			if !errors.As(err, &at) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(row.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("the extension for counting statements is there", func(t *testing.T) {
		if reply, err := db.Command(t.Context(), []string{"SELECT", "count(*)", "FROM", "pg_stat_statements"}); err != nil || reply != "SELECT 1" {
			t.Errorf("got %q, %v", reply, err)
		}
	})
	t.Run("a data set does not go into a table that holds rows", func(t *testing.T) {
		if err := db.LoadDataset(t.Context(), "items", 50, 1); err != nil {
			t.Fatal(err)
		}
		if err := db.LoadDataset(t.Context(), "items", 50, 1); err == nil {
			t.Error("it went in twice")
		}
	})
	t.Run("reset empties tables and keeps the schema", func(t *testing.T) {
		if err := db.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := count(t, s.Node("db"), "t") + count(t, s.Node("db"), "child") + count(t, s.Node("db"), "items"); got != 0 {
			t.Errorf("%d rows are left", got)
		}
	})
	t.Run("commands go to redis, with its password", func(t *testing.T) {
		cache := s.Node("cache")
		var replies []string
		for _, words := range [][]string{{"SET", "top", "1 2"}, {"GET", "top"}, {"DEL", "top"}, {"GET", "top"}} {
			reply, err := dependency.Command(t.Context(), cache, words)
			if err != nil {
				t.Fatal(err)
			}
			replies = append(replies, reply)
		}
		if diff := cmp.Diff([]string{"OK", "1 2", "1", "(nil)"}, replies); diff != "" {
			t.Error(diff)
		}
		if _, err := dependency.Command(t.Context(), cache, []string{"NOSUCH", "x"}); err == nil {
			t.Error("a command that does not exist went through")
		}
		instance, _ := dependency.Of(cache)
		if err := instance.Reset(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
