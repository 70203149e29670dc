package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

func TestListFilters(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	for i := range 4 {
		run := example(fmt.Sprintf("run-%d", i))
		run.Created = began.Add(time.Duration(i) * time.Hour)
		run.Experiment = []string{"restapi", "shop"}[i%2]
		if i == 3 {
			run.Status, run.Reason, run.Verdict.Outcome = results.StatusBroken, "no disk", ""
			run.Builds, run.Host.Fingerprint = []results.Build{{SHA: "eeee", Ref: "v1", Variant: "fixed"}}, "beef"
		}
		save(t, s, run)
	}
	rows := []struct {
		name   string
		filter Filter
		want   string
	}{
		{"all, the newest first", Filter{}, "run-3 run-2 run-1 run-0"},
		{"the newest two", Filter{Limit: 2}, "run-3 run-2"},
		{"of an experiment", Filter{Experiment: "shop"}, "run-3 run-1"},
		{"of a status", Filter{Status: results.StatusBroken}, "run-3"},
		{"of an outcome", Filter{Outcome: results.Pass}, "run-2 run-1 run-0"},
		{"of a commit", Filter{SHA: "eeee"}, "run-3"},
		{"of a ref", Filter{Ref: "v1"}, "run-3"},
		{"of a variant and an experiment", Filter{Variant: "naive", Experiment: "shop"}, "run-1"},
		{"of a host", Filter{Host: "beef"}, "run-3"},
		{"since a moment", Filter{Since: began.Add(2 * time.Hour)}, "run-3 run-2"},
		{"none", Filter{Experiment: "' OR 1=1 --"}, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			list, err := s.List(t.Context(), row.filter)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			if got := strings.Join(ids, " "); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// That a list of ten thousand runs is quick is shown by what it does not do: the documents here are not JSON at all, and
// SQLite says that it does not visit their table.
func TestAListOfTenThousandRunsReadsNoDocument(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	const n = 10_000
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	junk := strings.Repeat("not JSON ", 200)
	for i := range n {
		id := fmt.Sprintf("run-%05d", i)
		_, err := tx.ExecContext(t.Context(), saveRun, id, "restapi", i+1, 0, "complete", "", "pass", "local", 1, "aaaa", "", false, "main", "", "f00d")
		if err == nil {
			_, err = tx.ExecContext(t.Context(), saveDocument, id, 1, junk)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	list, err := s.List(t.Context(), Filter{})
	if err != nil || len(list) != n || list[0].ID != "run-09999" {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	t.Logf("%d runs listed in %v", n, time.Since(started))
	for _, f := range []Filter{{}, {Experiment: "restapi", Limit: 20}, {SHA: "aaaa"}} {
		if plan := queryPlan(t, s, f); strings.Contains(plan, "documents") || !strings.Contains(plan, "INDEX") {
			t.Errorf("filter %+v: %s", f, plan)
		}
	}
	if _, err := s.Run(t.Context(), Latest); err == nil {
		t.Error("the documents are readable: the test proves nothing")
	}
}

func queryPlan(t *testing.T, s *Store, f Filter) string {
	t.Helper()
	where, args := f.conditions()
	return planOf(t, s, listRuns+where+" ORDER BY created DESC, id DESC", args...)
}
