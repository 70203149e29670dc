package fault

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrNoAnswer is a call that the proxy child did not answer within two seconds.
	ErrNoAnswer = errors.New("the proxy does not answer")
	// ErrProxyDied is a call during which the proxy child died.
	ErrProxyDied = errors.New("the proxy died")
	// ErrClosed is a call after Close.
	ErrClosed = errors.New("the proxy is closed")
)

const (
	callTime  = 2 * time.Second
	startTime = 15 * time.Second
	endTime   = 3 * time.Second // for the child to lift everything and end
)

// markName is the environment variable by which the watchdog knows a process of the run, registered or not.
const markName = "BRUNT_RUN"

// process is a running proxy child as its parent sees it.
type process struct {
	cmd       *exec.Cmd
	in        *os.File
	heartbeat string
	events    func(response)
	done      chan struct{}

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan response
}

func startProcess(ctx context.Context, opts ProxyOptions, events func(response)) (*process, error) {
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	cmd := exec.Command(opts.Exe, opts.Args...) // not bound to ctx: faults end before the process does
	cmd.Stdin = theirIn
	cmd.Env = append(os.Environ(), markName+"="+opts.RunID)
	// A Ctrl-C reaches the parent alone, which then lifts what is in force.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var messages io.Reader
	ourIn, err := cmd.StdoutPipe()
	if err == nil {
		messages, err = cmd.StderrPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	_ = theirIn.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the proxy: %w", err), ourOut.Close())
	}
	p := &process{
		cmd: cmd, in: ourOut, events: events, done: make(chan struct{}), waiting: map[uint64]chan response{},
	}
	hello := make(chan response, 1)
	p.waiting[0] = hello
	said := make(chan struct{})
	go func() {
		defer close(said)
		logMessages(messages, opts.Logger)
	}()
	go p.listen(ourIn, said)
	select {
	case first := <-hello:
		p.heartbeat = first.Heartbeat
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("start the proxy: %w", ErrProxyDied)
	case <-ctx.Done():
		p.kill()
		return nil, fmt.Errorf("start the proxy: %w", ctx.Err())
	}
}

// logMessages logs what the child says of itself; a panic's trace is among it.
func logMessages(from io.Reader, log *slog.Logger) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		log.Warn("proxy", "message", lines.Text())
	}
	_, _ = io.Copy(io.Discard, from) // after a line that is too long
}

// listen hands out answers, and reaps the child when they end.
func (p *process) listen(out io.Reader, said <-chan struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r response
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // torn by its death
		}
		if r.ID == 0 && r.Heartbeat == "" {
			p.events(r)
			continue
		}
		p.mu.Lock()
		to := p.waiting[r.ID]
		delete(p.waiting, r.ID)
		p.mu.Unlock()
		if to != nil {
			to <- r // has room for one
		}
	}
	<-said           // Wait would close the pipe before the last words are read
	_ = p.cmd.Wait() // that it ended is what matters
	_ = p.in.Close()
	close(p.done)
}

// call asks the child and waits for its answer, at most callTime.
func (p *process) call(ctx context.Context, req request) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer := make(chan response, 1)
	p.mu.Lock()
	p.next++
	req.ID = p.next
	p.waiting[req.ID] = answer
	raw, err := json.Marshal(req)
	if err == nil {
		_ = p.in.SetWriteDeadline(time.Now().Add(callTime)) // a frozen child may leave the pipe full
		_, err = p.in.Write(append(raw, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		p.kill() // a line may be torn: nothing after it would be understood
		return response{}, fmt.Errorf("%s: %w: %w", req.Op, ErrProxyDied, err)
	}
	select {
	case r := <-answer:
		return r, r.failure(req)
	case <-p.done:
		return response{}, fmt.Errorf("%s: %w", req.Op, ErrProxyDied)
	case <-ctx.Done():
		p.mu.Lock()
		delete(p.waiting, req.ID)
		p.mu.Unlock()
		if errors.Is(ctx.Err(), context.Canceled) {
			return response{}, ctx.Err()
		}
		return response{}, fmt.Errorf("%s: %w", req.Op, ErrNoAnswer)
	}
}

// failure is the error that a response carries.
func (r response) failure(req request) error {
	switch {
	case r.Error == "":
		return nil
	case r.Code == codeInUse:
		return fmt.Errorf("%s %s at %s: %w", req.Op, req.Link, req.Listen, syscall.EADDRINUSE)
	}
	return fmt.Errorf("%s %s: %s", req.Op, req.Link, r.Error)
}

// kill ends the child at once; the kernel closes its links.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// end lets the child lift everything and waits for it, killing it when it takes too long.
func (p *process) end(ctx context.Context) {
	_ = p.in.Close()
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill()
}
