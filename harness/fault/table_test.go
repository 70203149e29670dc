package fault

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// backend is a real server and its client.
type backend struct {
	name   string
	node   *site.Node
	client func(address string) client
}

func backends(t *testing.T) []backend {
	t.Helper()
	plain := httptest.NewServer(http.HandlerFunc(serveSizes))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.HandlerFunc(serveSizes))
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	postgres, certificate := startPostgres(t)
	verified := *postgres
	return []backend{
		{"redis", startRedis(t), newRedisClient},
		{"postgres", postgres, newPgxClient},
		{"postgres-verify-full", &verified, newVerifyingClient(certificate)},
		{"http", &site.Node{Kind: "command", Ready: "/small", Address: plain.Listener.Addr().String()}, func(a string) client { return newHTTPClient("http://"+a, nil) }},
		{"https", &site.Node{Kind: "command", Address: secure.Listener.Addr().String()}, func(a string) client { return newHTTPClient("https://"+a, roots) }},
	}
}

// caller is a client with a pooled connection, and others that have none yet.
type caller struct {
	pooled client
	fresh  func() client
}

// seenBy says what a caller sees of a fault in force.
type seenBy func(ctx context.Context, u caller) error

func small(ctx context.Context, c client) error { return c.small(ctx) }
func large(ctx context.Context, c client) error { return c.large(ctx) }

// took is how long a call takes.
func took(ctx context.Context, c client, call func(context.Context, client) error) (time.Duration, error) {
	start := time.Now()
	err := call(ctx, c)
	return time.Since(start), err
}

// between tells whether a call takes that long. The upper bound only tells the fault from a hang: the machine may be busy.
func between(ctx context.Context, c client, call func(context.Context, client) error, low, high time.Duration) error {
	d, err := took(ctx, c, call)
	if err == nil && (d < low*95/100 || d > high+2*time.Second) {
		err = fmt.Errorf("it took %v, want %v to %v", d, low, high)
	}
	return err
}

func slower(by time.Duration, call func(context.Context, client) error) seenBy {
	return func(ctx context.Context, u caller) error { return between(ctx, u.pooled, call, by, by) }
}

// soon tells whether a call is not held up: some of a few are quick.
func soon(ctx context.Context, c client, limit time.Duration) error {
	best := time.Hour
	for range 5 {
		d, err := took(ctx, c, small)
		if err != nil {
			return err
		}
		best = min(best, d)
	}
	if best > limit {
		return fmt.Errorf("what is not to be held up took %v", best)
	}
	return nil
}

func fails(ctx context.Context, c client, call func(context.Context, client) error, want func(error) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	if err := call(ctx, c); err == nil || !want(err) {
		return fmt.Errorf("got error %v", err)
	}
	return nil
}

