package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// goneWithin is how long anything of a killed run may still be there. What is promised is about 8 s; a machine of two
// cores on which other tests run gets some more. The long proof notes what it really took.
const goneWithin = 20 * time.Second

// moment is a point of a run at which brunt is killed.
type moment struct {
	name   string
	args   []string
	before func(*place)  // nil, or what makes the moment come
	await  func(*victim) // returns in that moment
	quick  []string      // providers for which it is part of every `make test`, and not only of `make proof`
	stored bool          // the run is in the store by then
	trials int           // finished ones that must be kept
}

func moments() []moment {
	line := func(pattern string) func(*victim) { return func(v *victim) { v.awaitLine(pattern) } }
	child := func(pattern string) func(*victim) { return func(v *victim) { v.awaitChild(pattern) } }
	mark := func(what string) func(*victim) { return line("mark=" + what) }
	return []moment{
		{name: "the script is inspected", await: child(`__k6 .* -o brunt=`)},
		{name: "the watchdog starts", await: child(`__watchdog`), stored: true},
		{name: "the proxy starts", await: child(`__proxy`), stored: true},
		{name: "the target is built", before: (*place).noCache, await: child(`/compile .*-trimpath`), stored: true},
		{name: "dependencies start", before: (*place).emptyCache, await: dependencyStarts, stored: true, quick: providers()},
		{name: "setup runs", before: func(p *place) { p.longSetup(time.Minute) }, await: line(`setup of db$`), stored: true},
		{
			name: "a snapshot is kept", stored: true, await: snapshotIsKept,
			before: func(p *place) { p.emptyCache(); p.longSetup(0) },
		},
		{name: "the service starts", await: serviceStarts, stored: true},
		{name: "the load generator starts", await: child(`__k6 .* -o brunt `), stored: true},
		{name: "warm-up", args: []string{"--set", "warmup=30s"}, await: line(`^  warmup `), stored: true},
		{name: "load", await: line(`^  steady `), stored: true},
		{name: "a link is slow", await: mark("fault:slow"), stored: true},
		{name: "a node is paused", await: mark("fault:frozen"), stored: true, quick: providers()},
		{name: "a fault is lifted", await: mark("lifted:frozen"), stored: true},
		{name: "teardown", await: line(`stopping the topology`), stored: true, quick: providers()},
		{
			name: "load of the second trial", args: []string{"--trials", "2"}, stored: true, trials: 1,
			quick: []string{topology.ProviderLocal},
			await: line(`(?s)trial 2 of 2.*^  steady `),
		},
	}
}

// emptyCache gives the place a cache of its own, so that everything but Go's packages is made anew.
func (p *place) emptyCache() {
	p.Helper()
	build, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		p.Fatal(err)
	}
	p.noCache()
	p.env = append(p.env, "GOCACHE="+strings.TrimSpace(string(build)))
}

// noCache lets even Go's packages be made anew.
func (p *place) noCache() {
	p.Helper()
	dir, err := os.MkdirTemp(p.dir, "cache-")
	if err != nil {
		p.Fatal(err)
	}
	p.cache = dir
	p.env = append(slices.Clone(p.env), "XDG_CACHE_HOME="+dir, "GOCACHE="+filepath.Join(dir, "go-build"))
}

func dependencyStarts(v *victim) {
	if v.provider == topology.ProviderLocal {
		v.awaitChild(`^(\S*/)?(initdb|postgres|redis-server) `)
		return
	}
	v.awaitContainer("")
}

func serviceStarts(v *victim) {
	if v.provider == topology.ProviderLocal {
		v.awaitChild(`target\S* restapi`)
		return
	}
	v.awaitContainer("api")
}

