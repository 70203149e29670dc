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
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
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
	at  string // the IP address of the host that url names; empty: it is one
	c   *pgx.Conn
}

func newPgxClient(address string) client {
	return &pgxClient{url: fmt.Sprintf("postgres://brunt@%s/postgres?sslmode=disable&connect_timeout=2", address)}
}

// newVerifyingClient finds the server under its own name at the link's address, and wants its certificate to be of that name.
func newVerifyingClient(roots string) func(address string) client {
	return func(address string) client {
		host, port, _ := net.SplitHostPort(address)
		return &pgxClient{at: host, url: fmt.Sprintf("postgres://brunt@%s:%s/postgres?sslmode=verify-full&sslrootcert=%s&connect_timeout=2", postgresName, port, roots)}
	}
}

func (p *pgxClient) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(p.url)
	if err != nil {
		return nil, err
	}
	if p.at != "" {
		config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{p.at}, nil }
	}
	return pgx.ConnectConfig(ctx, config)
}

func (p *pgxClient) query(ctx context.Context, sql string) error {
	if p.c == nil || p.c.IsClosed() {
		c, err := p.connect(ctx)
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
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
func (h httpClient) small(ctx context.Context) error { return h.get(ctx, "/small") }
func (h httpClient) large(ctx context.Context) error { return h.get(ctx, "/large") }

// end reads an answer that only the end of its connection ends.
func (h httpClient) end(ctx context.Context) error { return h.get(ctx, "/end") }
func (h httpClient) close()                        { h.c.CloseIdleConnections() }

func serveSizes(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/large":
		_, _ = io.WriteString(w, strings.Repeat("x", largeBytes))
		return
	case "/end":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok")
			_ = conn.Close()
		}
		return
	}
	_, _ = io.WriteString(w, "ok")
}
