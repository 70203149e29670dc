package fault

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

const (
	probeTime   = 2 * time.Second // when the context has no earlier end
	echoLeast   = 64              // bytes
	echoMost    = 256 << 10       // bytes
	echoSeconds = 0.05            // of a bandwidth limit, each way
)

// Protocol is the language a probe speaks.
type Protocol string

// The protocols of probes.
const (
	ProtocolRedis    Protocol = "redis"    // an inline PING; any answer counts, also that a password is needed
	ProtocolPostgres Protocol = "postgres" // the request for TLS, answered by one byte before any password
	ProtocolHTTP     Protocol = "http"     // HEAD of the path that tells readiness; any status counts
	ProtocolEcho     Protocol = "echo"     // through the link to the proxy child's own echo: the link without the upstream
	ProtocolTCP      Protocol = "tcp"      // connect alone; connected counts as answered
	ProtocolLimit    Protocol = "limit"    // no connection: the counters of a node's limit
	ProtocolHold     Protocol = "hold"     // a query that tells whether a transaction is open
)

// ProbeResult is what one probe saw, on a connection of its own.
type ProbeResult struct {
	At        time.Time // when it began to connect
	Took      time.Duration
	Protocol  Protocol
	Connected bool
	Answered  bool
	RoundTrip time.Duration // from sending to the answer; connecting is not part of it; 0 unless answered
	Status    int           // of an HTTP answer
	// Sent and Resent are, of an echo under a loss, the packets that it sent and those that it sent again.
	Sent, Resent int
	// Held is, of limit, the share of the time since the look before in which the limit held the node up; of hold 1 when
	// the transaction was open.
	Held float64
	Err  string // why it was not answered
}

