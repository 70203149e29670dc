package store

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// many is how many runs the store has that these tests are about.
const many = 10_000

// crowded is a store of many runs: of a hundred commits, four experiments and two refs, an hour apart. body is the document of each; one
// that can't be read shows who reads it.
func crowded(t testing.TB, body func(i int) string) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "brunt.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range many {
		created := began.Add(time.Duration(i) * time.Hour).UnixNano()
		_, err := tx.ExecContext(t.Context(), saveRun, crowdedID(i), []string{"restapi", "shop", "cache", "auth"}[i%4], created, created, "complete", "", "pass", "local", 1,
			crowdedSHA(i), "", false, []string{"main", "feature"}[i%2], "fixed", "f00d")
		if err == nil {
			_, err = tx.ExecContext(t.Context(), saveDocument, crowdedID(i), results.Schema, body(i))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return s
}

func crowdedID(i int) string { return fmt.Sprintf("run-%05d", i) }

// crowdedSHA is the commit of a run: one after the other, for a hundred runs each.
func crowdedSHA(i int) string { return fmt.Sprintf("%040x", 0xabcd000+i/100) }

// TestAComparisonAmongTenThousandRunsReadsItsOwnDocumentsAlone: all documents but those of one commit and experiment are junk, so that
// reading any other would fail; and each query that leads there uses an index.
func TestAComparisonAmongTenThousandRunsReadsItsOwnDocumentsAlone(t *testing.T) {
	good, err := json.Marshal(example("good"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := func(i int) bool { return crowdedSHA(i) == crowdedSHA(4200) && i%4 == 0 }
	s := crowded(t, func(i int) string {
		if wanted(i) {
			return string(good)
		}
		return "not JSON"
	})
	named, err := s.Refer(t.Context(), crowdedSHA(4200), "")
	if err != nil || named.SHA != crowdedSHA(4200) {
		t.Fatalf("%+v, %v", named, err)
	}
	if names, err := s.Experiments(t.Context(), named.SHA); err != nil || len(names) != 4 {
		t.Errorf("%v, %v", names, err)
	}
	runs, more, err := s.RunsOf(t.Context(), named.SHA, "restapi", 40)
	if err != nil || len(runs) != 25 || more {
		t.Errorf("%d runs, %v, %v", len(runs), more, err)
	}
	if runs, more, err := s.RunsOf(t.Context(), named.SHA, "restapi", 10); err != nil || len(runs) != 10 || !more {
		t.Errorf("%d runs, %v, %v", len(runs), more, err)
	}
	if _, _, err := s.RunsOf(t.Context(), named.SHA, "shop", 40); err == nil {
		t.Error("the other documents are readable: the test proves nothing")
	}
	for _, query := range []struct {
		text, index string
		args        []any
	}{
		{experimentsOfCommit, "runs_build", []any{named.SHA}}, {runsOfCommit, "runs_build", []any{named.SHA, "restapi", 40}},
		{newestOfRef, "runs_ref", []any{"main", ""}}, {selectDocument, "sqlite_autoindex_documents", []any{crowdedID(1)}},
		{selectReleases + " WHERE name = $1", "sqlite_autoindex_releases", []any{"v1"}},
	} {
		if plan := planOf(t, s, query.text, query.args...); !strings.Contains(plan, "INDEX "+query.index) || strings.Contains(plan, "SCAN runs") {
			t.Errorf("%s\n%s", query.text, plan)
		}
	}
}

func planOf(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return strings.Join(plan, "; ")
}

// realistic is a document as the main job leaves it: two faults, nine SLOs, four nodes.
func realistic(i int) string {
	run := example(crowdedID(i))
	value := 12.5
	run.Experiment, run.Builds = "restapi", []results.Build{{SHA: crowdedSHA(i), Ref: "main", Variant: "fixed"}}
	run.Question.Source = strings.Repeat("  - {name: redis-slow, link: api->cache, kind: latency, latency: 200ms, at: 40s, for: 20s}\n", 40)
	for n := range 9 {
		run.Verdict.Evidence = append(run.Verdict.Evidence, results.Evidence{What: fmt.Sprintf("p%d(latency) < 300ms in steady", 90+n), Value: &value, Low: &value,
			High: &value, Outcome: results.Pass, Reason: "guards of 99.84ms to 1s left out, with 291 samples at 2.435ms"})
	}
	for phase := range 8 {
		run.Verdict.Phases = append(run.Verdict.Phases, results.PhaseSummary{Trial: 1, Phase: "steady", Start: float64(phase * 10), End: float64(phase*10 + 10), Requests: 1000, P50: 1, P95: 2, P99: 3})
		for node := range 6 {
			run.Verdict.Uses = append(run.Verdict.Uses, results.Use{Trial: 1, Phase: "steady", Node: fmt.Sprintf("node-%d", node), Kind: "postgres", Requests: 1000,
				Queries: &value, Rows: &value, Buffers: &value, WAL: &value, CPUPercent: &value, Memory: &value, OpenFDs: &value, Sockets: &value})
		}
	}
	for n := range 12 {
		run.Artifacts = append(run.Artifacts, results.Artifact{Name: fmt.Sprintf("node-%d.log", n), Path: fmt.Sprintf("logs/node-%d.log", n), Size: 4096, What: "log of a node"})
	}
	body, err := json.Marshal(run)
	if err != nil {
		panic(err) // a value of ours
	}
	return string(body)
}

// asked are what `list` and `compare` ask of the store.
func asked(s *Store, t testing.TB) map[string]func() {
	return map[string]func(){
		"list": func() {
			if list, err := s.List(t.Context(), Filter{Limit: 20}); err != nil || len(list) != 20 {
				t.Fatalf("%d, %v", len(list), err)
			}
		},
		"list of all": func() {
			if list, err := s.List(t.Context(), Filter{}); err != nil || len(list) != many {
				t.Fatalf("%d, %v", len(list), err)
			}
		},
		"two commits of 25 runs": func() {
			for _, i := range []int{4200, 9900} {
				named, err := s.Refer(t.Context(), crowdedSHA(i), "")
				if err == nil {
					_, err = s.Experiments(t.Context(), named.SHA)
				}
				if err != nil {
					t.Fatal(err)
				}
				if runs, _, err := s.RunsOf(t.Context(), named.SHA, "restapi", 40); err != nil || len(runs) != 25 {
					t.Fatalf("%d, %v", len(runs), err)
				}
			}
		},
		"the last two runs": func() {
			for _, text := range []string{"latest~1", "latest"} {
				named, err := s.Refer(t.Context(), text, "")
				if err == nil {
					_, err = s.Run(t.Context(), named.Run)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		},
	}
}

func BenchmarkTenThousandRuns(b *testing.B) {
	s := crowded(b, realistic)
	for name, ask := range asked(s, b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ask()
			}
		})
	}
}

// TestProofTenThousandRunsAnswerAtOnce notes how long the store takes. What it must not do (read other documents, leave the indexes)
// is held by the tests above; how long that takes is a figure.
func TestProofTenThousandRunsAnswerAtOnce(t *testing.T) {
	file := proof.File(t)
	s := crowded(t, realistic)
	for name, ask := range asked(s, t) {
		ask() // the first time reads from the disk
		started := time.Now()
		const times = 5
		for range times {
			ask()
		}
		proof.Row{File: file, What: "10,000 stored runs: " + name, Provider: proof.NoProvider}.Add(t, fmt.Sprintf("%.1f ms, documents of %d KiB", time.Since(started).Seconds()*1000/times, len(realistic(1))/1024))
	}
}
