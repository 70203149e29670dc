package jsonb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/targets/jsonb"
	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

// rows are 200 documents as large as those of the experiment, fifty in each status.
const rows = `
INSERT INTO documents SELECT i, jsonb_build_object('status', (ARRAY['draft', 'review', 'approved', 'archived'])[1 + i % 4], 'version', 1,
	'updated_at', timestamptz '2024-01-01' + i * interval '1 min', 'pages',
	(SELECT jsonb_agg((SELECT string_agg(md5(i || ' ' || p || ' ' || n), '') FROM generate_series(1, 31) n)) FROM generate_series(1, 50) p))
FROM generate_series(1, 200) i`

// store is a database and both variants on it.
type store struct {
	db       *kit.Conn
	handlers map[kit.Variant]http.Handler
}

func start(t *testing.T) store {
	statements := append(strings.Split(read(t, "schema.sql"), ";"), rows)
	statements = append(statements, strings.Split(read(t, "states.sql"), ";")...)
	db, handlers := kittest.Both(t, jsonb.Target(), append(statements, "VACUUM ANALYZE")...)
	return store{db: db, handlers: handlers}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../scenarios/jsonb/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s store) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := s.db.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
}

// number asks the database for one.
func (s store) number(t *testing.T, sql string) float64 {
	t.Helper()
	var n float64
	if err := s.db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return n
}

func (s store) setStatus(t *testing.T, variant kit.Variant, id int, status string) jsonb.State {
	t.Helper()
	code, text := kittest.Do(s.handlers[variant], "PATCH", fmt.Sprintf("/docs/%d/status", id), fmt.Sprintf(`{"status": %q}`, status))
	var state jsonb.State
	if err := json.Unmarshal([]byte(text), &state); err != nil || code != http.StatusOK {
		t.Fatalf("%s answered %d: %s", variant, code, text)
	}
	return state
}

// The server is started once for all that needs it.
func TestAgainstRealPostgres(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s store)
	}{
		{"both variants answer alike", testContract},
		{"what an update writes, and leaves behind", testWrites},
		{"a list reads every document, or the rows that it shows", testList},
		{"an update at the same time as another loses nothing", testAtOnce},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func testContract(t *testing.T, s store) {
	for _, row := range []struct {
		method, path, body string
		code               int
		contains           string
	}{
		{"GET", "/docs?status=review", "", 200, `{"docs":[{"id":197,"status":"review","version":1,"updated_at":"2024-01-01T03:17:00`},
		{"GET", "/docs?status=lost", "", 400, "draft, review, approved, archived"},
		{"GET", "/docs", "", 400, "status is one of"},
		{"GET", "/docs/7", "", 200, `"status": "archived"`},
		{"GET", "/docs/0", "", 404, "no such thing"},
		{"GET", "/docs/x", "", 400, "whole number"},
		{"PATCH", "/docs/7/status", `{"status": "lost"}`, 400, "draft, review, approved, archived"},
		{"PATCH", "/docs/7/status", `status=draft`, 400, "the body is not"},
		{"PATCH", "/docs/7/status", `{"status": "` + strings.Repeat("x", 5000) + `"}`, 400, "the body is not"},
		{"PATCH", "/docs/0/status", `{"status": "draft"}`, 404, "no such thing"},
		{"PATCH", "/docs/x/status", `{"status": "draft"}`, 400, "whole number"},
		{"POST", "/docs/7", "", 405, ""},
	} {
		answers := map[kit.Variant]string{}
		for variant, handler := range s.handlers {
			code, text := kittest.Do(handler, row.method, row.path, row.body)
			if code != row.code || !strings.Contains(text, row.contains) {
				t.Errorf("%s: %s %s answered %d, want %d with %q: %.200s", variant, row.method, row.path, code, row.code, row.contains, text)
			}
			answers[variant] = text
		}
		if diff := cmp.Diff(answers[kit.Naive], answers[kit.Fixed]); diff != "" {
			t.Errorf("%s %s: %s", row.method, row.path, diff)
		}
	}
	for variant, handler := range s.handlers {
		began := time.Now().Add(-time.Minute) // clocks of one machine
		if state := s.setStatus(t, variant, 12, "review"); state.ID != 12 || state.Status != "review" || state.Version != 2 || state.UpdatedAt.Before(began) {
			t.Errorf("%s: an update answered %+v", variant, state)
		}
		state := s.setStatus(t, variant, 12, "approved")
		_, text := kittest.Do(handler, "GET", "/docs?status=approved", "")
		var listed struct{ Docs []jsonb.State }
		if err := json.Unmarshal([]byte(text), &listed); err != nil || len(listed.Docs) != 20 {
			t.Fatalf("%s lists %d: %v", variant, len(listed.Docs), err)
		}
		if diff := cmp.Diff(state, listed.Docs[0]); diff != "" || listed.Docs[1].ID != 198 {
			t.Errorf("%s lists %+v first: %s", variant, listed.Docs[:2], diff)
		}
		var document struct {
			Status  string
			Version int
			Updated time.Time `json:"updated_at"`
			Pages   []string
		}
		_, text = kittest.Do(handler, "GET", "/docs/12", "")
		if err := json.Unmarshal([]byte(text), &document); err != nil || len(text) < 49_000 || len(document.Pages) != 50 {
			t.Errorf("%s: a document has %d bytes and %d pages: %v", variant, len(text), len(document.Pages), err)
		}
		if document.Status != "approved" || document.Version != 3 || !document.Updated.Equal(state.UpdatedAt) {
			t.Errorf("%s: the document says %s, %d, %s", variant, document.Status, document.Version, document.Updated)
		}
	}
}

func testWrites(t *testing.T, s store) {
	const updates = 200
	type written struct{ log, grown float64 } // bytes per update
	by := map[kit.Variant]written{}
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		s.exec(t, "CHECKPOINT")
		for i := range updates { // after a checkpoint the first change of a page logs all of it
			s.setStatus(t, variant, 1+i, "draft")
		}
		const log, size = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn", "SELECT pg_database_size(current_database())"
		before := written{s.number(t, log), s.number(t, size)}
		for i := range updates {
			s.setStatus(t, variant, 1+i, "archived")
		}
		by[variant] = written{(s.number(t, log) - before.log) / updates, (s.number(t, size) - before.grown) / updates}
	}
	if naive := by[kit.Naive]; naive.log < 30_000 || naive.grown < 20_000 {
		t.Errorf("naive writes %.0f bytes of log for an update, and grows by %.0f: want a document each", naive.log, naive.grown)
	}
	if fixed := by[kit.Fixed]; fixed.log > 1000 || fixed.grown > 1000 {
		t.Errorf("fixed writes %.0f bytes of log for an update, and grows by %.0f: want a row each", fixed.log, fixed.grown)
	}
	if times := by[kit.Naive].log / by[kit.Fixed].log; times < 50 {
		t.Errorf("naive writes %.0f times as much as fixed, want at least 50", times)
	}
	t.Logf("bytes per update: %+v", by)
}

