package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
)

// headLimit is how much of a client's first words is kept while nothing may pass.
const headLimit = 64 << 10

// The names of Toxiproxy's toxics in a connection's collection.
const (
	toxicLatency = "latency"
	toxicUp      = "bandwidth_up"
	toxicDown    = "bandwidth_down"
)

// connection is one client's connection through a relay.
type connection struct {
	relay  *relay
	client *net.TCPConn
	probe  bool

	once sync.Once
	done chan struct{}
	open atomic.Int32 // directions that still flow

	ends   sync.Mutex
	ended  bool
	server *net.TCPConn // nil until dialled

	// mu is held while toxics change, which lasts as long as a peer does not read: nothing that ends a connection may wait for it.
	mu     sync.Mutex
	toxics *toxiproxy.ToxicCollection // nil until started
	have   strength
}

// connect keeps the upstream's end, unless the connection has ended meanwhile.
func (c *connection) connect(server *net.TCPConn) bool {
	c.ends.Lock()
	defer c.ends.Unlock()
	if c.ended {
		_ = server.Close()
		return false
	}
	c.server = server
	return true
}

// end closes both ends, with a reset or in order. Data on their way are dropped.
func (c *connection) end(reset bool) {
	c.once.Do(func() {
		c.ends.Lock()
		c.ended = true
		for _, conn := range []*net.TCPConn{c.client, c.server} {
			if conn == nil {
				continue
			}
			if reset {
				_ = conn.SetLinger(0) // close then sends RST
			}
			_ = conn.Close()
		}
		c.ends.Unlock()
		close(c.done)
		c.relay.forget(c)
	})
}

// await waits until data may pass. It reads ahead meanwhile, so that a client that gives up is noticed: like one whose
// packets are lost on the way, it never reaches the upstream. It returns what was read, and false when the client is gone.
func (c *connection) await() (head []byte, ok bool) {
	passing := c.relay.gate.passing()
	select {
	case <-passing:
		return nil, true
	default:
	}
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		select {
		case <-passing:
		case <-c.done:
		}
		_ = c.client.SetReadDeadline(time.Unix(1, 0)) // ends the read below
	}()
	var buf bytes.Buffer
	_, err := io.CopyN(&buf, c.client, headLimit)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.end(true)
	}
	<-woken
	_ = c.client.SetReadDeadline(time.Time{})
	select {
	case <-c.done:
		return nil, false
	default:
		return buf.Bytes(), true
	}
}

// start lets data flow under the relay's present strength.
func (c *connection) start(head []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	proxy := toxiproxy.NewProxy(c.relay.server, c.relay.name, c.relay.address, c.relay.upstream)
	c.toxics = proxy.Toxics
	if err := c.follow(c.relay.strength()); err != nil {
		return err
	}
	up := io.MultiReader(bytes.NewReader(head), source{c, c.client})
	c.open.Store(2)
	proxy.Toxics.StartLink(c.relay.server, "up", up, sink{c, c.server}, stream.Upstream)
	proxy.Toxics.StartLink(c.relay.server, "down", source{c, c.server}, sink{c, c.client}, stream.Downstream)
	return nil
}

// sync brings the connection's toxics to the relay's present strength. It waits while a peer does not read.
func (c *connection) sync() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.toxics == nil {
		return nil // start will see to it
	}
	return c.follow(c.relay.strength())
}

// follow replaces the toxics that differ. A toxic is never updated in place: Toxiproxy changes its fields while its
// pipeline reads them. c.mu is held.
func (c *connection) follow(want strength) error {
	have := c.have
	if have.Latency != want.Latency || have.Jitter != want.Jitter {
		attributes := fmt.Sprintf(`{"latency":%d,"jitter":%d}`, want.Latency, want.Jitter)
		if err := c.replace(toxic{toxicLatency, "latency", "downstream", attributes}, have.Latency > 0, want.Latency > 0); err != nil {
			return err
		}
	}
	if have.Rate != want.Rate {
		attributes := fmt.Sprintf(`{"rate":%d}`, want.Rate)
		for name, direction := range map[string]string{toxicUp: "upstream", toxicDown: "downstream"} {
			if err := c.replace(toxic{name, "bandwidth", direction, attributes}, have.Rate > 0, want.Rate > 0); err != nil {
				return err
			}
		}
	}
	c.have = want
	return nil
}

// toxic is one as Toxiproxy is told of it; attributes is JSON.
type toxic struct{ name, kind, direction, attributes string }

// replace takes the toxic away that was there and adds the one that is to be there.
func (c *connection) replace(t toxic, had, has bool) error {
	if had {
		if err := c.toxics.RemoveToxic(c.relay.ctx, t.name); err != nil {
			return fmt.Errorf("remove toxic %s: %w", t.name, err)
		}
	}
	if !has {
		return nil
	}
	text := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, t.name, t.kind, t.direction, t.attributes)
	if _, err := c.toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		return fmt.Errorf("add toxic %s: %w", t.name, err)
	}
	return nil
}

// source is where a pipeline reads from: one end, behind the relay's gate.
type source struct {
	c    *connection
	from *net.TCPConn
}

func (s source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	select {
	case <-s.c.relay.gate.passing():
	case <-s.c.done:
		return 0, net.ErrClosed
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.c.end(true) // a reset of one end is one of the other
	}
	return n, err
}

// sink is where a pipeline writes to. It never fails: a pipeline whose writer stops leaves its other parts waiting for
// ever. After an error it takes and drops everything.
type sink struct {
	c  *connection
	to *net.TCPConn
}

func (s sink) Write(p []byte) (int, error) {
	if _, err := s.to.Write(p); err != nil {
		s.c.end(true)
	}
	return len(p), nil
}

// Close passes on that no more data will come this way; the other direction may still flow.
func (s sink) Close() error {
	_ = s.to.CloseWrite()
	if s.c.open.Add(-1) == 0 {
		s.c.end(false)
	}
	return nil
}
