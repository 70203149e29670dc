// Package jsonb is a store of documents that keeps all of each in one jsonb value, its status among the rest.
//
// What happened: documents of 50 KB have a status that changes often. It is one key of the document, since that needed no
// migration. But Postgres has no update of a part of a value: for a word of eight letters it writes all 50 KB again, into the table
// and into the write-ahead log, and leaves the old 50 KB behind. And to find the documents in one status it takes every document
// out of its storage. It befalls whoever keeps in one value what changes every second and what never changes.
//
// How it looks from outside: an update by itself is fast. Replicas and backups fall behind, as the log grows by a hundred times
// what was changed; the disk fills up, and the more so while one forgotten transaction keeps vacuum from taking the old versions
// away; a list by status takes seconds, and while it runs there is no CPU left for anything else.
//
// What mends it: what changes or is looked for is in columns of a table of its own, which has an index and room on its pages; the
// document is written once.
//
//	PATCH /docs/{id}/status   {"status": "review"} → {"id": 1, "status": "review", "version": 2, "updated_at": "…"}
//	GET /docs?status=review   {"docs": […]}: the twenty that came last into that status, without what is in them
//	GET /docs/{id}            all of a document, with its status, version and updated_at
//
// It reads DATABASE_URL and works on the tables of scenarios/jsonb: naive on documents alone; fixed on documents, of which it
// reads all but the status, and on document_states. One data set serves both.
package jsonb

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// statements are what the variants differ in.
type statements struct {
	setStatus string // of id, status: returns its State, or no row
	list      string // of status: returns the States of those that came last into it, the latest first
	document  string // of id: returns all of it as a text of JSON, or no row
}

// State is what changes of a document.
type State struct {
	ID        int64     `json:"id"`
	Status    string    `json:"status"`
	Version   int       `json:"version"` // how many states it has had
	UpdatedAt time.Time `json:"updated_at"`
}

func statuses() []string { return []string{"draft", "review", "approved", "archived"} }

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "jsonb", About: "a store of documents that have a status", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	sql := fixedStatements()
	if env.Variant == kit.Naive {
		sql = naiveStatements()
	}
	pool, err := kit.OpenPool(ctx, env, kit.PoolSize, sql.setStatus, sql.list, sql.document)
	if err != nil {
		return kit.Service{}, err
	}
	a := &api{db: pool, sql: sql, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /docs/{id}/status", a.setStatus)
	mux.HandleFunc("GET /docs", a.list)
	mux.HandleFunc("GET /docs/{id}", a.document)
	return kit.Service{Handler: mux, Dependencies: []kit.Dependency{{Name: "postgres", Ping: pool.Ping}}, Close: pool.Close}, nil
}

// api is the same for both variants.
type api struct {
	db     *kit.Pool
	sql    statements
	logger *slog.Logger
}

func (a *api) setStatus(w http.ResponseWriter, r *http.Request) {
	id, ok := kit.PathID(w, r)
	if !ok {
		return
	}
	var wanted struct{ Status string }
	if err := kit.ReadJSON(w, r, &wanted); err != nil {
		http.Error(w, `the body is not {"status": "…"}`, http.StatusBadRequest)
		return
	}
	if !known(w, wanted.Status) {
		return
	}
	state, err := kit.SelectOne[State](r.Context(), a.db, a.sql.setStatus, id, wanted.Status)
	kit.Reply(w, a.logger, http.StatusOK, state, err)
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	status := r.URL.Query().Get("status")
	if !known(w, status) {
		return
	}
	states, err := kit.Select[State](r.Context(), a.db, a.sql.list, status)
	kit.Reply(w, a.logger, http.StatusOK, map[string]any{"docs": states}, err)
}

func (a *api) document(w http.ResponseWriter, r *http.Request) {
	id, ok := kit.PathID(w, r)
	if !ok {
		return
	}
	found, err := kit.SelectOne[struct{ JSON []byte }](r.Context(), a.db, a.sql.document, id)
	kit.Reply(w, a.logger, http.StatusOK, json.RawMessage(found.JSON), err)
}

// known tells whether there is such a status; where there is not, that is answered.
func known(w http.ResponseWriter, status string) bool {
	if slices.Contains(statuses(), status) {
		return true
	}
	http.Error(w, "status is one of "+strings.Join(statuses(), ", "), http.StatusBadRequest)
	return false
}