// awaitContainer waits until the engine has a container of the run in whatever state, of that node if it is named.
func (v *victim) awaitContainer(node string) {
	v.Helper()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		v.Fatal(err)
	}
	defer engine.Close()
	mine := func() string { // the run's id stands in the name of its lease's record
		names, _ := filepath.Glob(filepath.Join(v.tmp, "brunt-*", "leases", "*.json"))
		if len(names) == 0 {
			return "none"
		}
		return strings.TrimSuffix(filepath.Base(names[0]), ".json")
	}
	v.await("container of "+node, func() bool {
		filters := make(client.Filters).Add("label", "brunt.run="+mine())
		if node != "" {
			filters = filters.Add("label", "brunt.node="+node)
		}
		found, err := engine.ContainerList(v.Context(), client.ContainerListOptions{All: true, Filters: filters})
		return err == nil && len(found.Items) > 0
	})
}

// snapshotIsKept waits until a copy of the state after setup is being written into the cache.
func snapshotIsKept(v *victim) {
	v.awaitLine(`setup of db$`)
	v.await("a part of a snapshot", func() bool { return len(v.parts()) > 0 })
}

// kill kills brunt in the moment and proves what has to hold then. It returns how long the run was still there.
func (m moment) kill(p *place, finished []results.Run) time.Duration {
	p.Helper()
	env, cache := p.env, p.cache
	defer func() {
		p.env, p.cache = env, cache
		p.write("schema.sql", killSchema)
	}()
	if m.before != nil {
		m.before(p)
	}
	v := p.start(p.runArgs(m.args...)...)
	m.await(v)
	known := v.kill()
	id := ""
	if m.stored {
		id = p.runs()[0].ID
	}
	took := p.vanishes(id, known, goneWithin)
	if m.stored {
		p.kept(m, finished)
	}
	return took
}

// kill kills brunt, and nobody else, and returns the processes that it had.
func (v *victim) kill() []process {
	v.Helper()
	known := descendants(v.cmd.Process.Pid)
	if err := v.cmd.Process.Kill(); err != nil {
		v.Fatal(err)
	}
	select {
	case <-v.ended:
	case <-time.After(patience):
		v.Fatal("brunt survives SIGKILL")
	}
	if v.cmd.ProcessState.ExitCode() != -1 {
		v.Fatalf("brunt had ended before it was killed: %v\n%s", v.err, v.stderr())
	}
	return known
}

// kept says that the killed run, which is the newest, is there as broken and that the others are as they were.
func (p *place) kept(m moment, finished []results.Run) {
	p.Helper()
	runs := p.runs()
	if got := runs[0]; got.Status != results.StatusBroken || got.Reason == "" {
		p.Errorf("the killed run is %s (%q), not broken", got.Status, got.Reason)
	}
	if got := len(runs[0].Trials); got != m.trials {
		p.Errorf("the killed run has %d trials, not %d", got, m.trials)
	}
	for _, trial := range runs[0].Trials {
		if trial.Status != results.StatusComplete || len(trial.Phases) == 0 || trial.Fitness.Served == 0 {
			p.Errorf("trial %d, which had ended before, is not kept whole: %s", trial.Number, trial.Status)
		}
	}
	for _, want := range finished {
		at := slices.IndexFunc(runs, func(r results.Run) bool { return r.ID == want.ID })
		if at < 0 || runs[at].Status != want.Status || runs[at].Verdict.Outcome != want.Verdict.Outcome {
			p.Errorf("run %s, which had ended before, is not as it was", want.ID)
		}
	}
}

func providers() []string { return []string{topology.ProviderLocal, topology.ProviderDocker} }

// TestAKilledRunLeavesNothing kills brunt in some moments of a run, then brunt and its watchdog together, and shows after
// all of them that the next run works, and is spared by those who clean.
func TestAKilledRunLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, provider)
			finished := []results.Run{p.completes()}
			for _, m := range moments() {
				if slices.Contains(m.quick, provider) {
					took := m.kill(p, finished)
					t.Logf("killed when %s: gone after %.1f s", m.name, took.Seconds())
				}
			}
			id := p.killBoth(finished)
			if provider == topology.ProviderDocker {
				// As after a reboot that emptied the temporary folder: no record is to be seen. Runs of other tests, whose temporary
				// folders are their own, may have been quicker, and had no record either.
				p.elsewhere().run(0, "clean")
				left, err := topology.RunsLeft(t.Context())
				if err != nil || slices.Contains(left, id) {
					t.Errorf("without the run's record, clean leaves what it has in the engine: %v", err)
				}
			}
			p.run(0, "clean")
			p.gone(id)
			p.sparesTheLiving()
		})
	}
}

