package load

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
)

func TestStopKeepsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '60s' }`)))
	for _, row := range []struct {
		name string
		stop func(*Process, context.CancelFunc)
	}{
		{"by Stop", func(p *Process, _ context.CancelFunc) { p.Stop() }},
		{"by the context", func(_ *Process, cancel context.CancelFunc) { cancel() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir := t.TempDir()
			p, err := Start(ctx, Options{
				Exe: os.Args[0], Script: Script{Path: script, Env: map[string]string{"URL": url}}, Recording: dir + "/recording",
			})
			if err != nil {
				t.Fatal(err)
			}
			<-p.Started()
			for p.Snapshot().Rate == 0 {
				select {
				case <-p.Done():
					t.Fatal("it ended by itself")
				case <-time.After(50 * time.Millisecond):
				}
			}
			began := time.Now()
			row.stop(p, cancel)
			fitness, err := p.Wait()
			if err != nil {
				t.Errorf("%v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			balanced(t, fitness, read(t, p))
			if fitness.Served < 10 || fitness.Aborted != "" {
				t.Errorf("%+v", fitness)
			}
		})
	}
}

func TestAKilledChildLeavesAReadableRecording(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '60s' }`)))
	p := start(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	<-p.Started()
	for p.Snapshot().Rate == 0 {
		select {
		case <-p.Done():
			t.Fatal("it ended by itself")
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	fitness, err := p.Wait()
	if err == nil || err.Error() != "k6 was killed (killed)" {
		t.Errorf("the error is %v", err)
	}
	if fitness.ExitCode != -1 || fitness.Signal != "killed" || fitness.OOMKilled {
		t.Errorf("exit code %d, signal %q, out of memory %v", fitness.ExitCode, fitness.Signal, fitness.OOMKilled)
	}
	r := read(t, p)
	if r.err != nil && !errors.Is(r.err, recording.ErrTorn) {
		t.Errorf("the recording is not readable: %v", r.err)
	}
	balanced(t, fitness, r)
	if fitness.Served == 0 {
		t.Error("nothing of what was measured is reported")
	}
}

func TestAFullDiskBreaksTheTrial(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Fatal("this test writes to /dev/full:", err)
	}
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '60s' }`)))
	p, err := Start(t.Context(), Options{
		Exe: os.Args[0], Script: Script{Path: script, Env: map[string]string{"URL": serve(t, ok)}}, Recording: "/dev/full",
	})
	if err == nil {
		_, err = p.Wait()
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the error is %v", err)
	}
}
