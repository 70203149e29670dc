package cli_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// reversedFix takes one of the fixes out of a target's fixed variant, and names the SLO of its experiment that has to tell. They
// are counts, or times that an injected fault makes much longer, so that a busy machine can tell them too.
type reversedFix struct {
	target, fix string
	old, new    string // in the target's fixed.go, where old stands once
	caught      string // the SLO, as the experiment says it
	timeScale   string
}

func (r reversedFix) name() string { return r.target + ", reversed: " + r.fix }

var reversedFixes = []reversedFix{
	{
		target: "auth", fix: "what is known holds while auth cannot be asked",
		old: "10*time.Second), within)", new: "10*time.Second), time.Second)",
		caught: "rate(http_req_failed) < 0.5% in auth-down", timeScale: "0.25",
	},
	{
		target: "cache", fix: "entries end",
		old: ", ttl)", new: ", 0)",
		caught: "max(redis.keys_without_ttl) == 0", timeScale: "0.15",
	},
	{
		target: "cache", fix: "one request makes what is missing for all",
		old: "f.flights.Do(key,", new: "f.flights.Do(fmt.Sprint(key, rand.Uint64()),",
		caught: "max(cache_recomputations_per_expiry) <= 2", timeScale: "0.15",
	},
	{
		target: "jsonb", fix: "a document is written once",
		old:    "`UPDATE document_states SET",
		new:    "`WITH whole AS (UPDATE documents SET doc = jsonb_set(doc, '{status}', to_jsonb($2::text)) WHERE id = $1)\nUPDATE document_states SET",
		caught: "per_request(postgres.wal) < 3.4KiB", timeScale: "0.1",
	},
	{
		target: "leak", fix: "who listens is removed where the connection ends",
		old: "\tdefer h.remove(queue)\n", new: "",
		caught: "max(feed_listeners) <= max(feed_open_sockets) + 5", timeScale: "0.15",
	},
	{
		target: "leak", fix: "a ping has to be answered",
		old: "conn.SetReadDeadline(time.Now().Add(h.pongWait))", new: "conn.SetReadDeadline(time.Time{})",
		caught: "avg(goroutines in last-fifth) <= 1.2 * avg(goroutines in first-fifth)", timeScale: "0.4",
	},
	{
		target: "missingindex", fix: "there is an index",
		old: "CREATE INDEX IF NOT EXISTS orders_by_customer_status_time ON orders (customer_id, status, created_at DESC)", new: "ANALYZE orders",
		caught: "per_request(postgres.buffers) < 200", timeScale: "0.1",
	},
	{
		target: "missingindex", fix: "the index has the status and the time",
		old: "(customer_id, status, created_at DESC)", new: "(customer_id)",
		caught: "per_request(postgres.buffers) < 200", timeScale: "0.1",
	},
	{
		target: "nplusone", fix: "the authors are asked for at once",
		old: "return func() (any, error) { return only(found(ctx)) }, nil", new: "return only(found(ctx))",
		caught: "max(graphql_page_queries) <= 10", timeScale: "0.1",
	},
	{
		target: "nplusone", fix: "the comments are asked for at once",
		old: "return func() (any, error) { return found(ctx) }, nil", new: "return found(ctx)",
		caught: "max(graphql_page_queries) <= 10", timeScale: "0.1",
	},
	{
		target: "ratelimit", fix: "the window starts once",
		old: "if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end", new: "redis.call('PEXPIRE', KEYS[1], ARGV[1])",
		caught: "rate(rejected{client:steady}) == 0", timeScale: "0.25",
	},
	{
		target: "ratelimit", fix: "without Redis an instance goes on by itself",
		old: "\t\tt.alone = true\n\t\tl.alone.Inc()\n", new: "\t\treturn false, err\n",
		caught: "rate(http_req_failed) < 0.1%", timeScale: "0.25",
	},
	{
		target: "ratelimit", fix: "without Redis an instance keeps to its share",
		old: "t.alone && t.admitted >= l.share", new: "t.alone && t.admitted < 0",
		caught: "admitted(limiter) <= 105 per 15s in redis-down", timeScale: "0.25",
	},
	{
		target: "restapi", fix: "the cache has 50 ms",
		old: "50 * time.Millisecond", new: "time.Minute",
		caught: "p95(latency) < 300ms in redis-slow", timeScale: "0.2",
	},
	{
		target: "restapi", fix: "there are connections enough",
		old: "kit.PoolSize", new: "2",
		caught: "p95(latency) < 300ms in postgres-slow", timeScale: "0.2",
	},
	{
		target: "timeouts", fix: "a payment is not made again",
		old: " && method == http.MethodGet", new: "",
		caught: "duplicated(payments) == 0", timeScale: "0.2",
	},
	{
		target: "timeouts", fix: "a head of a request has to end",
		old: "ReadHeaderTimeout: 5 * f.second", new: "ReadHeaderTimeout: 500 * f.second",
		caught: "count(sockets_closed) >= 0.99 * count(sockets_opened)", timeScale: "0.2",
	},
	{
		target: "timeouts", fix: "there are places for so many requests",
		old: "mostInFlight = 300", new: "mostInFlight = 1 << 20",
		caught: "max(http_requests_in_flight{node:edge}) <= 400", timeScale: "0.2",
	},
	{
		target: "webhooks", fix: "a worker claims what it tells of",
		old: " FOR UPDATE OF x SKIP LOCKED", new: "",
		caught: "duplicated(orders) <= 2%", timeScale: "0.25",
	},
	{
		target: "webhooks", fix: "what failed is told again",
		old: "if failure == nil {", new: "if failure == nil || ctx.Err() == nil {",
		caught: "lost(orders) == 0", timeScale: "0.25",
	},
	{
		target: "webhooks", fix: "each endpoint has workers of its own",
		old: "WHERE x.endpoint_id = $1 AND", new: "WHERE $1::int <= 2 AND",
		caught: "count(webhooks_late_total{node:others}) < 0.05 * count(webhooks_arrived_total{node:others}) in endpoint-slow", timeScale: "0.25",
	},
}