// Probe crosses a link once in the language of the node at its end, on a fresh connection that is not counted among the
// link's. It gives up when ctx ends, at the latest after two seconds. What went wrong on the way is part of the result;
// the error says that the link is not part of the site.
func (i *Injector) Probe(ctx context.Context, link site.Link) (ProbeResult, error) {
	node := i.site.Node(link.To)
	if node == nil {
		return ProbeResult{}, fmt.Errorf("probe link %s: no node %s", link.Name(), link.To)
	}
	p := probe{protocol: protocolOf(node), address: link.Address, path: node.Ready, bytes: echoLeast}
	if p.protocol == ProtocolTCP && link.Proxied {
		p.protocol = ProtocolEcho
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return p.run(ctx), nil
}

// protocolOf is the language that a node understands for certain.
func protocolOf(n *site.Node) Protocol {
	switch {
	case n.Kind == "redis":
		return ProtocolRedis
	case n.Kind == "postgres":
		return ProtocolPostgres
	case n.Ready != "":
		return ProtocolHTTP
	}
	return ProtocolTCP
}

// probeFor is the probe that can see a fault: through the link it acts on, or to the node itself.
func (i *Injector) probeFor(k Kind, f experiment.Fault) (probe, error) {
	if k.On == OnNode {
		n := i.site.Node(f.Node)
		if n == nil {
			return probe{}, fmt.Errorf("no node %s", f.Node)
		}
		if f.Hold > 0 && i.Commander != nil {
			return probe{protocol: ProtocolHold, look: holding(i.Commander, n, f)}, nil
		}
		if f.CPUs > 0 || f.Memory > 0 {
			l, err := site.As[site.Limiter](n)
			if err != nil {
				return probe{}, err
			}
			r, _ := limitOf(f)
			return probe{protocol: ProtocolLimit, look: heldUp(l, r)}, nil
		}
		return probe{protocol: protocolOf(n), address: n.Address, path: n.Ready}, nil
	}
	link, ok := i.site.Link(f.Link)
	if !ok {
		return probe{}, fmt.Errorf("no link %s", f.Link)
	}
	if slices.Contains(echoed(), k.Name) {
		return echoProbe(link, f), nil
	}
	n := i.site.Node(link.To)
	if n != nil && strings.HasPrefix(k.Name, "http-") {
		return probe{protocol: ProtocolHTTP, address: link.Address, path: cmp.Or(n.Ready, "/"), body: k.Name == "http-slow"}, nil
	}
	if n == nil || protocolOf(n) == ProtocolTCP {
		return echoProbe(link, f), nil
	}
	return probe{protocol: protocolOf(n), address: link.Address, path: n.Ready}, nil
}

func echoProbe(link site.Link, f experiment.Fault) probe {
	p := probe{protocol: ProtocolEcho, address: link.Address, bytes: echoBytes(f), closes: f.Kind == "slow-close"}
	if f.Kind == loss.Name {
		p.rounds = lossRounds(f)
	}
	return p
}

// echoed are the kinds of faults that only an echo can see: no other probe is large enough, or can tell an end.
func echoed() []string { return []string{"bandwidth", "slicer", "limit-data", "slow-close", "loss"} }

// echoBytes is how large an echo has to be for a fault to act on it.
func echoBytes(f experiment.Fault) int {
	switch f.Kind {
	case "bandwidth":
		return min(max(int(float64(f.Rate)*echoSeconds), echoLeast), echoMost)
	case "slicer":
		return int(min(1+int64(slicedTime/f.Delay), echoMost/f.Bytes)*f.Bytes) + 1
	case "limit-data":
		return int(f.Bytes) + echoLeast
	}
	return echoLeast
}

// probe is one way to look at a link or node.
type probe struct {
	protocol Protocol
	address  string
	path     string                                             // http
	bytes    int                                                // echo
	rounds   int                                                // echo under a loss: how often it goes back and forth; 0: once
	closes   bool                                               // echo: it closes its side, and the end of the other is its answer
	body     bool                                               // http: it gets a body, and the end of that is its answer
	look     func(ctx context.Context, seen *ProbeResult) error // limit, hold
}

// run gives up when ctx ends: after probeTime where it has no end. A fault may add more than that to a round trip.
func (p probe) run(ctx context.Context) ProbeResult {
	if _, ends := ctx.Deadline(); !ends {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, probeTime)
		defer cancel()
	}
	r := ProbeResult{At: time.Now(), Protocol: p.protocol}
	err := p.cross(ctx, &r)
	r.Took = time.Since(r.At)
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

func (p probe) cross(ctx context.Context, r *ProbeResult) error {
	if p.look != nil {
		return p.look(ctx, r)
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	r.Connected = true
	if p.protocol == ProtocolTCP {
		r.Answered = true
		return nil
	}
	sent := time.Now()
	err = p.converse(conn, r)
	if p.rounds > 0 {
		r.Sent, r.Resent = packetsOf(conn)
	}
	if err != nil {
		return err
	}
	r.Answered, r.RoundTrip = true, time.Since(sent)
	return nil
}

// dial comes from an address by which the proxy child knows a probe. Where the system has no such address (macOS) the
// probe is counted like any other connection, and an echo is not possible.
func (p probe) dial(ctx context.Context) (net.Conn, error) {
	from := probeReal
	if p.protocol == ProtocolEcho {
		from = probeEcho
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	conn, err := d.DialContext(ctx, "tcp", p.address)
	if errors.Is(err, syscall.EADDRNOTAVAIL) && p.protocol != ProtocolEcho {
		d.LocalAddr = nil
		return d.DialContext(ctx, "tcp", p.address)
	}
	return conn, err
}

func (p probe) converse(conn net.Conn, r *ProbeResult) error {
	switch p.protocol {
	case ProtocolRedis:
		_, err := exchangeLine(conn, "PING\r\n")
		return err
	case ProtocolPostgres:
		// SSLRequest of the PostgreSQL frontend/backend protocol: its length 8 and the code 80877103.
		if _, err := conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, 1))
		return err
	case ProtocolHTTP:
		return p.get(conn, r)
	case ProtocolEcho:
		for range p.rounds - 1 {
			if err := p.echo(conn); err != nil {
				return err
			}
		}
		return p.echo(conn)
	}
	return fmt.Errorf("no probe speaks %q", p.protocol)
}

func (p probe) echo(conn net.Conn) error {
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(make([]byte, p.bytes))
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil && p.closes {
			err = tcp.CloseWrite()
		}
		sent <- err
	}()
	_, err := io.CopyN(io.Discard, conn, int64(p.bytes))
	if err == nil && p.closes {
		_, err = io.Copy(io.Discard, conn)
	}
	if err != nil {
		_ = conn.SetDeadline(time.Unix(1, 0)) // the writer may still wait
	}
	return errors.Join(err, <-sent)
}

// packetsOf says what a connection has sent, and how much of it again.
func packetsOf(conn net.Conn) (sent, resent int) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return 0, 0
	}
	socket, err := tcp.SyscallConn()
	if err != nil {
		return 0, 0
	}
	return sentAgain(socket)
}

func (p probe) get(conn net.Conn, r *ProbeResult) error {
	method := "HEAD "
	if p.body {
		method = "GET "
	}
	line, err := exchangeLine(conn, method+p.path+" HTTP/1.1\r\nHost: "+p.address+"\r\nUser-Agent: brunt-probe\r\nConnection: close\r\n\r\n")
	if err != nil {
		return err
	}
	if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(line, "HTTP/") {
		r.Status, _ = strconv.Atoi(words[1]) // 0: none
	}
	if p.body {
		_, err = io.Copy(io.Discard, conn)
	}
	return err
}

func exchangeLine(conn net.Conn, text string) (line string, err error) {
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	raw, err := bufio.NewReader(conn).ReadSlice('\n')
	return string(raw), err
}
