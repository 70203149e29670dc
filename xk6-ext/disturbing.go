package xk6ext

import (
	"context"
	"errors"
	"sync"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// disturbing takes what scripts ask of faults to the brunt that drives this k6, and its answers back.
type disturbing struct {
	conn *wire.Conn // nil: k6 runs by itself

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan error // by number of the ask
}

// ask returns when the fault is confirmed in force, or its removal is.
func (d *disturbing) ask(ctx context.Context, fault string, lift bool) error {
	if d.conn == nil {
		return errors.New("there are no faults where k6 runs by itself; use brunt run EXPERIMENT")
	}
	answer := make(chan error, 1)
	d.mu.Lock()
	d.last++
	number := d.last
	d.waiting[number] = answer
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.waiting, number)
	}()
	if err := d.conn.Send(wire.FaultAsk{Number: number, Fault: fault, Lift: lift}); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// done takes an answer.
func (d *disturbing) done(m wire.FaultDone) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answer := d.waiting[m.Number]
	switch {
	case answer == nil: // nobody waits any more
	case m.Error != "":
		answer <- errors.New(m.Error)
	default:
		answer <- nil
	}
	delete(d.waiting, m.Number)
}
