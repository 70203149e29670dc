package cli_test

import (
	"fmt"
	"io/fs"
	"os"
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

// deathExperiment has a fault of each kind on a node in force at the same time, and one on a link.
const deathExperiment = `
name: death
services:
  api:
    reference: restapi
    port: 8080
    ready: {http: /healthz, timeout: 60s}
    env: {DATABASE_URL: "${db.url}", REDIS_URL: "${cache.url}"}
dependencies:
  db: {kind: postgres}
  cache: {kind: redis}
  spare: {kind: redis}
  rolled: {kind: redis}
%s
setup:
  - {sql: schema.sql, on: db}
load: {target: api, script: script.js, env: {BASE_URL: "${api.url}"}, shape: smoke, rate: 10/s, duration: 9s}
warmup: 0s
settle: 0s
faults:
  - {name: slow, link: api->cache, kind: latency, latency: 30ms, at: 1s, for: 6s}
  - {name: starved, on: api, kind: cpu-limit, cpus: 0.2, at: 1s, for: 6s}
  - {name: small, on: cache, kind: memory-limit, memory: 64MiB, at: 1s, for: 6s}
  - {name: locked, on: db, kind: command, run: LOCK TABLE items IN SHARE MODE, hold: 6s, at: 1s}
  - {name: frozen, on: spare, kind: pause, at: 1s, for: 6s}
  - {name: rolling, on: rolled, kind: restart, at: 1s, for: 6s}
%s
slos: ["rate(http_req_failed) < 100%%"]
`

// newDeathPlace is a place with that experiment. Where the local provider can't limit nodes, the skip is announced.
func newDeathPlace(t *testing.T, provider string) *place {
	t.Helper()
	p := newPlace(t, provider)
	dependency, lone := "", ""
	if provider == topology.ProviderDocker {
		dependency = fmt.Sprintf("  events: {image: %q, port: 6379, ready: {log: Ready to accept}}", usersImage(t))
		lone = "  - {name: lone, on: events, kind: disconnect, at: 1s, for: 6s}"
	} else if group := cpuGroup(t, 1); group == "" {
		t.Fatal("no group")
	}
	p.write("experiment.yaml", fmt.Sprintf(deathExperiment, dependency, lone))
	return p
}

// usersImage is a redis that plays an image of the user's.
func usersImage(t *testing.T) string {
	t.Helper()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	found, err := engine.ImageList(t.Context(), client.ImageListOptions{Filters: make(client.Filters).Add("reference", "brunt/redis")})
	if err != nil || len(found.Items) == 0 || len(found.Items[0].RepoTags) == 0 {
		t.Fatalf("no image to play the user's (%v): brunt images", err)
	}
	return found.Items[0].RepoTags[0]
}

// inTheMiddle starts a run and returns when all its faults are in force.
func (p *place) inTheMiddle() *victim {
	p.Helper()
	v := p.start(p.runArgs("--inconclusive=pass")...)
	for _, fault := range p.faults() {
		v.awaitLine("mark=fault:" + fault)
	}
	return v
}

func (p *place) faults() []string {
	names := []string{"slow", "starved", "small", "locked", "frozen", "rolling"}
	if p.provider == topology.ProviderDocker {
		names = append(names, "lone")
	}
	return names
}

// child is the process id of one of brunt's children.
func (v *victim) child(mark string) int {
	v.Helper()
	for _, q := range descendants(v.cmd.Process.Pid) {
		if strings.Contains(q.command, mark) {
			return q.pid
		}
	}
	v.Fatalf("there is no %s", mark)
	return 0
}

// groups are the control groups of a run.
func groups(runID string) (found []string) {
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(d.Name(), "brunt-"+runID) {
			found = append(found, "control group "+path)
		}
		return nil
	})
	return found
}

// death is one that has to be survived while faults are in force.
type death struct {
	name  string
	of    string // a child's mark; empty: brunt itself
	quick []string
	// Of a run that goes on:
	code   int
	status results.Status
	lost   []string // faults that end early
}

func deaths() []death {
	return []death{
		{name: "brunt", quick: providers()},
		{name: "the proxy child", of: "__proxy", quick: providers(), code: 0, status: results.StatusComplete, lost: []string{"slow"}},
		{name: "the k6 child", of: "-o brunt ", quick: []string{topology.ProviderLocal}, code: 3, status: results.StatusBroken},
		{name: "the watchdog", of: "__watchdog", quick: []string{topology.ProviderLocal}, code: 0, status: results.StatusComplete},
	}
}

// happen kills in the middle of all faults and returns how long anything was still there that disturbs.
func (d death) happen(p *place) time.Duration {
	p.Helper()
	v := p.inTheMiddle()
	if d.of != "" {
		if err := syscall.Kill(v.child(d.of), syscall.SIGKILL); err != nil {
			p.Fatal(err)
		}
		return d.survived(p, v)
	}
	known := v.kill()
	return p.undisturbed(p.runs()[0].ID, known)
}

// undisturbed waits until nothing of a killed run is left and returns how long anything was there that disturbs. The watchdog
// looks around for some seconds more, and its record is there as long.
func (p *place) undisturbed(runID string, known []process) (took time.Duration) {
	p.Helper()
	began := time.Now()
	for {
		found := p.left(runID, known)
		if runID != "" {
			found = append(found, groups(runID)...)
		}
		disturbs := slices.DeleteFunc(found, func(what string) bool {
			return strings.Contains(what, "__watchdog") || strings.Contains(what, "leases")
		})
		took = time.Since(began)
		switch {
		case len(disturbs) == 0:
			p.vanishes(runID, known, goneWithin)
			return took
		case took > goneWithin:
			p.Fatalf("left after %v:\n%s", goneWithin, strings.Join(disturbs, "\n"))
		}
		time.Sleep(lookLong)
	}
}

