package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// KeySet are the public keys that tokens are verified by; its JSON is a JWKS (RFC 7517).
type KeySet = jose.JSONWebKeySet

// ErrRefused says that a token is not good. Any other error leaves that open.
var ErrRefused = errors.New("who asks is not known, or not allowed to")

// Claims are what a token says: who is meant, and of a token of the provider its own id.
type Claims struct {
	Issuer, Subject, ID string
	Audience            []string // empty: anybody
	Ends                time.Time
}

// Memory is what a service knows of something that the provider knows.
type Memory[T any] interface {
	Get(ctx context.Context) (T, error)
	// Refresh is for who missed something in what Get returned.
	Refresh(ctx context.Context) (T, error)
}

// Verifier tells what tokens say. How they are signed is not for them to choose: it is by EdDSA.
type Verifier struct {
	Issuer, Audience string // an audience of "" takes tokens for anybody
	Keys             Memory[KeySet]
	Revoked          Memory[map[string]time.Time] // as Client.Revoked tells; nil: none ever is
}

// Verify is what a token says, or ErrRefused. The key that it names may be newer than what is known here; where it is not among the keys
// that can be had, the token is refused.
func (v Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	keys, err := v.Keys.Get(ctx)
	if err != nil {
		return Claims{}, err
	}
	claims, err := verify(token, keys, v.Issuer, v.Audience)
	if errors.Is(err, jose.ErrJWKSKidNotFound) {
		if keys, err = v.Keys.Refresh(ctx); err != nil {
			return Claims{}, err
		}
		claims, err = verify(token, keys, v.Issuer, v.Audience)
	}
	if err != nil {
		return Claims{}, ErrRefused
	}
	if v.Revoked == nil {
		return claims, nil
	}
	revoked, err := v.Revoked.Get(ctx)
	if _, gone := revoked[claims.ID]; gone {
		return Claims{}, ErrRefused
	}
	return claims, err
}

// User is whose token a request bears.
func (v Verifier) User(r *http.Request) (string, error) {
	claims, err := v.Verify(r.Context(), Bearer(r))
	return claims.Subject, err
}

// Refuse answers a request of which nobody can tell who asks, for the reason that Verify gave.
func Refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrRefused) {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	http.Error(w, "nobody can tell who asks", http.StatusServiceUnavailable)
}

// Bearer is the token that a request bears.
func Bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func verify(token string, keys KeySet, issuer, audience string) (Claims, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return Claims{}, err
	}
	var claims jwt.Claims
	if err := parsed.Claims(keys, &claims); err != nil {
		return Claims{}, err
	}
	want := jwt.Expected{Issuer: issuer}
	if audience != "" {
		want.AnyAudience = jwt.Audience{audience}
	}
	if claims.Expiry == nil {
		return Claims{}, jwt.ErrExpired
	}
	said := Claims{claims.Issuer, claims.Subject, claims.ID, claims.Audience, claims.Expiry.Time()}
	return said, claims.ValidateWithLeeway(want, 0)
}

// Sign makes a token (a JWT), by EdDSA.
func Sign(key ed25519.PrivateKey, c Claims) (string, error) {
	named := jose.JSONWebKey{Key: key, KeyID: keyID(key.Public().(ed25519.PublicKey))} // it is the public half of an Ed25519 key
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: named}, nil)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: c.Issuer, Subject: c.Subject, ID: c.ID, Audience: c.Audience,
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(c.Ends),
	}).Serialize()
}

func publicKey(key ed25519.PublicKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: keyID(key), Algorithm: string(jose.EdDSA), Use: "sig"}
}

// keyID follows from the key, so that no two have the same.
func keyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}
