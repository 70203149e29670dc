package auth

import (
	"net/http"
	"slices"

	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

// mtls checks the user's token at the gateway. Behind it a service knows by its certificate who calls, and believes whom it may call for.
type mtls struct{ *service }

// mutual is how a service calls the next, which has to show its certificate as well.
func mutual(s *service) *http.Client {
	return &http.Client{Timeout: s.client.Timeout, Transport: &http.Transport{DialTLSContext: s.auth.Dial(s.next), MaxIdleConnsPerHost: 200}}
}

func (m mtls) admit(r *http.Request) (user string, err error) {
	if m.role == gateway {
		return m.users.User(r)
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

// passthrough checks the user's token in each service, and passes it on as introspect does.
type passthrough struct{ introspect }

func (p passthrough) admit(r *http.Request) (user string, err error) { return p.users.User(r) }
