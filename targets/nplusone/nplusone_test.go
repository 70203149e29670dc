package nplusone_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
	"github.com/devcraft-studio/brunt/targets/nplusone"
)

// rows are 150 posts by 40 users, and 30 comments on each but the last.
const rows = `
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 40) i;
INSERT INTO posts SELECT i, 1 + i % 40, 'post ' || i, now() FROM generate_series(1, 150) i;
INSERT INTO comments SELECT i, 1 + i % 149, 1 + i * 7 % 40, 'comment ' || i FROM generate_series(1, 149 * 30) i;
CREATE EXTENSION pg_stat_statements`

// forum is a database and both variants on it.
type forum struct {
	db       *kit.Conn
	handlers map[kit.Variant]http.Handler
}

func start(t *testing.T) forum {
	schema, err := os.ReadFile("../../scenarios/nplusone/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, handlers := kittest.Both(t, nplusone.Target(), append(strings.Split(string(schema), ";"), strings.Split(rows, ";")...)...)
	return forum{db: db, handlers: handlers}
}

// ask sends a query to a variant and returns what it answered, and the queries that Postgres counted meanwhile.
func (f forum) ask(t *testing.T, variant kit.Variant, query string) (answer any, queries int) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.Exec(t.Context(), "SELECT pg_stat_statements_reset()"); err != nil {
		t.Fatal(err)
	}
	code, text := kittest.Do(f.handlers[variant], "POST", "/graphql", string(body))
	if code != http.StatusOK {
		t.Fatalf("%s answered %d: %s", variant, code, text)
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	const counted = `SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements WHERE query ~ '\m(users|posts|comments)\M'`
	if err := f.db.QueryRow(t.Context(), counted).Scan(&queries); err != nil {
		t.Fatal(err)
	}
	return answer, queries
}

// The server is started once for all that needs it.
func TestAgainstRealPostgres(t *testing.T) {
	f := start(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, f forum)
	}{
		{"both variants show the same, for as many queries as is declared", testQueries},
		{"a page is whole", testPage},
		{"wrong requests are refused", testRefusals},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, f) })
	}
}

func testQueries(t *testing.T, f forum) {
	const page = `{posts(first:70){title author{name} comments(first:28){text author{name}}}}`
	for _, row := range []struct {
		name, query  string
		naive, fixed int
	}{
		{"the page of the incident", page, 1 + 70 + 70*28, 3},
		{"all there is, beyond the last post, which nobody answered", `{posts(first:100, after:50){id comments(first:100){id author{id}}}}`, 1 + 100 + 99*30, 3},
		{"posts alone", `{posts(first:70){title author{name}}}`, 1, 1},
		{"posts with comments whose authors nobody asked for", `{posts(first:70){comments(first:28){text}}}`, 71, 2},
		{"none", `{posts(first:70, after:150){title comments(first:28){text author{name}}}}`, 1, 1},
		{"comments twice, of two lengths", `{posts(first:2){few: comments(first:1){id author{name}} many: comments(first:3){id author{name}}}}`, 1 + 4 + 8, 1 + 2 + 1},
		{"the same twice", `{a: posts(first:3){comments(first:2){id}} b: posts(first:3){comments(first:2){id}}}`, 2 + 6, 2 + 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			naive, ofNaive := f.ask(t, kit.Naive, row.query)
			fixed, ofFixed := f.ask(t, kit.Fixed, row.query)
			if diff := cmp.Diff(naive, fixed); diff != "" {
				t.Error("naive and fixed differ", diff)
			}
			if errors := naive.(map[string]any)["errors"]; errors != nil {
				t.Error(errors)
			}
			if ofNaive != row.naive || ofFixed != row.fixed {
				t.Errorf("Postgres was asked %d and %d times, want %d by naive and %d by fixed", ofNaive, ofFixed, row.naive, row.fixed)
			}
			for variant, want := range map[kit.Variant]int{kit.Naive: row.naive, kit.Fixed: row.fixed} {
				if _, text := kittest.Do(f.handlers[variant], "GET", "/metrics", ""); !strings.Contains(text, fmt.Sprintf("\ngraphql_page_queries %d\n", want)) {
					t.Errorf("%s does not tell of %d queries", variant, want)
				}
			}
		})
	}
}

func testPage(t *testing.T, f forum) {
	const query = `{posts(first:2, after:148){id title author{id name} comments(first:2){id text author{name}}}}`
	const want = `{"data":{"posts":[
		{"id":"149","title":"post 149","author":{"id":"30","name":"user 30"},"comments":[
			{"id":"148","text":"comment 148","author":{"name":"user 37"}},
			{"id":"297","text":"comment 297","author":{"name":"user 40"}}]},
		{"id":"150","title":"post 150","author":{"id":"31","name":"user 31"},"comments":[]}]}}`
	var expected any
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	for variant := range f.handlers {
		got, _ := f.ask(t, variant, query)
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s: %s", variant, diff)
		}
	}
}

func testRefusals(t *testing.T, f forum) {
	for _, row := range []struct {
		what, body string
		code       int
		contains   string
	}{
		{"no JSON", `{posts}`, 400, "not a GraphQL request"},
		{"no GraphQL", `{"query": "posts"}`, 400, "Syntax Error"},
		{"an unknown field", `{"query": "{posts(first:1){titel}}"}`, 400, "titel"},
		{"without a bound", `{"query": "{posts{title}}"}`, 400, "first"},
		{"a bound of none", `{"query": "{posts(first:0){title}}"}`, 200, "from 1 to 100"},
		{"too many", `{"query": "{posts(first:1){comments(first:101){id}}}"}`, 200, "from 1 to 100"},
		{"a variable", `{"query": "query ($n: Int!) {posts(first:$n){title}}", "variables": {"n": 1}}`, 200, `"title":"post 1"`},
	} {
		for variant, handler := range f.handlers {
			if code, text := kittest.Do(handler, "POST", "/graphql", row.body); code != row.code || !strings.Contains(text, row.contains) {
				t.Errorf("%s: %s answered %d, want %d with %q: %.300s", row.what, variant, code, row.code, row.contains, text)
			}
		}
	}
}

func TestWithoutItsDatabaseAPageIsAnError(t *testing.T) {
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		handler := kittest.Open(t, nplusone.Target(), kittest.Environment(variant, map[string]string{"DATABASE_URL": "postgres://x@127.0.0.1:1/x"}))
		if code, text := kittest.Do(handler, "GET", "/healthz", ""); code != 503 || !strings.Contains(text, "postgres: ") {
			t.Errorf("%s: /healthz answered %d: %s", variant, code, text)
		}
		if code, text := kittest.Do(handler, "POST", "/graphql", `{"query": "{posts(first:1){title}}"}`); code != 200 || !strings.Contains(text, `"errors":[`) {
			t.Errorf("%s answered %d: %s", variant, code, text)
		}
	}
}
