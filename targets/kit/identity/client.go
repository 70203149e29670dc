package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const longestAnswer = 64 << 10 // bytes

var errUncertified = errors.New("the provider has not certified this service yet")

// Client is a service that the provider knows, by a key that the service makes when it starts.
type Client struct {
	Key ed25519.PrivateKey // may sign tokens, whose issuer is the service

	name, url, secret string
	http              *http.Client
	known             atomic.Pointer[tls.Config] // nil until the provider knows the key
}

// NewClient makes the client of the service of that name. AUTH_URL is where the provider is, and SERVICE_TOKEN the secret of all services.
func NewClient(env kit.Environment, name string, through *http.Client) (*Client, error) {
	where, err := env.Require("AUTH_URL")
	secret, err2 := env.Require("SERVICE_TOKEN")
	_, key, err3 := ed25519.GenerateKey(nil)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	return &Client{Key: key, name: name, url: where, secret: secret, http: through}, nil
}

// Keys asks for the keys of who signs under that name.
func (c *Client) Keys(ctx context.Context, name string) (keys KeySet, err error) {
	err = c.ask(ctx, http.MethodGet, "/keys/"+name, nil, &keys)
	return keys, err
}

// Revoked asks for the ids of the tokens that are good no more, with the time when they would have ended by themselves.
func (c *Client) Revoked(ctx context.Context) (ids map[string]time.Time, err error) {
	err = c.ask(ctx, http.MethodGet, "/revoked", nil, &ids)
	return ids, err
}

// Introspect asks whose token it is (RFC 7662).
func (c *Client) Introspect(ctx context.Context, token string) (user string, err error) {
	var told introspection
	if err := c.ask(ctx, http.MethodPost, "/introspect", url.Values{"token": {token}}, &told); err != nil {
		return "", err
	}
	if !told.Active {
		return "", ErrRefused
	}
	return told.Subject, nil
}

// Enrol makes the service's key known: it is among the keys under the service's name then, and certified.
func (c *Client) Enrol(ctx context.Context) error {
	key := base64.RawURLEncoding.EncodeToString(c.Key.Public().(ed25519.PublicKey)) // it is the public half of an Ed25519 key
	var told enrolment
	if err := c.ask(ctx, http.MethodPost, "/services/"+c.name, url.Values{"key": {key}}, &told); err != nil {
		return err
	}
	known, err := mutual(c.Key, told)
	if err != nil {
		return err
	}
	c.known.Store(known)
	return nil
}

// Listen is how the service speaks TLS with who calls it. Callers show their certificates, or are let in as nobody in particular.
func (c *Client) Listen() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if known := c.known.Load(); known != nil {
				return known, nil
			}
			return nil, errUncertified
		},
	}
}

// Dial makes what opens connections to the service of that name, which has to show its certificate.
func (c *Client) Dial(name string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		known := c.known.Load()
		if known == nil {
			return nil, errUncertified
		}
		known = known.Clone()
		known.ServerName = name
		return (&tls.Dialer{Config: known}).DialContext(ctx, network, address)
	}
}

// ask calls the provider, which answers with JSON.
func (c *Client) ask(ctx context.Context, method, path string, form url.Values, told any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s was answered with %s", path, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer)) // to its end, so that the connection can be used again
	if err != nil {
		return fmt.Errorf("read the answer to %s: %w", path, err)
	}
	return json.Unmarshal(body, told)
}
