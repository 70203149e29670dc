package cli_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/store"
)

// endsWithin is how long an interrupted run may take to end, on a busy machine: a few seconds are promised.
const endsWithin = 15 * time.Second

// faultsThatStay keeps both faults in force until somebody ends the run.
func faultsThatStay() []string {
	return []string{"--set", "load.duration=90s", "--set", "faults.slow.for=80s", "--set", "faults.frozen.for=80s"}
}

// interrupt sends the signal to brunt's whole process group, as a terminal does, and returns the processes that it had.
func (v *victim) interrupt(signal syscall.Signal) []process {
	v.Helper()
	known := descendants(v.cmd.Process.Pid)
	if err := syscall.Kill(-v.cmd.Process.Pid, signal); err != nil {
		v.Fatal(err)
	}
	return known
}

// aborts waits until the interrupted brunt has ended, which it must soon, with 130 and with nothing left behind at that moment.
func (v *victim) aborts(known []process) results.Run {
	v.Helper()
	began := time.Now()
	code := v.exit()
	if took := time.Since(began); code != 130 || took > endsWithin {
		v.Fatalf("ended with %d after %v, not with 130 within %v\n%s", code, took, endsWithin, v.stderr())
	}
	run := v.runs()[0]
	if found := v.left(run.ID, known); len(found) > 0 {
		v.Errorf("left behind:\n%s", strings.Join(found, "\n"))
	}
	if run.Status != results.StatusAborted || !strings.Contains(run.Reason, "interrupted") {
		v.Errorf("the run is %s: %s", run.Status, run.Reason)
	}
	for _, said := range []string{"brunt: interrupted", "hint: what was measured until then is kept"} {
		if !strings.Contains(v.stderr(), said) {
			v.Errorf("standard error does not say %q:\n%s", said, v.stderr())
		}
	}
	return run
}

func TestAnInterruptedRunKeepsWhatItMeasured(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, provider string
		signal         syscall.Signal
	}{
		{"Ctrl-C, local", topology.ProviderLocal, syscall.SIGINT},
		{"SIGTERM, local", topology.ProviderLocal, syscall.SIGTERM},
		{"Ctrl-C, docker", topology.ProviderDocker, syscall.SIGINT},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, row.provider)
			v := p.start(p.runArgs(faultsThatStay()...)...)
			v.awaitLine("mark=fault:frozen")
			known := v.interrupt(row.signal)
			run := v.aborts(known)

			if len(run.Trials) != 1 || run.Trials[0].Status != results.StatusAborted {
				t.Fatalf("trials: %+v", run.Trials)
			}
			trial := run.Trials[0]
			var phases []string
			for _, phase := range trial.Phases {
				phases = append(phases, string(phase.Name))
			}
			if !slices.Contains(phases, string(results.PhaseSteady)) || !slices.Contains(phases, string(results.PhaseFault)) {
				t.Errorf("phases are %v", phases)
			}
			for _, f := range trial.Faults {
				if !f.Applied || !f.Removed || f.End <= f.Start {
					t.Errorf("fault %s: %+v", f.Name, f)
				}
			}
			if n := p.frames(run); n == 0 || trial.Fitness.Served == 0 {
				t.Errorf("%d frames recorded, %d iterations served", n, trial.Fitness.Served)
			}
			for _, shown := range []string{"ABORTED", "Phases", "slow+frozen"} {
				if !strings.Contains(v.stdout.String(), shown) {
					t.Errorf("the report does not show %q:\n%s", shown, v.stdout.String())
				}
			}
		})
	}
}

// frames counts those of the first trial's recording, which has to be whole.
func (p *place) frames(run results.Run) int {
	p.Helper()
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	file, err := s.OpenArtifact(run.ID, run.Trials[0].Recording)
	if err != nil {
		p.Fatal(err)
	}
	defer file.Close()
	reader, err := recording.NewReader(file)
	if err != nil {
		p.Fatal(err)
	}
	for n := 0; ; n++ {
		if _, err := reader.Next(); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			p.Fatal(err)
		}
	}
}

func TestAnInterruptedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, provider)
			starts := []string{"dependencies start", "the load generator starts"}
			if provider == topology.ProviderLocal {
				starts = append(starts, "the watchdog starts", "the proxy starts", "the target is built", "setup runs")
			}
			for _, m := range moments() {
				if !slices.Contains(starts, m.name) {
					continue
				}
				env, cache := p.env, p.cache
				if m.before != nil {
					m.before(p)
				}
				v := p.start(p.runArgs()...)
				m.await(v)
				v.aborts(v.interrupt(syscall.SIGINT))
				p.env, p.cache = env, cache
				p.write("schema.sql", killSchema)
				if t.Failed() {
					t.Fatalf("interrupted when %s", m.name)
				}
			}
		})
	}
}

