package auth

import (
	"net/http"
	"slices"

	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

// mtls checks the user's token at the gateway. Behind it a service knows by its certificate who calls, and believes whom it may call for.
type mtls struct{ *service }

func newMTLS(s *service) mtls {
	s.client = &http.Client{Timeout: s.client.Timeout, Transport: &http.Transport{DialTLSContext: s.auth.Dial(s.next), MaxIdleConnsPerHost: mostConns}}
	return mtls{s}
}

func (m mtls) admit(r *http.Request) (user string, err error) {
	if m.role == gateway {
		return userOf(r, m.users)
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || !slices.Contains(r.TLS.PeerCertificates[0].DNSNames, m.caller) {
		return "", identity.ErrRefused
	}
	return r.Header.Get("X-User"), nil
}

func (m mtls) pass(_, next *http.Request, user string) error {
	next.URL.Scheme = "https"
	next.Header.Set("X-User", user)
	return nil
}
