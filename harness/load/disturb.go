package load

import (
	"errors"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

var errTooManyAsks = errors.New("too many VUs ask for faults at once")

// FaultAsk is what the script asks of a fault of the experiment. Whoever takes it answers, once.
type FaultAsk struct {
	Fault  string
	Lift   bool
	Answer func(error)
}

// mostAsks bounds what may wait for whoever takes it: each of them keeps a VU waiting.
const mostAsks = 1024

// FaultAsks yields what the script asks of faults.
func (p *Process) FaultAsks() <-chan FaultAsk { return p.asks }

// asked hands on what the script asks of a fault.
func (p *Process) asked(m wire.FaultAsk) {
	answer := func(err error) {
		done := wire.FaultDone{Number: m.Number}
		if err != nil {
			done.Error = err.Error()
		}
		if err := p.child.conn.Send(done); err != nil { // a child that has ended waits for nothing
			p.options.Logger.Debug("the script was not answered", "fault", m.Fault, "error", err)
		}
	}
	select {
	case p.asks <- FaultAsk{Fault: m.Fault, Lift: m.Lift, Answer: answer}:
	default:
		answer(errTooManyAsks)
	}
}
