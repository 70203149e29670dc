package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

const secret = "told-to-all-services"

// asked remembers nothing: it asks.
type asked func(context.Context) (KeySet, error)

func (a asked) Get(ctx context.Context) (KeySet, error)     { return a(ctx) }
func (a asked) Refresh(ctx context.Context) (KeySet, error) { return a(ctx) }

// provided starts a provider for the services shop and bank, and returns where it is.
func provided(t *testing.T) string {
	t.Helper()
	provider, err := NewProvider(kittest.Environment(kit.Fixed, map[string]string{"SERVICE_TOKEN": secret}), "auth", "shop", "bank")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, at, name string) *Client {
	t.Helper()
	c, err := NewClient(kittest.Environment(kit.Fixed, map[string]string{"AUTH_URL": at, "SERVICE_TOKEN": secret}), name, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func token(t *testing.T, c *Client, life string) string {
	t.Helper()
	var told struct{ Token string }
	if err := c.ask(t.Context(), http.MethodPost, "/tokens", url.Values{"user": {"ann"}, "for": {life}}, &told); err != nil {
		t.Fatal(err)
	}
	return told.Token
}

func revoke(t *testing.T, at, token string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/revoke", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
}

func verifier(c *Client, issuer, audience string) Verifier {
	return Verifier{Issuer: issuer, Audience: audience, Keys: asked(func(ctx context.Context) (KeySet, error) { return c.Keys(ctx, issuer) })}
}

func encoded(v any) string {
	text, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(text)
}

func TestATokenIsGoodUntilItEndsOrIsRevoked(t *testing.T) {
	t.Parallel()
	at := provided(t)
	c := client(t, at, "shop")
	good, ended := token(t, c, "1h"), token(t, c, "-1s")
	claims, err := verifier(c, "auth", "").Verify(t.Context(), good)
	if err != nil || claims.Subject != "ann" || claims.ID == "" || !claims.Ends.After(time.Now()) {
		t.Errorf("%+v, %v", claims, err)
	}
	if user, err := c.Introspect(t.Context(), good); user != "ann" || err != nil {
		t.Errorf("introspected: %q, %v", user, err)
	}
	if _, err := c.Introspect(t.Context(), ended); !errors.Is(err, ErrRefused) {
		t.Errorf("what has ended: %v", err)
	}
	revoke(t, at, good)
	revoke(t, at, ended) // there is nothing to take back
	if _, err := c.Introspect(t.Context(), good); !errors.Is(err, ErrRefused) {
		t.Errorf("what was revoked: %v", err)
	}
	if gone, err := c.Revoked(t.Context()); err != nil || len(gone) != 1 || gone[claims.ID].IsZero() {
		t.Errorf("revoked are %v, %v", gone, err)
	}
}

func TestWhatIsForgedIsRefused(t *testing.T) {
	t.Parallel()
	c := client(t, provided(t), "shop")
	if err := c.Enrol(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := token(t, c, "1h")
	keys, err := c.Keys(t.Context(), "auth")
	if err != nil || len(keys.Keys) != 1 {
		t.Fatalf("%+v, %v", keys, err)
	}
	kid, public := keys.Keys[0].KeyID, keys.Keys[0].Key.(ed25519.PublicKey)
	parts := strings.Split(good, ".")
	admin := encoded(map[string]any{"iss": "auth", "sub": "admin", "exp": time.Now().Add(time.Hour).Unix()})
	mixed := encoded(map[string]string{"alg": "HS256", "kid": kid}) + "." + admin
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(mixed))
	_, stranger, _ := ed25519.GenerateKey(nil)
	signed := func(key ed25519.PrivateKey, claims Claims) string {
		text, err := Sign(key, claims)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	endless := encoded(map[string]string{"alg": "EdDSA", "kid": keyID(c.Key.Public().(ed25519.PublicKey))}) + "." + encoded(map[string]string{"iss": "shop"})
	endless += "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(c.Key, []byte(endless)))
	disguised := encoded(map[string]string{"alg": "EdDSA", "kid": kid}) + "." + admin
	disguised += "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(stranger, []byte(disguised)))
	hour := time.Now().Add(time.Hour)
	for _, row := range []struct{ name, token, issuer, audience string }{
		{"nothing", "", "auth", ""},
		{"what is no token", "a.b.c", "auth", ""},
		{"no signature", encoded(map[string]string{"alg": "none", "kid": kid}) + "." + admin + ".", "auth", ""},
		{"a signature of something else", parts[0] + "." + admin + "." + parts[2], "auth", ""},
		{"the public key as a secret", mixed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), "auth", ""},
		{"a stranger's key", signed(stranger, Claims{Issuer: "auth", Ends: hour}), "auth", ""},
		{"a stranger's key under a known name", disguised, "auth", ""},
		{"a service's key for the provider's", signed(c.Key, Claims{Issuer: "auth", Ends: hour}), "auth", ""},
		{"another issuer", signed(c.Key, Claims{Issuer: "bank", Ends: hour}), "shop", ""},
		{"another audience", signed(c.Key, Claims{Issuer: "shop", Audience: []string{"bank"}, Ends: hour}), "shop", "shop"},
		{"no audience", signed(c.Key, Claims{Issuer: "shop", Ends: hour}), "shop", "shop"},
		{"a token that has ended", signed(c.Key, Claims{Issuer: "shop", Ends: time.Now().Add(-2 * time.Second)}), "shop", ""},
		{"a token without an end", endless, "shop", ""},
	} {
		if claims, err := verifier(c, row.issuer, row.audience).Verify(t.Context(), row.token); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", row.name, claims, err)
		}
	}
	if claims, err := verifier(c, "shop", "bank").Verify(t.Context(), signed(c.Key, Claims{Issuer: "shop", Subject: "ann", Audience: []string{"inn", "bank"}, Ends: hour})); err != nil || claims.Subject != "ann" {
		t.Errorf("a service's token for another: %+v, %v", claims, err)
	}
}

// TestAKeyThatIsNewIsAskedFor: the set that is there first is of a time before the service made its key known.
func TestAKeyThatIsNewIsAskedFor(t *testing.T) {
	t.Parallel()
	c := client(t, provided(t), "shop")
	v := Verifier{Issuer: "shop", Keys: late{c}}
	token, err := Sign(c.Key, Claims{Issuer: "shop", Subject: "ann", Ends: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, ErrRefused) {
		t.Errorf("before it is known: %v", err)
	}
	if err := c.Enrol(t.Context()); err != nil {
		t.Fatal(err)
	}
	if claims, err := v.Verify(t.Context(), token); err != nil || claims.Subject != "ann" {
		t.Errorf("afterwards: %+v, %v", claims, err)
	}
}

type late struct{ *Client }

func (late) Get(context.Context) (KeySet, error)           { return KeySet{}, nil }
func (l late) Refresh(ctx context.Context) (KeySet, error) { return l.Keys(ctx, "shop") }

func TestWithoutKeysNobodyIsRefusedForGood(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	v := Verifier{Issuer: "auth", Keys: asked(func(context.Context) (KeySet, error) { return KeySet{}, away })}
	if _, err := v.Verify(t.Context(), "a.b.c"); !errors.Is(err, away) || errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestWhatWasRevokedIsRefusedAndWithoutTheListNobodyIs(t *testing.T) {
	t.Parallel()
	at := provided(t)
	c := client(t, at, "shop")
	v := verifier(c, "auth", "")
	v.Revoked = list(c.Revoked)
	good, gone := token(t, c, "1h"), token(t, c, "1h")
	revoke(t, at, gone)
	if _, err := v.Verify(t.Context(), gone); !errors.Is(err, ErrRefused) {
		t.Errorf("what was revoked: %v", err)
	}
	if claims, err := v.Verify(t.Context(), good); err != nil || claims.Subject != "ann" {
		t.Errorf("another: %+v, %v", claims, err)
	}
	away := errors.New("away")
	v.Revoked = list(func(context.Context) (map[string]time.Time, error) { return nil, away })
	if _, err := v.Verify(t.Context(), good); !errors.Is(err, away) {
		t.Errorf("without the list: %v", err)
	}
}

type list func(context.Context) (map[string]time.Time, error)

func (l list) Get(ctx context.Context) (map[string]time.Time, error)     { return l(ctx) }
func (l list) Refresh(ctx context.Context) (map[string]time.Time, error) { return l(ctx) }

func TestOnlyServicesAreTold(t *testing.T) {
	t.Parallel()
	at := provided(t)
	for _, row := range []struct {
		method, path, bearer string
		want                 int
	}{
		{"GET", "/keys/auth", "", 200},
		{"GET", "/revoked", "", 401},
		{"GET", "/revoked", "guessed", 401},
		{"GET", "/revoked", secret, 200},
		{"POST", "/tokens", "", 401},
		{"POST", "/tokens", secret, 400}, // the form is empty
		{"POST", "/revoke", "", 401},
		{"POST", "/introspect", "", 401},
		{"POST", "/services/shop", "", 401},
		{"POST", "/services/shop", secret, 400},
		{"POST", "/services/auth", secret, 400}, // nobody signs for the provider
	} {
		request, _ := http.NewRequestWithContext(t.Context(), row.method, at+row.path, nil)
		request.Header.Set("Authorization", "Bearer "+row.bearer)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != row.want {
			t.Errorf("%s %s with %q: %d, want %d", row.method, row.path, row.bearer, response.StatusCode, row.want)
		}
	}
}

func TestServicesKnowOneAnotherByTheirCertificates(t *testing.T) {
	t.Parallel()
	at := provided(t)
	shop, bank := client(t, at, "shop"), client(t, at, "bank")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.VerifiedChains) == 0 {
			fmt.Fprint(w, "nobody")
			return
		}
		fmt.Fprint(w, r.TLS.PeerCertificates[0].DNSNames)
	}))
	server.TLS = bank.Listen()
	server.StartTLS()
	defer server.Close()
	get := func(transport *http.Transport) string {
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err != nil {
			return "failed"
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	call := func(name string) string { return get(&http.Transport{DialTLSContext: shop.Dial(name)}) }
	if got := call("bank"); got != "failed" {
		t.Errorf("before anybody is certified: %s", got)
	}
	for _, c := range []*Client{shop, bank} {
		if err := c.Enrol(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := call("bank"); got != "[shop]" {
		t.Errorf("bank was called by %s", got)
	}
	if got := call("inn"); got != "failed" {
		t.Errorf("bank was taken for the inn, and called by %s", got)
	}
	if got := get(&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}); got != "nobody" {
		t.Errorf("without a certificate it was called by %s", got)
	}
	other := client(t, provided(t), "shop") // of another provider
	if err := other.Enrol(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(&http.Transport{DialTLSContext: other.Dial("bank")}); got != "failed" {
		t.Errorf("a shop of another root was taken for %s", got)
	}
}