// Documents lie outside their table, in what Postgres calls its TOAST: reading one fetches all its pieces.
func testList(t *testing.T, s store) {
	s.exec(t, "CREATE EXTENSION pg_stat_statements", "VACUUM ANALYZE")
	const times = 8 // the server may plan the sixth in another way
	buffers := map[kit.Variant]float64{}
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		s.exec(t, "SELECT pg_stat_statements_reset()")
		for range times {
			if code, text := kittest.Do(s.handlers[variant], "GET", "/docs?status=archived", ""); code != http.StatusOK {
				t.Fatalf("%s answered %d: %s", variant, code, text)
			}
		}
		const counted = `SELECT sum(shared_blks_hit + shared_blks_read)::float8 / sum(calls)::float8 FROM pg_stat_statements WHERE query ~ 'ORDER BY.*LIMIT'`
		buffers[variant] = s.number(t, counted)
	}
	const documents = 200 * 4 // pages that as many documents take, at least
	if naive, fixed := buffers[kit.Naive], buffers[kit.Fixed]; naive < documents || fixed > 60 {
		t.Errorf("naive asks for %.0f buffers, want at least %d; fixed for %.0f, want at most 60", naive, documents, fixed)
	}
	t.Logf("buffers per list: %v", buffers)
}

func testAtOnce(t *testing.T, s store) {
	const each = 20
	for variant := range s.handlers {
		before := s.setStatus(t, variant, 33, "draft").Version
		done := make(chan int)
		for range 4 {
			go func() {
				failed := 0
				for range each {
					if code, _ := kittest.Do(s.handlers[variant], "PATCH", "/docs/33/status", `{"status": "review"}`); code != http.StatusOK {
						failed++
					}
				}
				done <- failed
			}()
		}
		for range 4 {
			if failed := <-done; failed > 0 {
				t.Errorf("%s: %d updates failed", variant, failed)
			}
		}
		if got := s.setStatus(t, variant, 33, "draft").Version - before; got != 4*each+1 {
			t.Errorf("%s counted %d updates, want %d", variant, got, 4*each+1)
		}
	}
}

func TestWithoutItsDatabaseAnAnswerIsAnError(t *testing.T) {
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		handler := kittest.Open(t, jsonb.Target(), kittest.Environment(variant, map[string]string{"DATABASE_URL": "postgres://x@127.0.0.1:1/x"}))
		for path, want := range map[string]int{"/healthz": 503, "/docs?status=draft": 500, "/docs/1": 500} {
			if code, text := kittest.Do(handler, "GET", path, ""); code != want {
				t.Errorf("%s: %s answered %d, want %d: %s", variant, path, code, want, text)
			}
		}
	}
}
