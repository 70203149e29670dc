package native

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// No request is sent twice, whatever became of it; net/http's and fasthttp's clients repeat a GET whose connection broke.
func TestNoRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if hits.Add(1)%2 == 0 { // on a connection that was used before
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
			return
		}
		ok(w, r)
	})
	got := play{options: `{"rate": 40, "duration": "1s", "maxVUs": 1}`, spec: get(s.URL)}.run(t, t.Context())
	if a := got.account(); a.served != 20 || a.failed != 20 || hits.Load() != 40 {
		t.Errorf("%+v, %d arrived; want 20 served, 20 failed and 40", a, hits.Load())
	}
}

// A connection that the target closed while it was idle fails no request.
func TestAnIdleConnectionThatWasClosedIsReplaced(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		secure bool
		http2  bool
	}{{"HTTP/1.1", false, false}, {"TLS", true, false}, {"HTTP/2", true, true}} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
		s.Config.IdleTimeout = 20 * time.Millisecond
		s.EnableHTTP2 = row.http2
		if row.secure {
			s.StartTLS()
		} else {
			s.Start()
		}
		t.Cleanup(s.Close)
		spec := get(s.URL)
		spec.HTTP.Insecure = true
		if row.http2 {
			spec.HTTP.Version = "2"
		}
		got := play{options: `{"rate": 8, "duration": "1s", "maxVUs": 1}`, spec: spec}.run(t, t.Context())
		connected := 0
		for _, x := range got.done {
			if x.Connecting > 0 {
				connected++
			}
		}
		if a := got.account(); a.served != 8 || connected != 8 {
			t.Errorf("%s: %+v, connected %d times; want 8 and 8", row.name, a, connected)
		}
	}
}

func TestKeepAliveCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Close {
			open.Add(1)
		}
		ok(w, r)
	})
	spec := get(s.URL)
	spec.HTTP.NoKeepAlive = true
	got := play{options: brief, spec: spec}.run(t, t.Context())
	for _, x := range got.done {
		if x.Connecting <= 0 {
			t.Error("a connection was used again")
		}
	}
	if a := got.account(); a.served != 40 || open.Load() != 40 {
		t.Errorf("%+v, %d asked to close", a, open.Load())
	}
}

func TestACertificateCanBeTrusted(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	spec := get(s.URL)
	spec.HTTP.CA = file
	got := play{options: brief, spec: spec}.run(t, t.Context())
	if a := got.account(); a.served != 40 {
		t.Errorf("%+v: %v", a, got.done[0].Form.Request.Map())
	}
	handshakes := 0
	for _, x := range got.done {
		if x.TLSHandshaking > 0 {
			handshakes++
		}
	}
	if handshakes == 0 || handshakes == 40 {
		t.Errorf("%d handshakes", handshakes)
	}
	if versionName(tls.VersionTLS12) != "tls1.2" {
		t.Error("k6 calls it tls1.2")
	}
}