// survived says that the run has gone on as it should, that all its faults have ended, and that nothing is left.
func (d death) survived(p *place, v *victim) time.Duration {
	p.Helper()
	if code := v.exit(); code != d.code {
		p.Errorf("after the death of %s brunt ended with %d, not %d\n%s", d.name, code, d.code, v.stderr())
	}
	run := p.runs()[0]
	if run.Status != d.status {
		p.Errorf("after the death of %s the run is %s: %s", d.name, run.Status, run.Reason)
	}
	for _, trial := range run.Trials {
		for _, f := range trial.Faults {
			lost := slices.Contains(d.lost, f.Name)
			if !f.Applied || !f.Removed || lost != strings.Contains(f.Error, "ended early") {
				p.Errorf("fault %s: applied %v, removed %v, %q", f.Name, f.Applied, f.Removed, f.Error)
			}
			if seen := slices.Contains([]string{"frozen", "rolling", "locked", "lone"}, f.Name); seen && d.status == results.StatusComplete &&
				(f.Effect == nil || !f.Effect.Seen) {
				p.Errorf("the effect of fault %s is %+v", f.Name, f.Effect)
			}
			if !lost && d.status == results.StatusComplete && f.End > f.PlannedEnd+3 {
				p.Errorf("fault %s ended at %.1f s, planned was %.1f s", f.Name, f.End, f.PlannedEnd)
			}
		}
	}
	if found := groups(run.ID); len(found) > 0 {
		p.Errorf("left: %v", found)
	}
	return p.vanishes(run.ID, nil, goneWithin)
}

// TestADeathInTheMiddleOfFaultsLeavesNoneInForce kills brunt and its children while a fault of each kind on nodes is in force.
func TestADeathInTheMiddleOfFaultsLeavesNoneInForce(t *testing.T) {
	t.Parallel()
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			p := newDeathPlace(t, provider)
			for _, d := range deaths() {
				if !slices.Contains(d.quick, provider) {
					continue
				}
				t.Run("of "+d.name, func(t *testing.T) {
					here := *p
					here.T = t
					t.Logf("gone after %.1f s", d.happen(&here).Seconds())
				})
			}
		})
	}
}

// TestProofDeathsInTheMiddleOfFaults does that for all, and notes the figures.
func TestProofDeathsInTheMiddleOfFaults(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newDeathPlace(t, provider)
			for _, d := range deaths() {
				row := proof.Row{File: file, What: "kill -9 in the middle of faults on nodes: " + d.name, Provider: provider}
				if row.There(t) {
					continue
				}
				t.Run(d.name, func(t *testing.T) {
					here := *p
					here.T = t
					row.Add(t, fmt.Sprintf("nothing in force or left after %.1f s", d.happen(&here).Seconds()))
				})
			}
		})
	}
}

// limited are those control groups of a run that bound anything.
func limited(runID string) (found []string) {
	for _, g := range groups(runID) {
		dir := strings.TrimPrefix(g, "control group ")
		for file, free := range map[string]string{
			"cpu.cfs_quota_us": "-1", "cpu.max": "max ", "memory.limit_in_bytes": "9223372036854", "memory.max": "max",
		} {
			if value, err := os.ReadFile(filepath.Join(dir, file)); err == nil && !strings.HasPrefix(string(value), free) {
				found = append(found, fmt.Sprintf("%s/%s %s", dir, file, value))
			}
		}
	}
	return found
}

// paused are the processes below brunt that are stopped.
func (v *victim) paused() (found []string) {
	for _, q := range descendants(v.cmd.Process.Pid) {
		if stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", q.pid)); strings.Contains(string(stat), ") T ") {
			found = append(found, q.String())
		}
	}
	return found
}

// TestFaultsOfABruntThatHangsEndByThemselves stops brunt in the middle of all faults: what it can't lift has to expire.
func TestFaultsOfABruntThatHangsEndByThemselves(t *testing.T) {
	t.Parallel()
	p := newDeathPlace(t, topology.ProviderLocal)
	v := p.inTheMiddle()
	id := p.runs()[0].ID
	if len(limited(id)) < 2 || len(v.paused()) == 0 {
		t.Fatalf("in force are only %v and %v", limited(id), v.paused())
	}
	if err := v.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.cmd.Process.Signal(syscall.SIGCONT) })
	began := time.Now()
	for len(limited(id))+len(v.paused()) > 0 {
		if time.Since(began) > 15*time.Second { // planned are 6 s, and they expire 3 s later
			t.Fatalf("still in force: %v %v", limited(id), v.paused())
		}
		time.Sleep(lookLong)
	}
	t.Logf("everything had ended after %.1f s of at most 9 s and a little", time.Since(began).Seconds())
	if err := v.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	v.exit() // how it judges a load that it slept through is not asked here
	for _, trial := range p.runs()[0].Trials {
		for _, f := range trial.Faults {
			if !f.Removed {
				t.Errorf("fault %s is not ended by a brunt that goes on: %+v", f.Name, f)
			}
		}
	}
	p.vanishes(id, nil, goneWithin)
}
