package fault

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// change is what became of a change of a link's burden.
type change struct {
	at           time.Time
	cut, pending int
	hits         int64            // of the fault that ended
	refused      map[string]int64 // connections that it could not act on, by reason
	toll         toll             // while it lasted
}

// bear takes the burden of the present faults, and returns the one before. r.mu is held.
func (r *relay) bear() *burden {
	before := r.burden.Load()
	r.burden.Store(burdenOf(r.faults))
	close(before.over)
	return before
}

// apply brings a fault into force until it is lifted or expires.
func (r *relay) apply(name string, s strength, expires time.Time) (change, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	if r.shut {
		r.mu.Unlock()
		return change{}, errShut
	}
	if _, ok := r.faults[name]; ok {
		r.mu.Unlock()
		return change{}, fmt.Errorf("fault %s is already in force", name)
	}
	r.faults[name] = &inForce{
		name: name, strength: s, since: time.Now(),
		expiry: time.AfterFunc(time.Until(expires), func() { r.expire(name) }),
	}
	f := r.faults[name]
	before := r.bear()
	r.mu.Unlock()
	done, err := r.settle(before, false)
	f.paid = r.tolls.now()
	return done, err
}

// lift ends a fault; one that is not in force is lifted already.
func (r *relay) lift(name string) (change, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	f, ok := r.faults[name]
	if !ok {
		r.mu.Unlock()
		return change{at: time.Now()}, nil
	}
	f.expiry.Stop()
	delete(r.faults, name)
	before := r.bear()
	r.mu.Unlock()
	done, err := r.settle(before, true)
	if f.Share > 0 || f.HTTP != "" {
		done.hits, done.refused = f.hits.Load(), f.refusals()
	}
	if f.Loss > 0 {
		done.toll = r.tolls.now().since(f.paid)
	}
	return done, err
}

func (r *relay) expire(name string) {
	r.mu.Lock()
	_, ok := r.faults[name]
	r.mu.Unlock()
	if !ok {
		return
	}
	done, err := r.lift(name)
	if err != nil {
		r.log.Error("expired fault not lifted", "link", r.name, "fault", name, "error", err)
	}
	r.report(name, done.at)
}

// settle brings sockets and toxics to the present burden. When a fault ends, connections that do not follow are cut.
// r.changing is held.
func (r *relay) settle(before *burden, ends bool) (change, error) {
	now := r.burden.Load()
	if now.down && !before.down {
		r.mu.Lock()
		r.refuse()
		r.mu.Unlock()
		for _, c := range r.present() {
			c.end(false)
		}
	}
	if now.reset && !before.reset {
		r.strike()
	}
	var err error
	switch {
	case !now.down && before.down:
		err = r.listenAgain()
	case now.unheard() != before.unheard():
		err = r.deafen(now.unheard())
	}
	if now.loss != before.loss {
		err = errors.Join(err, r.loseAll())
	}
	done := change{}
	if before.rate != now.rate {
		done = r.syncAll(ends)
	}
	done.at = time.Now()
	return done, err
}

// deafen lets the listener drop a share of the requests to connect. One that begins to listen later does so by itself.
func (r *relay) deafen(share float64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return nil
	}
	socket, err := r.listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return fmt.Errorf("reach the listener's socket: %w", err)
	}
	r.filtered = true
	return lose(socket, share)
}

// listenAgain takes the link's address back. It was free for anybody meanwhile.
func (r *relay) listenAgain() error {
	deadline := time.Now().Add(relisten)
	for {
		r.mu.Lock()
		err := r.listen()
		r.mu.Unlock()
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(acceptGap)
	}
}

// syncAll brings every connection to the present burden. Those that have not followed in time are left to follow when
// their peers read again, or are cut: then they end with a reset, and nobody waits for them any more.
func (r *relay) syncAll(cut bool) change {
	waiting := map[*connection]bool{}
	conns := r.present()
	followed := make(chan *connection, len(conns))
	for _, c := range conns {
		waiting[c] = true
		r.work.Go(func() {
			if err := c.sync(); err != nil {
				r.log.Error("connection does not follow", "link", r.name, "error", err)
				c.end(true) // it must not keep a toxic that nobody knows of
			}
			followed <- c
		})
	}
	collect := func(limit time.Duration) {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		for len(waiting) > 0 {
			select {
			case c := <-followed:
				delete(waiting, c)
			case <-timer.C:
				return
			}
		}
	}
	collect(patience)
	if !cut {
		return change{pending: len(waiting)}
	}
	done := change{cut: len(waiting)}
	for c := range waiting {
		c.end(true)
	}
	collect(afterCut)
	return done
}
