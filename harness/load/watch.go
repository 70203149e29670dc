package load

import "time"

// watch looks once a second at what the child and the machine use. What is before t = 0 does not count: setting up VUs costs
// CPU too, but disturbs nothing.
func (p *Process) watch() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	zero := make(<-chan time.Time) // until it is known
	started := p.started
	measuring := false
	for {
		p.groups.look()
		if measuring {
			now := time.Now()
			if used, err := cpuTime(p.PID()); err == nil {
				p.cpu.look(now, used)
			}
			if l, err := lookAtMachine("/"); err == nil {
				l.own = p.ownWork()
				p.machine.look(l)
			}
		}
		select {
		case <-ticker.C:
		case <-started:
			started, zero = nil, time.After(time.Until(p.Zero()))
		case <-zero:
			zero, measuring = nil, true
			p.groups.measure()
			ticker.Reset(time.Second)
		case <-p.child.exited:
			return
		}
	}
}

// ownWork is the CPU time that the run has used, nil where that is not known.
func (p *Process) ownWork() *time.Duration {
	if p.options.OwnWork == nil {
		return nil
	}
	used, err := p.options.OwnWork()
	if err != nil {
		return nil
	}
	return &used
}
