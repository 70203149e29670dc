package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// receive takes the child's messages until it closes the wire, or dies.
func (p *Process) receive(writer *recording.Writer) {
	decoder := recording.NewDecoder()
	for {
		m, err := p.child.conn.Receive()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			if p.ending() == nil && !closed(p.child.killed) {
				p.giveUp(fmt.Errorf("follow the k6 child: %w", err))
			}
			return
		}
		switch m := m.(type) {
		case wire.Started:
			p.begin(m)
		case wire.Frame:
			if err := p.frame(writer, decoder, m.Payload); err != nil {
				p.giveUp(err)
				return
			}
		case wire.Ledger:
			if err := p.ledgers.write(p.options, m.Block); err != nil {
				p.giveUp(err)
				return
			}
		case wire.Exception:
			p.exception(m.Message)
		case wire.Notice:
			p.notice(m)
		case wire.FaultAsk:
			p.asked(m)
		case wire.Ended:
			p.end(m)
		}
	}
}

func (p *Process) begin(m wire.Started) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.start.Zero != 0 {
		return
	}
	p.start = m
	p.live.setZero(m.Zero)
	close(p.started)
}

// end takes the child's account. A script that ended itself in setup has been heard to the end too: it offered nothing.
func (p *Process) end(m wire.Ended) {
	if m.Aborted != "" {
		p.begin(wire.Started{Zero: time.Now().UnixNano()})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = &m
}

func (p *Process) frame(writer *recording.Writer, decoder *recording.Decoder, payload []byte) error {
	f, err := decoder.Decode(payload)
	if err != nil {
		return fmt.Errorf("follow the k6 child: %w", err)
	}
	p.labels.clean(f)
	if err := writer.Write(f); err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	if p.escaper != nil {
		p.escaper.add(f) // first: the others take its histograms over
	}
	p.live.add(f)
	if p.pilot != nil {
		p.pilot.add(f)
	}
	if p.lookout != nil {
		p.lookout.add(f)
	}
	return nil
}

// cutException is the length from which on the text of an exception is one that the child has cut, in bytes. What a secret
// was cut off in is not known for one any more, so that the second half is left out.
const cutException = 16 << 10

func (p *Process) exception(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thrown++
	if p.firstSeen == "" {
		p.firstSeen = p.options.Redact(text)
		if len(text) >= cutException {
			p.firstSeen = strings.ToValidUTF8(p.firstSeen[:min(len(p.firstSeen), cutException/2)], "") + "…"
		}
	}
}

func (p *Process) notice(n wire.Notice) {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(n.Level)); err != nil {
		level = slog.LevelWarn
	}
	p.options.Logger.Log(context.Background(), level, p.options.Redact(n.Text))
}

// giveUp ends a load that can't be measured any more.
func (p *Process) giveUp(err error) {
	p.fail(err)
	p.child.stop(time.Second)
	// The child blocks on a wire that nobody reads.
	p.child.conn.Close()
}

// fail keeps the first error.
func (p *Process) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = err
	}
}

func (p *Process) ending() *wire.Ended {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}