// path is that of the file with the fix.
func (r reversedFix) path(t *testing.T) string {
	t.Helper()
	return inCheckout(t, "targets", r.target, "fixed.go")
}

func (r reversedFix) experiment(t *testing.T) string {
	t.Helper()
	return inCheckout(t, "scenarios", r.target)
}

// inCheckout is an absolute path in this checkout.
func inCheckout(t *testing.T, parts ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", filepath.Join(parts...)))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// source is the file without the fix.
func (r reversedFix) source(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(r.path(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), r.old); n != 1 {
		t.Fatalf("%s: %q stands %d times in %s, not once: what can be taken out is no longer there", r.name(), r.old, n, r.path(t))
	}
	return strings.Replace(string(text), r.old, r.new, 1)
}

// TestReversedFixesCanBeBuilt keeps the list true: each fix is there to be taken out, the target is a program without it, and its
// experiment has the SLO.
func TestReversedFixesCanBeBuilt(t *testing.T) {
	t.Parallel()
	compiled := exports(t)
	for _, r := range reversedFixes {
		if err := r.check(t, compiled); err != nil {
			t.Errorf("%s: %v", r.name(), err)
		}
		scale, err := strconv.ParseFloat(r.timeScale, 64)
		if err != nil {
			t.Fatal(err)
		}
		e, err := experiment.Read(r.experiment(t), experiment.Options{TimeScale: scale})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(e.SLOs, func(s experiment.SLO) bool { return s.Text == r.caught }) {
			t.Errorf("%s: its experiment has no SLO %s", r.name(), r.caught)
		}
	}
	for _, i := range incidents {
		if !slices.ContainsFunc(reversedFixes, func(r reversedFix) bool { return r.target == i.target }) {
			t.Errorf("no fix of %s is reversed: give it a row", i.target)
		}
	}
}

// exports are the files that tell of each compiled package which the targets use, by its path.
func exports(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./targets/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files
}

// check checks the target's package without the fix, as a compiler does.
func (r reversedFix) check(t *testing.T, compiled map[string]string) error {
	t.Helper()
	set := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(r.path(t)), "*.go"))
	if err != nil {
		return err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		var text any
		if name == r.path(t) {
			text = r.source(t)
		}
		file, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) }
	config := types.Config{Importer: importer.ForCompiler(set, "gc", open)}
	_, err = config.Check(r.target, set, files, nil)
	return err
}

// TestProofReversedFixesAreCaught runs each target without one of its fixes: its experiment has to fail, by the SLO that is declared.
func TestProofReversedFixesAreCaught(t *testing.T) {
	file := proof.File(t)
	for _, r := range reversedFixes {
		t.Run(r.target+"/"+r.fix, func(t *testing.T) {
			row := proof.Row{File: file, What: r.name(), Provider: topology.ProviderLocal}
			if row.There(t) {
				return
			}
			p := newPlace(t, row.Provider)
			run := p.without(r)
			i := slices.IndexFunc(run.Verdict.Evidence, func(e results.Evidence) bool { return e.What == r.caught })
			if i < 0 || run.Verdict.Evidence[i].Outcome != results.Fail {
				t.Fatalf("it did not fail by %s, but by\n%s", r.caught, strings.Join(failures(run), "\n"))
			}
			p.run(1, "rejudge", run.ID)
			row.Add(t, strings.Join(failures(run), "; "))
		})
	}
}

// without runs a target's experiment on its fixed variant without the fix, which has to fail. This brunt stands where there is no
// source, beside a binary of the targets: so that is what it runs, and the one that other runs share stays as it is.
func (p *place) without(r reversedFix) results.Run {
	p.Helper()
	p.build(r)
	shared, err := exec.LookPath("brunt")
	if err != nil {
		p.Fatal(err)
	}
	brunt := filepath.Join(p.dir, "bin", "brunt")
	if err := os.Link(shared, brunt); err != nil {
		p.Fatal(err)
	}
	cmd := exec.CommandContext(p.Context(), brunt, "run", r.experiment(p.T), "--variant", "fixed",
		"--time-scale", r.timeScale, "--provider", p.provider, "--seed", "1")
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 {
		p.Fatalf("%s: brunt has to end with 1: %v\n%s", r.name(), err, out)
	}
	return p.runs()[0]
}

// build makes the binary of the targets without the fix.
func (p *place) build(r reversedFix) {
	p.Helper()
	mutant, overlay := filepath.Join(p.dir, "fixed.go"), filepath.Join(p.dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {r.path(p.T): mutant}})
	if err != nil {
		p.Fatal(err)
	}
	p.write("fixed.go", r.source(p.T))
	p.write("overlay.json", string(text))
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", filepath.Join(p.dir, "bin", "target"), "./targets/cmd/target")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.Fatalf("build %s: %v\n%s", r.name(), err, out)
	}
}

// failures are the SLOs that a run failed by, with what it measured.
func failures(run results.Run) []string {
	var all []string
	for _, e := range run.Verdict.Evidence {
		if e.Outcome == results.Fail && e.Value != nil {
			all = append(all, fmt.Sprintf("`%s` %.4g %s", e.What, *e.Value, e.Unit))
		}
	}
	return all
}
