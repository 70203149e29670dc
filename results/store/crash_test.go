package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// saveForEver is the child: it opens the store, and saves run after run, each first as broken and then with its trials, each of which
// has written a recording into the run's folder before, and says on standard output what has been saved. Each line is "id trials". It
// ends when standard input does.
func saveForEver(dsn, name string) error {
	ctx := context.Background()
	s, err := Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer s.Close()
	over := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	padding := strings.Repeat("x", 100_000) // long, so that a kill falls inside a save
	for i := 0; ; i++ {
		select {
		case <-over:
			return nil
		default:
		}
		run := example(fmt.Sprintf("%s-%04d", name, i))
		run.Status, run.Reason, run.Trials, run.Artifacts = results.StatusBroken, padding, nil, nil
		for trials := range 3 {
			if err := s.Save(ctx, &run); err != nil {
				return err
			}
			fmt.Printf("%s %d\n", run.ID, trials)
			name := fmt.Sprintf("recording-%d.brunt", trials+1)
			if err := os.WriteFile(filepath.Join(s.Dir(run.ID), name), []byte(recordingOf(run.ID, trials+1)), 0o666); err != nil {
				return err
			}
			run.Trials = append(run.Trials, results.Trial{Number: trials + 1, Status: results.StatusComplete, Reason: padding, Recording: name})
			run.Artifacts = append(run.Artifacts, results.Artifact{Name: name, Path: name, Size: int64(len(recordingOf(run.ID, trials+1)))})
		}
	}
}

// recordingOf is what stands in the recording of a trial.
func recordingOf(id string, trial int) string {
	return strings.Repeat(fmt.Sprintf("%s %d\n", id, trial), 200)
}

// child is a running saveForEver.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
	saved map[string]int // trials acknowledged, by run
}

func startChild(t *testing.T, path, name string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BRUNT_STORE_TEST_CHILD=sqlite:"+path, "BRUNT_STORE_TEST_NAME="+name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &child{cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout), saved: map[string]int{}}
}

// read takes up to n acknowledgements.
func (c *child) read(n int) error {
	for range n {
		if !c.lines.Scan() {
			return fmt.Errorf("child ended: %w", c.lines.Err())
		}
		id, trials, _ := strings.Cut(c.lines.Text(), " ")
		count, err := strconv.Atoi(trials)
		if err != nil {
			return nil // cut off by the kill
		}
		c.saved[id] = count
	}
	return nil
}

// check opens the store and compares it with what was acknowledged. The child may have saved one step more than it had
// time to say, never less.
func check(t *testing.T, path string, saved map[string]int) (unsaid int) {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	var verdict string
	if err := s.db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
	list, err := s.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	trials := map[string]int{}
	for _, m := range list {
		run := load(t, s, m.ID)
		if len(run.Trials) != m.Trials {
			t.Errorf("run %s: %d trials in the list, %d in the document", m.ID, m.Trials, len(run.Trials))
		}
		trials[m.ID] = m.Trials
		intact(t, s, run)
	}
	for id, want := range saved {
		got, found := trials[id]
		if !found || got < want || got > want+1 {
			t.Errorf("run %s: acknowledged %d trials, stored %d (found %v)", id, want, got, found)
		}
		if got == want+1 {
			unsaid++
			saved[id] = got // from now on it is known
		}
	}
	save(t, s, example("after-the-crash"))
	return unsaid
}

// intact reads every artifact that a stored run names, but for those of the example, which has no files.
func intact(t *testing.T, s *Store, run results.Run) {
	t.Helper()
	if run.ID == "after-the-crash" {
		return
	}
	for i, a := range run.Artifacts {
		f, err := s.OpenArtifact(run.ID, a.Path)
		if err != nil {
			t.Errorf("run %s: %v", run.ID, err)
			continue
		}
		content, err := io.ReadAll(f)
		f.Close()
		if err != nil || string(content) != recordingOf(run.ID, i+1) || int64(len(content)) != a.Size {
			t.Errorf("run %s: %s is not as it was written, %v", run.ID, a.Path, err)
		}
	}
}

// killing is when a child is killed: so many acknowledgements and then so long after its start.
type killing struct {
	acknowledged int
	after        time.Duration
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	// One store, killed again and again: in its first saves, in the middle of one run, later, and among checkpoints.
	survives(t, []killing{{0, 0}, {1, 0}, {2, 0}, {5, time.Millisecond}, {13, 0}, {37, 3 * time.Millisecond}})
}

// TestProofWhatWasAcknowledgedSurvivesFiftyKills kills at fifty moments, spread over the first sixty saves and over what one takes.
func TestProofWhatWasAcknowledgedSurvivesFiftyKills(t *testing.T) {
	file := proof.File(t)
	random := rand.New(rand.NewPCG(9, 50))
	var all []killing
	for range 50 {
		all = append(all, killing{random.IntN(60), time.Duration(random.IntN(8000)) * time.Microsecond})
	}
	inside := survives(t, all)
	if !t.Failed() {
		proof.Row{File: file, What: "kill -9 during save, 50 moments", Provider: proof.NoProvider}.Add(t, fmt.Sprintf("0 acknowledged saves and 0 artifacts lost; %d kills fell between a save and its acknowledgement", inside))
	}
}

// survives kills a child of one store at each of the moments, and holds the store to what it had acknowledged. inside is how often more
// was stored than acknowledged.
func survives(t *testing.T, moments []killing) (inside int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "brunt.db")
	known := map[string]int{}
	for round, m := range moments {
		c := startChild(t, path, fmt.Sprintf("round%d", round))
		if err := c.read(m.acknowledged); err != nil {
			t.Fatal(err)
		}
		time.Sleep(m.after)
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for c.read(1) == nil { // what it had said before it died
		}
		c.cmd.Wait()
		for id, trials := range c.saved {
			known[id] = trials
		}
		inside += check(t, path, known)
	}
	return inside
}

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "brunt.db")
	children := []*child{startChild(t, path, "one"), startChild(t, path, "two")} // they also make the store at once
	var wait sync.WaitGroup
	for _, c := range children {
		wait.Go(func() {
			if err := c.read(40); err != nil {
				t.Error(err)
			}
			c.stdin.Close()
			for c.read(1) == nil {
			}
			if err := c.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	known := map[string]int{}
	for _, c := range children {
		for id, trials := range c.saved {
			known[id] = trials
		}
	}
	check(t, path, known)
}
