package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// client is a real client of a real server. Its calls use a pooled connection where it has one that works.
type client interface {
	small(ctx context.Context) error
	// large has about 50 KB come back.
	large(ctx context.Context) error
	close()
}

const largeBytes = 50_000

type redisClient struct{ c *redis.Client }

func newRedisClient(address string) client {
	return redisClient{redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1, DialTimeout: time.Second, DialerRetries: 1, PoolSize: 5, ContextTimeoutEnabled: true, Protocol: 2, DisableIdentity: true})}
}
func (r redisClient) small(ctx context.Context) error { return r.c.Ping(ctx).Err() }
func (r redisClient) large(ctx context.Context) error {
	return r.c.Echo(ctx, strings.Repeat("x", largeBytes)).Err()
}
func (r redisClient) close() { _ = r.c.Close() }

// pgxClient keeps one connection and opens another when that is broken.
type pgxClient struct {
	url string
	c   *pgx.Conn
}

func newPgxClient(address string) client {
	return &pgxClient{url: fmt.Sprintf("postgres://brunt@%s/postgres?sslmode=disable&connect_timeout=2", address)}
}

func (p *pgxClient) query(ctx context.Context, sql string) error {
	if p.c == nil || p.c.IsClosed() {
		c, err := pgx.Connect(ctx, p.url)
		if err != nil {
			return err
		}
		p.c = c
	}
	_, err := p.c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}
func (p *pgxClient) small(ctx context.Context) error { return p.query(ctx, "select 1") }
func (p *pgxClient) large(ctx context.Context) error {
	return p.query(ctx, fmt.Sprintf("select repeat('x', %d)", largeBytes))
}
func (p *pgxClient) close() {
	if p.c != nil {
		_ = p.c.Close(context.Background())
	}
}

type httpClient struct {
	url string
	c   *http.Client
}

func newHTTPClient(url string, roots *x509.CertPool) client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
	return httpClient{url, &http.Client{Transport: transport}}
}
func (h httpClient) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := h.c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
func (h httpClient) small(ctx context.Context) error { return h.get(ctx, "/small") }
func (h httpClient) large(ctx context.Context) error { return h.get(ctx, "/large") }
func (h httpClient) close()                          { h.c.CloseIdleConnections() }

func serveSizes(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/large" {
		_, _ = io.WriteString(w, strings.Repeat("x", largeBytes))
		return
	}
	_, _ = io.WriteString(w, "ok")
}

// seenBy says what a client sees of a fault in force.
type seenBy func(ctx context.Context, c client) error

func slower(by time.Duration, call func(client, context.Context) error) seenBy {
	return func(ctx context.Context, c client) error {
		start := time.Now()
		if err := call(c, ctx); err != nil {
			return err
		}
		// The upper bound only tells the fault from a hang: the machine may be busy.
		if took := time.Since(start); took < by*95/100 || took > by+2*time.Second {
			return fmt.Errorf("it took %v, want %v more than nothing", took, by)
		}
		return nil
	}
}

func failing(want func(error) bool) seenBy {
	return func(ctx context.Context, c client) error {
		ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
		defer cancel()
		if err := c.small(ctx); err == nil || !want(err) {
			return fmt.Errorf("got error %v", err)
		}
		return nil
	}
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// sighting is a fault and what a client sees of it.
type sighting struct {
	name  string
	fault experiment.Fault
	seen  seenBy
}

func sightings() []sighting {
	return []sighting{
		{"latency delays an answer", experiment.Fault{Kind: "latency", Latency: 200 * time.Millisecond},
			slower(200*time.Millisecond, func(c client, ctx context.Context) error { return c.small(ctx) })},
		{"bandwidth holds up a large answer", experiment.Fault{Kind: "bandwidth", Rate: 100_000},
			slower(largeBytes*time.Second/100_000, func(c client, ctx context.Context) error { return c.large(ctx) })},
		{"timeout leaves a call without an answer", experiment.Fault{Kind: "timeout"}, failing(timedOut)},
		{"reset ends a call with a reset", experiment.Fault{Kind: "reset"},
			failing(func(err error) bool { return errors.Is(err, syscall.ECONNRESET) })},
		{"down refuses a call, at the latest when its pooled connection is given up", experiment.Fault{Kind: "down"},
			func(ctx context.Context, c client) error {
				_ = c.small(ctx)
				return failing(func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })(ctx, c)
			}},
	}
}

func TestEveryKindOfLinkFaultReachesRealClients(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(serveSizes))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.HandlerFunc(serveSizes))
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	for _, server := range []struct {
		name   string
		node   *site.Node
		client func(address string) client
	}{
		{"redis", startRedis(t), newRedisClient},
		{"postgres", startPostgres(t), newPgxClient},
		{"http", &site.Node{Kind: "command", Ready: "/small", Address: plain.Listener.Addr().String()}, func(a string) client { return newHTTPClient("http://"+a, nil) }},
		{"https", &site.Node{Kind: "command", Address: secure.Listener.Addr().String()}, func(a string) client { return newHTTPClient("https://"+a, roots) }},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server.node)
			for _, row := range sightings() {
				t.Run(row.name, func(t *testing.T) {
					c := server.client(b.link.Address)
					defer c.close()
					if err := c.small(t.Context()); err != nil { // and so there is a pooled connection
						t.Fatalf("before the fault: %v", err)
					}
					f := b.fault(row.fault)
					b.apply(t, f)
					if err := row.seen(t.Context(), c); err != nil {
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
						start := time.Now()
						if err := c.large(t.Context()); err != nil {
							t.Fatal(err)
						}
						best = min(best, time.Since(start))
					}
					if best > 150*time.Millisecond {
						t.Errorf("after the fault a large answer took %v", best)
					}
				})
			}
		})
	}
}