func failing(want func(error) bool) seenBy {
	return func(ctx context.Context, u caller) error { return fails(ctx, u.pooled, small, want) }
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

func wasReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
func refused(err error) bool  { return errors.Is(err, syscall.ECONNREFUSED) }
func cutShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// sighting is a fault and what a client sees of it.
type sighting struct {
	name  string
	fault experiment.Fault
	seen  seenBy
	only  string // the one backend that it can be seen on
}

func sightings() []sighting {
	const ms = time.Millisecond
	return append(httpSightings(), []sighting{
		{name: "latency delays an answer", fault: experiment.Fault{Kind: "latency", Latency: 200 * ms}, seen: slower(200*ms, small)},
		{name: "latency with a jitter stays within it", fault: experiment.Fault{Kind: "latency", Latency: 100 * ms, Jitter: 40 * ms}, seen: func(ctx context.Context, u caller) error { return between(ctx, u.pooled, small, 60*ms, 140*ms) }},
		{name: "latency with a long tail is its least or more", fault: experiment.Fault{Kind: "latency", Latency: 60 * ms, Jitter: 30 * ms, Distribution: pareto}, seen: func(ctx context.Context, u caller) error { return between(ctx, u.pooled, small, 60*ms, 330*ms) }},
		{name: "latency with a ramp grows", fault: experiment.Fault{Kind: "latency", Latency: 300 * ms, Ramp: 600 * ms}, seen: func(ctx context.Context, u caller) error {
			if first, err := took(ctx, u.pooled, small); err != nil || first > 250*ms {
				return fmt.Errorf("at first it took %v, %w", first, err)
			}
			time.Sleep(600 * ms)
			return between(ctx, u.pooled, small, 300*ms, 300*ms)
		}},
		{name: "bandwidth holds up a large answer", fault: experiment.Fault{Kind: "bandwidth", Rate: 200_000}, seen: slower(largeBytes*time.Second/200_000, large)},
		{name: "timeout leaves a call without an answer", fault: experiment.Fault{Kind: "timeout"}, seen: failing(timedOut)},
		{name: "reset ends a call with a reset", fault: experiment.Fault{Kind: "reset"}, seen: failing(wasReset)},
		{name: "reset ends a new connection with a reset", fault: experiment.Fault{Kind: "reset"}, seen: func(ctx context.Context, u caller) error {
			return fails(ctx, u.fresh(), small, wasReset)
		}},
		{name: "down refuses a call, at the latest when its pooled connection is given up", fault: experiment.Fault{Kind: "down"}, seen: func(ctx context.Context, u caller) error {
			_ = u.pooled.small(ctx)
			return fails(ctx, u.pooled, small, refused)
		}},
		{name: "down refuses a new connection", fault: experiment.Fault{Kind: "down"}, seen: func(ctx context.Context, u caller) error {
			return fails(ctx, u.fresh(), small, refused)
		}},
		{name: "connect-blackhole lets a new connection hang and an open one live", fault: experiment.Fault{Kind: "connect-blackhole"}, seen: func(ctx context.Context, u caller) error {
			return errors.Join(soon(ctx, u.pooled, 100*ms), fails(ctx, u.fresh(), small, timedOut))
		}},
		{name: "connect-delay delays a new connection and not an open one", fault: experiment.Fault{Kind: "connect-delay", Delay: 200 * ms}, seen: func(ctx context.Context, u caller) error {
			return errors.Join(soon(ctx, u.pooled, 100*ms), between(ctx, u.fresh(), small, 200*ms, 200*ms))
		}},
		{name: "stall of all keeps every answer", fault: experiment.Fault{Kind: "stall", Share: 1, Delay: 150 * ms}, seen: slower(150*ms, small)},
		{name: "stall without a delay leaves a call without an answer", fault: experiment.Fault{Kind: "stall", Share: 1}, seen: failing(timedOut)},
		{name: "stall of some keeps some answers", fault: experiment.Fault{Kind: "stall", Share: 0.4, Delay: 100 * ms}, seen: func(ctx context.Context, u caller) error {
			kept := 0
			for range 20 {
				d, err := took(ctx, u.pooled, small)
				if err != nil {
					return err
				}
				if d >= 95*ms {
					kept++
				}
			}
			if kept < 2 || kept > 16 {
				return fmt.Errorf("%d of 20 answers were kept, want 8 or so", kept)
			}
			return nil
		}},
		{name: "slicer holds up an answer of many pieces", fault: experiment.Fault{Kind: "slicer", Bytes: 2000, Delay: 10 * ms}, seen: slower(largeBytes/2000*10*ms-20*ms, large)},
		{name: "loss lets some calls wait until a packet is sent again", fault: experiment.Fault{Kind: "loss", Share: 0.2}, seen: someWait},
		{name: "limit-data cuts a large answer short", fault: experiment.Fault{Kind: "limit-data", Bytes: 30_000}, seen: func(ctx context.Context, u caller) error {
			return errors.Join(u.pooled.small(ctx), fails(ctx, u.pooled, large, cutShort))
		}},
	}...)
}

func TestEveryKindOfLinkFaultReachesRealClients(t *testing.T) {
	for _, server := range backends(t) {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server.node)
			for _, row := range sightings() {
				if row.only != "" && row.only != server.name {
					continue
				}
				t.Run(row.name, func(t *testing.T) { sight(t, b, server, row) })
			}
		})
	}
}

// sight brings a fault into force, looks at it through a client, lifts it, and looks again.
func sight(t *testing.T, b *bench, server backend, row sighting) {
	newClient := func() client {
		c := server.client(b.link.Address)
		t.Cleanup(c.close)
		return c
	}
	c := newClient()
	if err := c.small(t.Context()); err != nil { // and so there is a pooled connection
		t.Fatalf("before the fault: %v", err)
	}
	f := b.fault(row.fault)
	b.apply(t, f)
	if err := row.seen(t.Context(), caller{c, newClient}); err != nil {
		t.Errorf("in force: %v", err)
	}
	if r := b.lift(t, f); len(r.Ladder) > 0 {
		t.Errorf("lifting took %v", r.Ladder)
	}
	// A call may yet find its pooled connection broken, once.
	if err := errors.Join(c.small(t.Context()), c.small(t.Context())); err != nil && c.small(t.Context()) != nil {
		t.Errorf("after the fault: %v", err)
	}
	best := time.Hour
	for range 5 { // the machine may be busy
		d, err := took(t.Context(), c, large)
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, d)
	}
	if best > 150*time.Millisecond {
		t.Errorf("after the fault a large answer took %v", best)
	}
	if err := newClient().small(t.Context()); err != nil {
		t.Errorf("after the fault a new connection: %v", err)
	}
}

