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
	toxicUp   = "bandwidth_up"
	toxicDown = "bandwidth_down"
)

// connection is one client's connection through a relay.
type connection struct {
	relay   *relay
	client  *net.TCPConn
	probe   bool
	ordinal uint64    // on its link, from 1; of probes, counted apart, with the highest bit set
	due     time.Time // when a delay of its connecting is over; zero: there is none

	once sync.Once
	done chan struct{}
	open atomic.Int32 // directions that still flow

	dialogue atomic.Pointer[dialogue] // while faults act on its requests
	spoke    atomic.Int32             // who sent something last
	asking   atomic.Bool              // the client has sent something since it was last answered
	down     *flow                    // to the client; set before anything flows

	ends   sync.Mutex
	ended  bool
	server *net.TCPConn // nil until dialled
	leaks  [2]leak      // of client and server

	// mu is held while toxics change, which lasts as long as a peer does not read: nothing that ends a connection may wait for it.
	mu     sync.Mutex
	toxics *toxiproxy.ToxicCollection // nil until started
	rate   int64                      // that they have
}

// connect keeps the upstream's end, unless the connection has ended meanwhile. A lossy one was dialled under a filter.
func (c *connection) connect(server *net.TCPConn, lossy bool) bool {
	c.ends.Lock()
	defer c.ends.Unlock()
	if c.ended {
		_ = server.Close()
		return false
	}
	c.server = server
	if lossy {
		c.leaks[1].share = inherited
	}
	return true
}

// end closes both ends, with a reset or in order. Data on their way are dropped.
func (c *connection) end(reset bool) {
	c.once.Do(func() {
		c.ends.Lock()
		c.ended = true
		_ = c.loseShare(0) // the kernel still says goodbye for it
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

// over tells whether the connection has ended.
func (c *connection) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// begin runs work of the connection that may outlast its caller, unless the connection has ended.
func (c *connection) begin(work func()) {
	c.ends.Lock()
	defer c.ends.Unlock()
	if !c.ended {
		c.relay.work.Go(work)
	}
}

// passes tells whether data may pass. If not, over is closed when that may have changed, and in is when it will have; 0: then
// only over says.
func (c *connection) passes() (passes bool, over <-chan struct{}, in time.Duration) {
	b := c.relay.burden.Load()
	if b.hold {
		return false, b.over, 0
	}
	if b.connect > 0 { // else the fault that delayed it has ended
		if left := time.Until(c.due); left > 0 {
			return false, b.over, left
		}
	}
	return true, nil, 0
}

// untilPassing returns when data may pass, or the connection has ended.
func (c *connection) untilPassing() {
	for {
		passes, over, in := c.passes()
		if passes {
			return
		}
		var due <-chan struct{}
		if in > 0 {
			bell := c.relay.alarm.at(time.Now().Add(in))
			defer c.relay.alarm.drop(bell)
			due = bell.rings
		}
		select {
		case <-due:
		case <-over:
		case <-c.done:
			return
		}
	}
}

// await waits until data may pass. It reads ahead meanwhile, so that a client that gives up is noticed: like one whose
// packets are lost on the way, it never reaches the upstream. It returns what was read, and false when the client is gone.
func (c *connection) await() (head []byte, ok bool) {
	if passes, _, _ := c.passes(); passes {
		return nil, true
	}
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		c.untilPassing()
		_ = c.client.SetReadDeadline(time.Unix(1, 0)) // ends the read below
	}()
	var buf bytes.Buffer
	_, err := io.CopyN(&buf, c.client, headLimit)
	c.heard(buf.Len(), true)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.end(true)
	}
	<-woken
	_ = c.client.SetReadDeadline(time.Time{})
	return buf.Bytes(), !c.over()
}

// start lets data flow under the relay's present burden.
func (c *connection) start(head []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	proxy := toxiproxy.NewProxy(c.relay.server, c.relay.name, c.relay.address, c.relay.upstream)
	c.toxics = proxy.Toxics
	if err := c.follow(c.relay.burden.Load().rate); err != nil {
		return err
	}
	up := io.MultiReader(bytes.NewReader(head), source{c, c.client})
	c.open.Store(2)
	c.down = &flow{c: c, to: c.client, down: true}
	proxy.Toxics.StartLink(c.relay.server, "up", up, &flow{c: c, to: c.server}, stream.Upstream)
	proxy.Toxics.StartLink(c.relay.server, "down", source{c, c.server}, c.down, stream.Downstream)
	return nil
}

// Who sent something last.
const (
	nobody int32 = iota
	byClient
	byUpstream
)

// request lets faults on HTTP see what the client sends. It returns what the upstream gets of it.
func (c *connection) request(p []byte, b *burden) []byte {
	last := c.spoke.Swap(byClient)
	d := c.dialogue.Load()
	switch {
	case d == nil && (!b.http || last == byClient): // or in the middle of something: it has to end first
		return p
	case d == nil:
		d = &dialogue{c: c, draws: map[*inForce]*schedule{}, told: map[*inForce]bool{}}
		c.dialogue.Store(d)
	}
	p = d.request(p, b)
	if !b.http && d.between() {
		c.dialogue.Store(nil)
	}
	return p
}

// heard counts the exchanges: the times that a client began to send since it was connected or last answered. What nothing lets
// pass counts, too: it is what the client asks for.
func (c *connection) heard(bytes int, client bool) {
	switch {
	case bytes == 0 || c.probe:
	case !client:
		c.asking.Store(false)
	case !c.asking.Swap(true):
		c.relay.exchanges.Add(1)
	}
}

// sync brings the connection's toxics to the relay's present burden. It waits while a peer does not read.
func (c *connection) sync() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.toxics == nil {
		return nil // start will see to it
	}
	return c.follow(c.relay.burden.Load().rate)
}

// follow replaces the toxics that differ. A toxic is never updated in place: Toxiproxy changes its fields while its
// pipeline reads them. c.mu is held.
func (c *connection) follow(rate int64) error {
	if c.rate == rate {
		return nil
	}
	attributes := fmt.Sprintf(`{"rate":%d}`, rate)
	for name, direction := range map[string]string{toxicUp: "upstream", toxicDown: "downstream"} {
		if err := c.replace(toxic{name, "bandwidth", direction, attributes}, c.rate > 0, rate > 0); err != nil {
			return err
		}
	}
	c.rate = rate
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

// source is where a pipeline reads from: one end, unless nothing may pass.
type source struct {
	c    *connection
	from *net.TCPConn
}

func (s source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.c.heard(n, s.from == s.c.client)
	if s.c.relay.burden.Load().hold {
		s.c.untilPassing()
	}
	if s.c.over() {
		return 0, net.ErrClosed
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.c.end(true) // a reset of one end is one of the other
	}
	return n, err
}
