package cli_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// stove is a service that uses all CPUs with twice as many threads, so that always one waits, for a minute at most.
func stove() {
	threads := 2 * runtime.NumCPU()
	runtime.GOMAXPROCS(threads)
	for range threads {
		go func() {
			for began := time.Now(); time.Since(began) < time.Minute; {
			}
			os.Exit(0)
		}()
	}
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	panic(http.ListenAndServe(net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), nil))
}

const crowdedExperiment = `
name: crowded
target: {command: [SERVICE], port: 8080, ready: {http: /healthz}}
load: {script: script.js, env: {BASE_URL: "${target.url}"}, shape: smoke, rate: 20/s, duration: 5s}
warmup: 0s
settle: 0s
slos: ["count(http_reqs) < 1"]
`

// crowded measures a service by a bound that is always broken, and returns the run.
func crowded(t *testing.T, service string) (results.Run, int) {
	t.Helper()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", soakScript)
	p.write("experiment.yaml", strings.Replace(crowdedExperiment, "SERVICE", service, 1))
	v := p.start(p.runArgs()...)
	code := v.exit()
	runs := p.runs()
	if len(runs) == 0 || len(runs[0].Trials) == 0 || runs[0].Trials[0].Fitness.Machine == nil || runs[0].Trials[0].Fitness.Machine.Foreign == nil {
		t.Fatalf("ended with %d, and what other programs took is not known: %+v\n%s", code, runs, v.stderr())
	}
	t.Logf("other programs %v, pressure %+v", *runs[0].Trials[0].Fitness.Machine.Foreign, runs[0].Trials[0].Fitness.Machine.Pressure)
	return runs[0], code
}

// TestWhatOtherProgramsTakeIsNotTheTargets: a program beside the run that uses all CPUs is seen to do so, and no fail comes of it.
// What a target takes is its own.
func TestWhatOtherProgramsTakeIsNotTheTargets(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, the process table is Linux's")
	}
	said := regexp.MustCompile(`(?m)^other programs took \S+% or more of this machine's CPU`)
	t.Run("beside", func(t *testing.T) {
		exe, err := exec.LookPath("stove")
		if err != nil {
			t.Fatal(err)
		}
		beside := exec.CommandContext(t.Context(), exe)
		beside.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT=0")
		if err := beside.Start(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		run, code := crowded(t, "server")
		_ = beside.Process.Kill()
		_ = beside.Wait()
		used := beside.ProcessState.UserTime() + beside.ProcessState.SystemTime()
		share := used.Seconds() / time.Since(began).Seconds() / float64(runtime.NumCPU())
		f := run.Trials[0].Fitness
		if *f.Machine.Foreign < share/2 {
			t.Errorf("other programs took %v, of which one had %v over a longer time", *f.Machine.Foreign, share)
		}
		if code != 4 || !f.Saturated || len(f.Reasons) == 0 || !said.MatchString(strings.Join(f.Reasons, "\n")) {
			t.Errorf("ended with %d: %q", code, f.Reasons)
		}
	})
	t.Run("within", func(t *testing.T) {
		run, code := crowded(t, "stove")
		f := run.Trials[0].Fitness
		for _, u := range run.Verdict.Uses {
			if u.Phase != string(results.PhaseSteady) {
				continue
			}
			if u.CPUPercent == nil {
				t.Fatalf("what the target used is not known: %+v", u)
			}
			own := *u.CPUPercent / 100 / float64(runtime.NumCPU())
			t.Logf("the target used %v", own)
			took := *f.Machine.Foreign
			if took > 1-own*0.7 {
				t.Errorf("other programs took %v, though the target used %v", took, own)
			}
			// Others may take as much, as while other tests run.
			if doubted := took > 0.2; said.MatchString(strings.Join(f.Reasons, "\n")) != doubted || code != map[bool]int{true: 4, false: 1}[doubted] {
				t.Errorf("ended with %d, other programs took %v: %q", code, took, f.Reasons)
			}
			return
		}
		t.Error("what the target used is not known")
	})
}
