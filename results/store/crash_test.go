package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// saveForEver is the child: it opens the store, and saves run after run, each first as broken and then with its trials, and
// says on standard output what has been saved. Each line is "id trials". It ends when standard input does.
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
		run.Status, run.Reason, run.Trials = results.StatusBroken, padding, nil
		for trials := range 3 {
			if err := s.Save(ctx, &run); err != nil {
				return err
			}
			fmt.Printf("%s %d\n", run.ID, trials)
			run.Trials = append(run.Trials, results.Trial{Number: trials + 1, Status: results.StatusComplete, Reason: padding})
		}
	}
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
func check(t *testing.T, path string, saved map[string]int) {
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
	}
	for id, want := range saved {
		got, found := trials[id]
		if !found || got < want || got > want+1 {
			t.Errorf("run %s: acknowledged %d trials, stored %d (found %v)", id, want, got, found)
		}
	}
	save(t, s, example("after-the-crash"))
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "brunt.db")
	known := map[string]int{}
	// One store, killed again and again: in its first saves, in the middle of one run, later, and among checkpoints.
	for round, acknowledgements := range []int{0, 1, 2, 5, 13, 37} {
		c := startChild(t, path, fmt.Sprintf("round%d", round))
		if err := c.read(acknowledgements); err != nil {
			t.Fatal(err)
		}
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for c.read(1) == nil { // what it had said before it died
		}
		c.cmd.Wait()
		for id, trials := range c.saved {
			known[id] = trials
		}
		check(t, path, known)
	}
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
