package fault

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// Packets counts what came to the proxy's sockets while a fault lost a share of it.
type Packets struct {
	Sent int64 `json:"sent"` // those that were lost among them
	Lost int64 `json:"lost"`
}

func (p Packets) plus(o Packets) Packets { return Packets{p.Sent + o.Sent, p.Lost + o.Lost} }

// share is the part that was lost.
func (p Packets) share() float64 {
	if p.Sent == 0 {
		return 0
	}
	return float64(p.Lost) / float64(p.Sent)
}

// toll is what a link lost of the load's connections and of its probes'.
type toll struct {
	Load   Packets `json:"load,omitzero"`
	Probes Packets `json:"probes,omitzero"`
}

// since is what was added to an earlier one.
func (t toll) since(o toll) toll {
	less := func(a, b Packets) Packets { return Packets{a.Sent - b.Sent, a.Lost - b.Lost} }
	return toll{less(t.Load, o.Load), less(t.Probes, o.Probes)}
}

// tolls adds up the toll of a relay.
type tolls struct {
	mu  sync.Mutex
	all toll
}

func (t *tolls) add(p Packets, probe bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if probe {
		t.all.Probes = t.all.Probes.plus(p)
		return
	}
	t.all.Load = t.all.Load.plus(p)
}

func (t *tolls) now() toll {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all
}

// heard is what a socket has counted since it was made. The numbers begin again after 2³² packets.
type heard struct{ seen, lost uint32 }

// since is what came after an earlier count.
func (h heard) since(o heard) Packets {
	lost := int64(h.lost - o.lost)
	return Packets{Sent: int64(h.seen-o.seen) + lost, Lost: lost}
}

// inherited is the share of a socket that was made under a filter, of which only its maker knew.
const inherited = -1

// leak is what one socket of a connection loses.
type leak struct {
	share   float64 // of the packets that come to it; 0: none, inherited: it has to be told
	counted heard   // what is part of the relay's toll already
}

// follow brings a socket to a share, and returns what came to it since the last time, if it lost any share then.
func (l *leak) follow(conn *net.TCPConn, share float64) (Packets, error) {
	if share == 0 && l.share == 0 {
		return Packets{}, nil
	}
	socket, err := conn.SyscallConn()
	if err != nil {
		return Packets{}, fmt.Errorf("reach a connection's socket: %w", err)
	}
	now, err := heardBy(socket)
	if err != nil {
		return Packets{}, err
	}
	var came Packets
	if l.share != 0 {
		came = now.since(l.counted)
	}
	l.counted = now
	if l.share == share {
		return came, nil
	}
	l.share = share
	return came, lose(socket, share)
}

// lose brings both sockets of a connection to the share of packets that its link loses now.
func (c *connection) lose() error {
	c.ends.Lock()
	defer c.ends.Unlock()
	if c.ended {
		return nil
	}
	return c.loseShare(c.relay.burden.Load().loss)
}

// loseShare is lose with c.ends held.
func (c *connection) loseShare(share float64) error {
	var problem error
	for i, conn := range [...]*net.TCPConn{c.client, c.server} {
		if conn == nil {
			continue
		}
		came, err := c.leaks[i].follow(conn, share)
		c.relay.tolls.add(came, c.probe)
		problem = errors.Join(problem, err)
	}
	return problem
}

// loseAll brings every connection to the share of packets that the link loses now. One that can't follow is ended: it must not
// keep what nobody knows of.
func (r *relay) loseAll() error {
	var problem error
	for _, c := range r.present() {
		if err := c.lose(); err != nil {
			problem = err
			c.end(true)
		}
	}
	return problem
}
