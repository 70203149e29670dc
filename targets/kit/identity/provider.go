package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const keysKept = 8 // of a service: when it starts again it has another

type introspection struct {
	Active  bool   `json:"active"`
	Subject string `json:"sub,omitempty"`
}

type enrolment struct {
	Certificate []byte `json:"certificate"`
	Root        []byte `json:"root"`
}

// provider keeps all that it knows in memory.
type provider struct {
	name, secret string
	services     []string
	key          ed25519.PrivateKey
	root         *root

	mu      sync.Mutex
	keys    map[string]KeySet    // by who signs with them
	revoked map[string]time.Time // tokens, and when they would have ended by themselves
}

// NewProvider makes a provider of that name, which signs its tokens under it, for these services.
func NewProvider(env kit.Environment, name string, services ...string) (http.Handler, error) {
	secret, err := env.Require("SERVICE_TOKEN")
	public, key, err2 := ed25519.GenerateKey(nil)
	root, err3 := newRoot()
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	p := &provider{name: name, secret: secret, services: services, key: key, root: root, keys: map[string]KeySet{}, revoked: map[string]time.Time{}}
	p.publish(name, public)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys/{name}", func(w http.ResponseWriter, r *http.Request) { tell(w, p.keysOf(r.PathValue("name"))) })
	mux.Handle("GET /revoked", p.trusted(p.list))
	mux.Handle("POST /tokens", p.trusted(p.token))
	mux.Handle("POST /revoke", p.trusted(p.revoke))
	mux.Handle("POST /introspect", p.trusted(p.introspect))
	mux.Handle("POST /services/{name}", p.trusted(p.enrol))
	return mux, nil
}

// trusted lets in who knows the secret.
func (p *provider) trusted(next http.HandlerFunc) http.Handler {
	want := []byte(p.secret)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(Bearer(r)), want) != 1 {
			http.Error(w, ErrRefused.Error(), http.StatusUnauthorized)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, longestAnswer)
		next(w, r)
	})
}

func (p *provider) publish(name string, key ed25519.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := append(slices.Clone(p.keys[name].Keys), publicKey(key)) // whoever reads the old ones goes on
	p.keys[name] = KeySet{Keys: keys[max(0, len(keys)-keysKept):]}
}

func (p *provider) keysOf(name string) KeySet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[name]
}

// token makes a token of a user. That it is the user who asks was settled before.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("user")
	life, err := time.ParseDuration(r.PostFormValue("for"))
	if err != nil || user == "" {
		http.Error(w, "the form has a user, and for how long", http.StatusBadRequest)
		return
	}
	token, err := Sign(p.key, Claims{Issuer: p.name, Subject: user, ID: rand.Text(), Ends: time.Now().Add(life)})
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	tell(w, map[string]string{"token": token})
}

func (p *provider) introspect(w http.ResponseWriter, r *http.Request) {
	claims, err := verify(r.PostFormValue("token"), p.keysOf(p.name), p.name, "")
	p.mu.Lock()
	_, revoked := p.revoked[claims.ID]
	p.mu.Unlock()
	if err != nil || revoked {
		tell(w, introspection{})
		return
	}
	tell(w, introspection{Active: true, Subject: claims.Subject})
}

// revoke takes a token back. Where it is not good there is nothing to take back, which is no failure (RFC 7009).
func (p *provider) revoke(_ http.ResponseWriter, r *http.Request) {
	claims, err := verify(r.PostFormValue("token"), p.keysOf(p.name), p.name, "")
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked[claims.ID] = claims.Ends
}

func (p *provider) list(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	maps.DeleteFunc(p.revoked, func(_ string, ends time.Time) bool { return ends.Before(time.Now()) })
	revoked := maps.Clone(p.revoked)
	p.mu.Unlock()
	tell(w, revoked)
}

// enrol certifies a service's key, and publishes it.
func (p *provider) enrol(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	key, err := base64.RawURLEncoding.DecodeString(r.PostFormValue("key"))
	if err != nil || len(key) != ed25519.PublicKeySize || !slices.Contains(p.services, name) {
		http.Error(w, "this is no key of a service", http.StatusBadRequest)
		return
	}
	certificate, err := p.root.certify(name, key)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	p.publish(name, key)
	tell(w, enrolment{Certificate: certificate, Root: p.root.certificate.Raw})
}

func tell(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // a client that left is no concern of ours
}