// Whatever a link's peers do, a fault ends: within 3 s, and with an expiry that nobody helps.
func TestEveryLinkFaultEndsThoughAFloodOfConnectionsCrossesIt(t *testing.T) {
	for _, f := range everyLinkFault() {
		t.Run(f.Kind, func(t *testing.T) {
			b := newBench(t, &site.Node{Address: server(t, echo)})
			f := b.fault(f)
			b.apply(t, f)
			stop, over := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(over)
				var conns []net.Conn
				for {
					select {
					case <-stop:
						for _, conn := range conns {
							_ = conn.Close()
						}
						return
					default:
					}
					time.Sleep(time.Millisecond) // some hundred connections a second
					conn, err := net.DialTimeout("tcp", b.link.Address, 20*time.Millisecond)
					if err != nil {
						continue
					}
					_, _ = conn.Write([]byte("x"))
					if conns = append(conns, conn); len(conns) > 200 { // most of them never read
						_ = conns[0].Close()
						conns = conns[1:]
					}
				}
			}()
			time.Sleep(300 * time.Millisecond)
			start := time.Now()
			r := b.lift(t, f)
			if took := time.Since(start); took > 3*time.Second || len(r.Ladder) > 0 {
				t.Errorf("lifting took %v and %v", took, r.Ladder)
			}
			close(stop)
			<-over
			if d := roundTrip(t, dial(t, b.link.Address)); d > 500*time.Millisecond {
				t.Errorf("after the fault a new connection took %v", d)
			}
		})
	}
}

func everyLinkFault() []experiment.Fault {
	const ms = time.Millisecond
	return []experiment.Fault{
		{Kind: "latency", Latency: 300 * ms}, {Kind: "timeout"}, {Kind: "reset"}, {Kind: "down"}, {Kind: "bandwidth", Rate: 1000},
		{Kind: "connect-blackhole"}, {Kind: "connect-delay", Delay: time.Minute}, {Kind: "stall", Share: 1}, {Kind: "slicer", Bytes: 1, Delay: time.Second},
		{Kind: "limit-data", Bytes: 1}, {Kind: "slow-close", Delay: time.Minute}, {Kind: "loss", Share: 0.5},
		{Kind: "http-error", Status: 503}, {Kind: "http-abort"}, {Kind: "http-slow", Delay: time.Minute},
	}
}

func TestEveryLinkFaultEndsThoughItsUpstreamIsABlackHole(t *testing.T) {
	t.Parallel()
	hole := blackHole(t)
	for _, f := range everyLinkFault() {
		t.Run(f.Kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, &site.Node{Address: hole})
			waiting := dial(t, b.link.Address)
			_, _ = waiting.Write([]byte("x"))
			f := b.fault(f)
			expires := time.Now().Add(500 * time.Millisecond)
			if _, err := b.Apply(t.Context(), f, expires); err != nil {
				t.Fatal(err)
			}
			if f.Kind != connectBlackhole.Name {
				for range 10 { // a connection may be refused, or reset before the dial has returned
					if c, err := net.DialTimeout("tcp", b.link.Address, time.Second); err == nil {
						defer c.Close()
						_, _ = c.Write([]byte("x"))
					}
				}
			}
			select {
			case lost := <-b.Lost(): // nobody lifts it
				if late := lost.At.Sub(expires); late > 3*time.Second {
					t.Errorf("it ended %v after its expiry", late)
				}
			case <-time.After(4 * time.Second):
				t.Error("it did not end")
			}
			b.lift(t, f)
		})
	}
}

func TestTheTableOfClientsIsLarge(t *testing.T) {
	kinds := map[string]bool{}
	for _, row := range sightings() {
		kinds[row.fault.Kind] = true
	}
	for _, k := range Kinds {
		if k.On == OnLink && !kinds[k.Name] {
			t.Errorf("no client looks at %s", k.Name)
		}
	}
}