// killBoth kills brunt and its watchdog in one moment while a node is paused, and returns the id of what is left.
func (p *place) killBoth(finished []results.Run) (runID string) {
	p.Helper()
	v := p.start(p.runArgs("--set", "faults.frozen.for=30s", "--set", "load.duration=60s")...)
	v.awaitLine("mark=fault:frozen")
	known := descendants(v.cmd.Process.Pid)
	at := slices.IndexFunc(known, func(q process) bool { return strings.Contains(q.command, "__watchdog") })
	if at < 0 {
		p.Fatal("there is no watchdog")
	}
	// Stopped, brunt can't start another watchdog when this one dies.
	if err := v.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.Fatal(err)
	}
	if err := syscall.Kill(known[at].pid, syscall.SIGKILL); err != nil {
		p.Fatal(err)
	}
	v.kill()
	run := p.runs()[0]
	if left := p.left(run.ID, known); len(left) == 0 {
		p.Fatal("nothing was left, so that nothing can be shown to be healed")
	}
	p.kept(moment{}, finished)
	return run.ID
}

// elsewhere is the same place seen by a brunt that has another folder for temporary files.
func (p *place) elsewhere() *place {
	p.Helper()
	other := *p
	other.tmp = p.tmp + "-2"
	if err := os.MkdirAll(other.tmp, 0o755); err != nil {
		p.Fatal(err)
	}
	other.env = append(slices.Clone(p.env), "TMPDIR="+other.tmp)
	return &other
}

// sparesTheLiving cleans while a run measures, which has to complete all the same.
func (p *place) sparesTheLiving() {
	p.Helper()
	v := p.start(p.runArgs("--inconclusive=pass")...)
	v.awaitLine(`^  steady `)
	// What is looked for after a kill is what is seen while a run lives.
	there := strings.Join(p.left(p.runs()[0].ID, nil), "\n")
	parts := []string{"process ", "listener on ", ".json"}
	if p.provider == topology.ProviderDocker {
		parts = append(parts, "containers")
	} else {
		parts = append(parts, "/brunt-") // its folder
	}
	for _, part := range parts {
		if !strings.Contains(there, part) {
			p.Errorf("of a run that lives %q is not seen:\n%s", part, there)
		}
	}
	p.run(0, "clean")
	p.elsewhere().run(0, "clean")
	if code := v.exit(); code != 0 || p.runs()[0].Status != results.StatusComplete {
		p.Errorf("ended with %d after a clean in its midst\n%s%s", code, v.stderr(), v.stdout.String())
	}
}

// gone says that nothing of the run is there now.
func (p *place) gone(runID string) {
	p.Helper()
	if found := p.left(runID, nil); len(found) > 0 {
		p.Errorf("left of run %s:\n%s", runID, strings.Join(found, "\n"))
	}
}

// TestProofKilledInEveryMoment kills brunt in every moment, for both providers, each time followed by a run that has to work. It
// appends what it took to the file that BRUNT_PROOF names, and leaves out what stands there for this commit.
func TestProofKilledInEveryMoment(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newPlace(t, provider)
			var finished []results.Run
			prove := func(name string, prove func(*place) string) {
				row := proof.Row{File: file, What: name, Provider: provider}
				if row.There(t) {
					return
				}
				t.Run(name, func(t *testing.T) {
					here := *p
					here.T = t
					if len(finished) == 0 {
						finished = append(finished, here.completes())
					}
					row.Add(t, prove(&here))
				})
			}
			for _, m := range moments() {
				prove("kill -9: "+m.name, func(p *place) string {
					took := m.kill(p, finished)
					p.completes()
					return fmt.Sprintf("gone after %.1f s; the next run works", took.Seconds())
				})
			}
			prove("kill -9 of brunt and its watchdog: a node is paused", func(p *place) string {
				id := p.killBoth(finished)
				p.completes() // the next run heals, too
				p.gone(id)
				return "healed by the next run, which works"
			})
		})
	}
}
