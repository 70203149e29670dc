package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

var update = flag.Bool("update", false, "write golden files that are missing or may change")

// TestMain is also the child of the tests that kill one: the test binary, started again with a store to write to.
func TestMain(m *testing.M) {
	if dsn := os.Getenv("BRUNT_STORE_TEST_CHILD"); dsn != "" {
		if err := saveForEver(dsn, os.Getenv("BRUNT_STORE_TEST_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var began = time.Date(2026, 3, 4, 5, 6, 7, 891, time.UTC)

// example is a run with a bit of everything.
func example(id string) results.Run {
	value := 12.5
	return results.Run{
		Schema: results.Schema, ID: id, Experiment: "restapi", Created: began, Ended: began.Add(time.Minute),
		Status: results.StatusComplete, Command: []string{"brunt", "run", "scenarios/restapi"}, Seed: math.MinInt64, TimeScale: 0.5,
		Provider: "local",
		Question: results.Question{SLOs: []results.SLO{{Text: "p95(latency) < 300ms in steady", Origin: "experiment.yaml:30"}}, Guard: 1, FitnessBlocks: true, Source: "name: restapi\n# ü \"quoted\" \\ -> <&>\n"},
		Builds: []results.Build{
			{SHA: "aaaa000000000000000000000000000000000000", Ref: "main"},
			{SHA: "bbbb000000000000000000000000000000000000", Ref: "pull/12/merge", HeadSHA: "cccc000000000000000000000000000000000000", Dirty: true, DiffDigest: "d1ff", Variant: "naive"},
		},
		Host:     results.Host{Fingerprint: "f00d", Name: "ci-1", Cores: 2, Tools: map[string]string{"go": "go1.26", "k6": "v1.8.1"}},
		CI:       &results.CI{Name: "github", PullRequest: 12},
		Trials:   []results.Trial{{Number: 1, Status: results.StatusComplete, Began: began, Faults: []results.Fault{{Name: "slow", Link: "api->cache", Effect: &results.Effect{Seen: true, Added: 200.25}}}, Fitness: results.Fitness{Fit: true, Offered: 1000, Served: 1000}}},
		Verdict:  results.Verdict{Outcome: results.Pass, Judge: 1, Evidence: []results.Evidence{{What: "p95(latency) < 300ms in steady", Value: &value, Unit: "ms", Outcome: results.Pass}}},
		Warnings: []string{"a doubt"}, Artifacts: []results.Artifact{{Name: "api.log", Path: "api.log", Size: 12}},
	}
}

func open(t *testing.T, path string, options ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func save(t *testing.T, s *Store, run results.Run) {
	t.Helper()
	if err := s.Save(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s *Store, reference string) results.Run {
	t.Helper()
	run, err := s.Run(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestARunComesBackAsItWasSaved(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "new", "folder", "brunt.db"))
	want := example("run-1")
	save(t, s, want)
	if diff := cmp.Diff(want, load(t, s, "run-1")); diff != "" {
		t.Errorf("(-saved +loaded)\n%s", diff)
	}
	summaries, err := s.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	wantList := []Summary{{
		ID: "run-1", Experiment: "restapi", Created: want.Created, Ended: want.Ended, Status: results.StatusComplete,
		Outcome: results.Pass, Provider: "local", Trials: 1, SHA: want.Builds[1].SHA, HeadSHA: want.Builds[1].HeadSHA, Dirty: true,
		Ref: "pull/12/merge", Variant: "naive", Host: "f00d",
	}}
	if diff := cmp.Diff(wantList, summaries); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSavingAgainReplacesTheRunAndLeavesTheOthers(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	other, run := example("other"), example("run")
	run.Status, run.Ended, run.Trials, run.Verdict = results.StatusBroken, time.Time{}, nil, results.Verdict{}
	save(t, s, other)
	save(t, s, run)
	run = example("run")
	save(t, s, run)
	for _, want := range []results.Run{other, run} {
		if diff := cmp.Diff(want, load(t, s, want.ID)); diff != "" {
			t.Errorf("(-saved +loaded)\n%s", diff)
		}
	}
	if list, err := s.List(t.Context(), Filter{}); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
}

func TestASaveThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	want := example("run")
	save(t, s, want)
	changed := want
	changed.Experiment = "other"
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(ended, &changed); err == nil {
		t.Error("saved under a context that has ended")
	}
	for _, id := range []string{"", "..", "a/b", ".hidden", "latest", strings.Repeat("x", 129), "a\nb"} {
		changed.ID = id
		if err := s.Save(t.Context(), &changed); err == nil {
			t.Errorf("saved a run with the id %q", id)
		}
	}
	if diff := cmp.Diff(want, load(t, s, Latest)); diff != "" {
		t.Errorf("(-saved +loaded)\n%s", diff)
	}
}

func TestFloatsThatJSONCannotExpressCostAWarningNotTheRun(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	run := example("run")
	nan := math.NaN()
	run.Verdict.Evidence[0].Value = &nan
	run.Verdict.Phases = []results.PhaseSummary{{Phase: "steady", P95: math.Inf(1), P50: 3}}
	save(t, s, run)
	got := load(t, s, "run")
	if got.Verdict.Evidence[0].Value != nil || got.Verdict.Phases[0].P95 != 0 || got.Verdict.Phases[0].P50 != 3 {
		t.Errorf("%+v", got.Verdict)
	}
	want := []string{"a doubt", "not finite, and stored as 0 or null: run.Verdict.Evidence[0].Value, run.Verdict.Phases[0].P95"}
	if diff := cmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !math.IsNaN(*run.Verdict.Evidence[0].Value) || len(run.Warnings) != 1 {
		t.Error("the caller's run was changed")
	}
}

func TestRunsAreFoundByWhatPeopleType(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	if _, err := s.Run(t.Context(), Latest); !errors.Is(err, ErrNotFound) {
		t.Errorf("latest of an empty store: %v", err)
	}
	for i, r := range []struct{ id, sha, head string }{
		{"2026-abc-1", "aaaa1111", ""}, {"2026-abc-2", "aaaa1111", ""}, {"2026-abd-3", "aaaa2222", "dddd3333"}, {"2026-abd-33", "dead4444", ""},
	} {
		run := example(r.id)
		run.Created = began.Add(time.Duration(i) * time.Hour)
		run.Builds = []results.Build{{SHA: r.sha, HeadSHA: r.head}}
		save(t, s, run)
	}
	rows := []struct{ name, reference, want, problem string }{
		{"a full id", "2026-abc-1", "2026-abc-1", ""},
		{"a full id that begins another", "2026-abd-3", "2026-abd-3", ""},
		{"the newest", "latest", "2026-abd-33", ""},
		{"the only one with a beginning", "2026-abd-33", "2026-abd-33", ""},
		{"a beginning of two", "2026-abc", "", `"2026-abc" fits several runs: 2026-abc-1, 2026-abc-2`},
		{"a commit measured twice is its newest run", "aaaa1", "2026-abc-2", ""},
		{"a beginning of two commits", "aaaa", "", `"aaaa" fits several commits: aaaa1111, aaaa2222`},
		{"the head of a pull request", "dddd3333", "2026-abd-3", ""},
		{"too short for a commit", "dea", "", `no such run: "dea"`},
		{"nothing", "", "", `no such run: ""`},
		{"a wildcard is a letter", "2026%", "", `no such run: "2026%"`},
		{"an unknown one", "nope", "", `no such run: "nope"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			run, err := s.Run(t.Context(), row.reference)
			if row.problem == "" && (err != nil || run.ID != row.want) {
				t.Errorf("got %q, %v", run.ID, err)
			}
			if row.problem != "" && (err == nil || err.Error() != row.problem) {
				t.Errorf("got %q, %v", run.ID, err)
			}
			var ambiguous *AmbiguousError
			if strings.Contains(row.problem, "several") != errors.As(err, &ambiguous) {
				t.Errorf("wrong type: %T", err)
			}
		})
	}
}

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
	rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+listRuns+where+" ORDER BY created DESC, id DESC", args...)
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

func TestRedactionReachesEveryTextAndNoKey(t *testing.T) {
	// A secret that is also a key, a status and a part of an id: only texts change.
	redact := func(text string) string {
		return strings.NewReplacer(`s3"cret`, "[redacted]", "complete", "[redacted]", "reason", "[redacted]", "42", "[redacted]").Replace(text)
	}
	path := filepath.Join(t.TempDir(), "brunt.db")
	s := open(t, path, Redacting(redact))
	run := example("run-42")
	run.Seed = 42
	run.Reason = `cannot reach postgres://u:s3"cret@db`
	run.Command = []string{"brunt", "-e", `TOKEN=s3"cret`}
	run.Builds[1].Ref = `branch-s3"cret`
	run.Trials[0].Nodes = []results.Node{{Version: `s3"cret`}}
	save(t, s, run)
	got := load(t, s, "run-42")
	if got.Status != results.StatusComplete || got.Seed != 42 || got.ID != "run-42" {
		t.Errorf("the identity of the run changed: %+v", got)
	}
	if got.Reason != "cannot reach postgres://u:[redacted]@db" || got.Command[2] != "TOKEN=[redacted]" || got.Trials[0].Nodes[0].Version != "[redacted]" {
		t.Errorf("%q %q", got.Reason, got.Command)
	}
	s.Close()
	eachFile(t, filepath.Dir(path), func(name string, content []byte) {
		if bytes.Contains(content, []byte(`s3"cret`)) || bytes.Contains(content, []byte(`s3\"cret`)) {
			t.Errorf("the secret is in %s", name)
		}
	})
}

func eachFile(t *testing.T, dir string, visit func(name string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		visit(path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArtifactsStayInTheFolderOfTheirRun(t *testing.T) {
	root := t.TempDir()
	s := open(t, filepath.Join(root, "brunt.db"))
	dir := s.Dir("run-1")
	if want := filepath.Join(root, "artifacts", "run-1"); dir != want {
		t.Errorf("got %s, want %s", dir, want)
	}
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "logs", "api.log"), "hello\n")
	write(filepath.Join(root, "artifacts", "other", "api.log"), "other\n")
	if err := os.Symlink(filepath.Join(root, "brunt.db"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f, err := s.OpenArtifact("run-1", "logs/api.log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if line, _ := bufio.NewReader(f).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q", line)
	}
	for _, bad := range [][2]string{{"run-1", "../other/api.log"}, {"run-1", "link"}, {"run-1", "/etc/passwd"}, {"run-1", "missing"}, {"..", "brunt.db"}, {"missing", "x"}} {
		if f, err := s.OpenArtifact(bad[0], bad[1]); err == nil {
			f.Close()
			t.Errorf("opened %v", bad)
		}
	}
	s.Dir("../escaped")
	if _, err := os.Stat(filepath.Join(root, "escaped")); err == nil {
		t.Error("a folder outside of artifacts was made")
	}
}

func TestOpenRefusesWhatIsNotAStoreAndLeavesItAlone(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	execute(t, foreign, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
	newer := filepath.Join(dir, "newer.db")
	s := open(t, newer)
	save(t, s, example("run"))
	s.Close()
	execute(t, newer, "PRAGMA user_version = 99")
	files := map[string]string{
		"text":     "this is a letter, not a database; it is long enough to be taken for a page of one, perhaps, so here is more of it\n",
		"short":    "x",
		"mangled":  "SQLite format 3\x00" + strings.Repeat("\xff", 4096),
		"fragment": "SQLite format 3\x00",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rows := []struct {
		name, path string
		want       error
	}{
		{"a text", filepath.Join(dir, "text"), ErrNotADatabase},
		{"a byte", filepath.Join(dir, "short"), ErrNotADatabase},
		{"a mangled header", filepath.Join(dir, "mangled"), ErrNotADatabase},
		{"half a header", filepath.Join(dir, "fragment"), ErrNotADatabase},
		{"another program's database", foreign, ErrNotADatabase},
		{"a folder", dir, ErrNotADatabase},
		{"a store of a newer brunt", newer, ErrNewerSchema},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			before, _ := os.ReadFile(row.path)
			s, err := Open(t.Context(), "sqlite:"+row.path)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.path) {
				t.Errorf("got %v", err)
			}
			if after, _ := os.ReadFile(row.path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestARunOfANewerBruntIsRefusedAndTheOthersAreNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "brunt.db")
	s := open(t, path)
	save(t, s, example("old"))
	save(t, s, example("new"))
	execute(t, path, `UPDATE documents SET version = 99, body = '{"schema": 99}' WHERE run = 'new'`)
	if _, err := s.Run(t.Context(), "new"); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
	load(t, s, "old")
}

func TestOpenRefusesOtherDSNs(t *testing.T) {
	rows := []struct{ dsn, want string }{
		{"postgres://user:hunter2@db/brunt", "store: not supported yet: postgres://"},
		{"mysql:x", "store: not supported yet: mysql://"},
		{"sqlite:", "store: the DSN sqlite: names no file"},
		{"brunt.db", `store "brunt.db": a DSN begins with its kind, as in sqlite:brunt.db`},
	}
	for _, row := range rows {
		_, err := Open(t.Context(), row.dsn)
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v", row.dsn, err)
		}
	}
}

func TestAFolderThatCannotBeWrittenIsSaidSo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join(file, "sub", "brunt.db")}
	if runtime.GOOS == "linux" {
		paths = append(paths, "/proc/brunt.db", "/proc/sub/brunt.db") // not writable, even for root
	}
	for _, path := range paths {
		_, err := Open(t.Context(), "sqlite:"+path)
		if !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnyFolderNameWillDoAndGitIgnoresWhatTheStoreMakes(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a b?c#d%20é&e", "x.db")
	s := open(t, path)
	save(t, s, example("run"))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	ignore, err := os.ReadFile(filepath.Join(filepath.Dir(path), ".gitignore"))
	if err != nil || string(ignore) != "*\n" {
		t.Errorf("%q, %v", ignore, err)
	}
	open(t, filepath.Join(root, "brunt.db"))
	if _, err := os.Stat(filepath.Join(root, ".gitignore")); err == nil {
		t.Error("a .gitignore was put into a folder that was there before")
	}
}

func TestTheStoreKeepsWhatItPromisesOfDurability(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
}

// Stores in the field have run these scripts: to change one is to have two schemas of one number. Add a new one instead,
// and its digest here.
func TestMigrationsAreNeverEdited(t *testing.T) {
	want := map[string]string{
		"migrations/0001_runs.sql": "8baeb7066f3cf5727cd74023c26f48ecfac9863af6f16d8d3192272e688a9cca",
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, name := range names {
		if !strings.HasPrefix(filepath.Base(name), fmt.Sprintf("%04d_", i+1)) {
			t.Errorf("%s is not number %d", name, i+1)
		}
		script, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = fmt.Sprintf("%x", sha256.Sum256(script))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-known +found)\n%s", diff)
	}
}

// testdata/v1.db was written by the first version of the store, and is read for ever. It is never written again.
func TestTheFirstVersionOfTheStoreIsReadForEver(t *testing.T) {
	golden := filepath.Join("testdata", "v1.db")
	if _, err := os.Stat(golden); *update && errors.Is(err, fs.ErrNotExist) {
		makeFixture(t, golden)
	}
	content, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "v1.db")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	got, err := json.MarshalIndent(load(t, s, "v1-complete"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	// A later results.Run may have keys that v1 lacks, so the values are compared, not the text.
	var wantRun, gotRun results.Run
	if err := errors.Join(json.Unmarshal(want, &wantRun), json.Unmarshal(got, &gotRun)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantRun, gotRun); diff != "" {
		t.Errorf("(-v1 +read)\n%s", diff)
	}
	if id, err := s.Resolve(t.Context(), "bbbb"); err != nil || id != "v1-complete" {
		t.Errorf("by commit: %q, %v", id, err)
	}
	list, err := s.List(t.Context(), Filter{})
	if err != nil || len(list) != 2 || list[0].Status != results.StatusBroken {
		t.Errorf("%+v, %v", list, err)
	}
	save(t, s, example("today")) // and it can be written on
}

func makeFixture(t *testing.T, golden string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v1.db")
	s := open(t, path)
	complete, crashed := example("v1-complete"), example("v1-crashed")
	crashed.Created, crashed.Ended, crashed.Status = began.Add(time.Hour), time.Time{}, results.StatusBroken
	crashed.Trials, crashed.Verdict, crashed.Builds = nil, results.Verdict{}, nil
	save(t, s, complete)
	save(t, s, crashed)
	s.Close() // the last to close moves the log into the file
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.MarshalIndent(complete, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(golden, content, 0o666),
		os.WriteFile(filepath.Join("testdata", "v1.json"), append(document, '\n'), 0o666))
	if err != nil {
		t.Fatal(err)
	}
}

// execute runs SQL behind the store's back.
func execute(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}
