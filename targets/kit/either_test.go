package kit

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOneAddressSpeaksTLSWithThoseWhoBeginWithIt: a client that says nothing keeps nobody else from being served.
func TestOneAddressSpeaksTLSWithThoseWhoBeginWithIt(t *testing.T) {
	t.Parallel()
	donor := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer donor.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := speakEither(plain, &tls.Config{Certificates: donor.TLS.Certificates, MinVersion: tls.VersionTLS13})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			_, _ = io.WriteString(w, "secret ")
		}
		_, _ = io.Copy(w, r.Body)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	silent, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := donor.Client()
	for _, row := range []struct{ scheme, want string }{{"http", "hello"}, {"https", "secret hello"}, {"http", "hello"}} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, row.scheme+"://"+plain.Addr().String(), io.NopCloser(io.LimitReader(hello{}, 5)))
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(text) != row.want {
			t.Errorf("%s was answered with %q, %v", row.scheme, text, err)
		}
	}
	client.CloseIdleConnections()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("ended with %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}

type hello struct{}

func (hello) Read(p []byte) (int, error) { return copy(p, "hello"), nil }