func TestASecondInterruptEndsAtOnceAndTheWatchdogCleans(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", "import { sleep } from 'k6';\n"+killScript+"export function teardown() { sleep(30); }\n")
	v := p.start(p.runArgs(faultsThatStay()...)...)
	v.awaitLine("mark=fault:frozen")
	known := v.interrupt(syscall.SIGINT)
	v.awaitLine("interrupted: ending in good order")
	v.interrupt(syscall.SIGINT)
	began := time.Now()
	v.exit()
	if status, ok := v.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT || time.Since(began) > 2*time.Second {
		t.Errorf("ended by %v after %v", v.cmd.ProcessState, time.Since(began))
	}
	run := p.runs()[0]
	p.vanishes(run.ID, known, goneWithin)
	if run.Status != results.StatusBroken {
		t.Errorf("the run is %s", run.Status)
	}
}

// TestACtrlCThatEndsTheReaderToo is `brunt run … 2>&1 | tee log` at a terminal: tee ends with the same Ctrl-C.
func TestACtrlCThatEndsTheReaderToo(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	v := p.startWith(theirs, p.runArgs(faultsThatStay()...)...)
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 1<<16)
	for text := ""; !strings.Contains(text, "mark=fault:frozen"); {
		n, err := ours.Read(said)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		text += string(said[:n])
	}
	if err := ours.Close(); err != nil {
		t.Fatal(err)
	}
	v.interrupt(syscall.SIGINT)
	if code := v.exit(); code != 130 {
		t.Errorf("ended with %d (%v)", code, v.cmd.ProcessState)
	}
	if run := p.runs()[0]; run.Status != results.StatusAborted || len(run.Trials) != 1 || len(run.Trials[0].Phases) == 0 {
		t.Errorf("the run is %s with %d trials", run.Status, len(run.Trials))
	}
}

func TestOneRunAtATimeMeasuresOnAMachine(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	first := p.start(p.runArgs()...)
	first.awaitLine("starting the topology")
	owner := fmt.Sprintf("process %d", first.cmd.Process.Pid)

	refused := p.run(3, p.runArgs()...)
	if !regexp.MustCompile(`brunt: .*` + owner + `, since .*\nhint: .*--no-wait`).MatchString(refused.stderr()) {
		t.Errorf("what is said is not that %s measures:\n%s", owner, refused.stderr())
	}
	p.write("bare.js", "export default function () {}\n")
	bare := []string{"run", filepath.Join(p.dir, "bare.js"), "--", "--iterations", "1"}
	waiting, leaving := p.start(bare...), p.start(bare...)
	waiting.awaitLine("waiting: " + owner)
	leaving.awaitLine("waiting: " + owner)
	leaving.interrupt(syscall.SIGINT)
	if code := leaving.exit(); code != 130 {
		t.Errorf("interrupted while it waits, brunt ends with %d\n%s", code, leaving.stderr())
	}
	if code := first.exit(); code != 0 && code != 4 { // 4: a busy machine
		t.Fatalf("the first run ended with %d\n%s", code, first.stderr())
	}
	if code := waiting.exit(); code != 0 {
		t.Fatalf("the run that waited ended with %d\n%s", code, waiting.stderr())
	}
	runs := p.runs()
	if len(runs) != 2 {
		t.Fatalf("%d runs are stored; neither the refused nor the interrupted one measured anything", len(runs))
	}
	if runs[0].Created.Before(runs[1].Ended) {
		t.Errorf("the second run began at %v, before the end of the first at %v", runs[0].Created, runs[1].Ended)
	}
}

// TestWithoutAnEngine points every client of Docker at a socket that nobody serves.
func TestWithoutAnEngine(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderAuto)
	p.engine = false
	p.env = append(p.env, "DOCKER_HOST=unix://"+filepath.Join(p.dir, "none.sock"))

	refused := p.run(3, "run", p.dir, "--provider", topology.ProviderDocker)
	if !regexp.MustCompile(`brunt: .*no usable Docker engine.*\nhint: .*--provider local`).MatchString(refused.stderr()) {
		t.Errorf("what is said:\n%s", refused.stderr())
	}
	if run := p.runs()[0]; run.Status != results.StatusBroken {
		t.Errorf("the refused run is %s", run.Status)
	}

	const why = "provider local is used because docker cannot be: no usable Docker engine"
	chosen := p.run(0, p.runArgs("--inconclusive=pass")...)
	run := p.runs()[0]
	if run.Status != results.StatusComplete || run.Provider != topology.ProviderLocal {
		t.Errorf("the run is %s, of provider %s: %s", run.Status, run.Provider, run.Reason)
	}
	if !slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.HasPrefix(w, why) }) {
		t.Errorf("the warnings kept with the run are %q", run.Warnings)
	}
	for name, text := range map[string]string{"standard error": chosen.stderr(), "the report": chosen.stdout.String()} {
		if !strings.Contains(text, why) {
			t.Errorf("%s does not say why local is used:\n%s", name, text)
		}
	}

	id := p.killBoth([]results.Run{run})
	p.run(0, "clean")
	p.gone(id)
}
