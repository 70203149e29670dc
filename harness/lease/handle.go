package lease

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// message is what the parent tells the watchdog, one JSON object per line. A record replaces what was told before, so
// that nothing depends on what an earlier watchdog had heard.
type message struct {
	Seq     uint64  `json:"seq"`
	Record  *record `json:"record,omitempty"`
	Release bool    `json:"release,omitempty"`
}

// answer confirms the message of that number; number 0 says that the watchdog is up.
type answer struct {
	Seq uint64 `json:"seq"`
}

// handle is a running watchdog as its parent sees it.
type handle struct {
	cmd  *exec.Cmd
	in   *os.File // closed by the kernel when this process dies: that is the signal
	acks chan uint64
	done chan struct{}
}

func startWatchdog(ctx context.Context, opts Options) (*handle, error) {
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the watchdog: %w", err), theirIn.Close(), ourOut.Close())
	}
	cmd := exec.Command(opts.Exe, opts.Args...) // not bound to ctx: it outlives everything
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	cmd.Env = scrub(opts.Environ)
	cmd.Dir = string(os.PathSeparator)
	// A session of its own: neither a terminal's Ctrl-C nor a kill of the parent's process group reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if opts.LogPath != "" {
		log, err := os.OpenFile(opts.LogPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the watchdog's log: %w", err), theirIn.Close(), ourOut.Close(), ourIn.Close(), theirOut.Close())
		}
		defer log.Close()
		cmd.Stderr = log
	}
	err = cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the watchdog: %w", err), ourOut.Close(), ourIn.Close())
	}
	h := &handle{cmd: cmd, in: ourOut, acks: make(chan uint64, 16), done: make(chan struct{})}
	go h.listen(ourIn)
	if err := h.await(ctx, 0); err != nil {
		h.kill()
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	return h, nil
}

// listen takes in the confirmations, and reaps the child when they end.
func (h *handle) listen(out *os.File) {
	defer close(h.done)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var a answer
		if json.Unmarshal(lines.Bytes(), &a) == nil {
			select {
			case h.acks <- a.Seq:
			default: // nobody waits for it any more
			}
		}
	}
	_ = out.Close()
	_ = h.cmd.Wait() // how it ended does not matter, that it did does
	_ = h.in.Close()
}

// send tells the watchdog something and waits for its confirmation.
func (h *handle) send(m message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode for the watchdog: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	_ = h.in.SetWriteDeadline(time.Now().Add(answerTime)) // a frozen watchdog may leave the pipe full
	if _, err := h.in.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("tell the watchdog: %w", err)
	}
	return h.await(ctx, m.Seq)
}

func (h *handle) await(ctx context.Context, seq uint64) error {
	for {
		select {
		case got := <-h.acks:
			if got >= seq {
				return nil
			}
		case <-h.done:
			// The confirmation may be the last thing it said.
			for {
				select {
				case got := <-h.acks:
					if got >= seq {
						return nil
					}
					continue
				default:
				}
				return errors.New("the watchdog ended")
			}
		case <-ctx.Done():
			return fmt.Errorf("the watchdog does not answer: %w", ctx.Err())
		}
	}
}

func (h *handle) ended(ctx context.Context, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-h.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// kill ends the watchdog before it can see its pipe close.
func (h *handle) kill() {
	_ = h.cmd.Process.Kill()
	<-h.done
}
