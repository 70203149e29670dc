package cli_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
)

// pizzeria is the host that the scripts in testdata/compat use in place of those that k6's documentation has on the
// internet: everything that they show is asked of it, on 127.0.0.1.
type pizzeria struct {
	url, tls, grpc string
}

func newPizzeria(t *testing.T) pizzeria {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echoRequest)
	mux.HandleFunc("GET /pizzas", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"pizzas": []any{pizza(1), pizza(2), pizza(3)}})
	})
	mux.HandleFunc("GET /pizzas/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "pizza %s", r.PathValue("id")) })
	mux.HandleFunc("GET /status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code := http.StatusOK
		_, _ = fmt.Sscan(r.PathValue("code"), &code)
		w.WriteHeader(code)
	})
	mux.HandleFunc("GET /hop/{n}", hop)
	mux.HandleFunc("POST /upload", upload)
	mux.HandleFunc("GET /cookies", listCookies)
	mux.HandleFunc("GET /cookies/set", setCookies)
	mux.HandleFunc("GET /menu", menu)
	mux.HandleFunc("GET /basic", basic)
	mux.HandleFunc("GET /digest", digest)
	mux.HandleFunc("GET /stuck", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("GET /ws", echo)
	plain := httptest.NewServer(mux)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(mux)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	return pizzeria{url: plain.URL, tls: secure.URL, grpc: serveGRPC(t)}
}

func pizza(id int) map[string]any {
	return map[string]any{"id": id, "name": []string{"Marinara", "Diavola", "Capricciosa"}[id%3], "price": 7.5 + float64(id)}
}

// echoRequest tells what it was asked.
func echoRequest(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	headers := map[string]string{}
	for name := range r.Header {
		headers[name] = r.Header.Get(name)
	}
	answer(w, http.StatusOK, map[string]any{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "headers": headers, "body": string(body), "proto": r.Proto, "host": r.Host,
	})
}

// upload tells of each part of a form with files what it is called and how long it is.
func upload(w http.ResponseWriter, r *http.Request) {
	reader, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var parts []map[string]any
	for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
		body, _ := io.ReadAll(part)
		sum := md5.Sum(body)
		parts = append(parts, map[string]any{
			"name": part.FormName(), "file": part.FileName(), "type": part.Header.Get("Content-Type"), "size": len(body),
			"md5": hex.EncodeToString(sum[:]),
		})
	}
	answer(w, http.StatusOK, map[string]any{"parts": parts})
}

func listCookies(w http.ResponseWriter, r *http.Request) {
	cookies := map[string]string{}
	for _, c := range r.Cookies() {
		cookies[c.Name] = c.Value
	}
	answer(w, http.StatusOK, map[string]any{"cookies": cookies})
}

func setCookies(w http.ResponseWriter, r *http.Request) {
	for name, values := range r.URL.Query() {
		http.SetCookie(w, &http.Cookie{Name: name, Value: values[0], Path: "/"})
	}
	w.Header().Set("Location", "/cookies")
	w.WriteHeader(http.StatusFound)
}

func menu(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, `<html><head><title>Menu</title></head><body>
<ul id="pizzas"><li class="hot" data-price="9">Diavola</li><li>Marinara</li><li class="hot">Calabrese</li></ul>
<a href="/pizzas/1">first</a><a href="/pizzas/2">second</a>
<form action="/echo" method="post"><input type="hidden" name="token" value="abc"><input name="size" value="large"></form>
</body></html>`)
}

func basic(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok || user != "cook" || password != "basilico" {
		w.Header().Set("WWW-Authenticate", `Basic realm="kitchen"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// digest asks for a digest, and takes any of the right user for right.
func digest(w http.ResponseWriter, r *http.Request) {
	if given := r.Header.Get("Authorization"); !strings.HasPrefix(given, "Digest ") || !strings.Contains(given, `username="cook"`) {
		w.Header().Set("WWW-Authenticate", `Digest realm="kitchen", nonce="5f2b", qop="auth", algorithm=MD5`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// orders is a gRPC service with a method of each kind.
type orders struct {
	grpc_testing.UnimplementedTestServiceServer
}

func serveGRPC(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_testing.RegisterTestServiceServer(server, orders{})
	reflection.Register(server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // until it is stopped
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return listener.Addr().String()
}

func (orders) EmptyCall(context.Context, *grpc_testing.Empty) (*grpc_testing.Empty, error) {
	return &grpc_testing.Empty{}, nil
}

// UnaryCall repeats the payload, and names who asks.
func (orders) UnaryCall(ctx context.Context, r *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	return &grpc_testing.SimpleResponse{Payload: r.Payload, Username: strings.Join(md.Get("guest"), ",")}, nil
}

// StreamingOutputCall answers with as many payloads as are asked for.
func (orders) StreamingOutputCall(r *grpc_testing.StreamingOutputCallRequest, s grpc.ServerStreamingServer[grpc_testing.StreamingOutputCallResponse]) error {
	for _, p := range r.ResponseParameters {
		body := &grpc_testing.Payload{Body: make([]byte, p.Size)}
		if err := s.Send(&grpc_testing.StreamingOutputCallResponse{Payload: body}); err != nil {
			return err
		}
	}
	return nil
}

// StreamingInputCall adds up what it is sent.
func (orders) StreamingInputCall(s grpc.ClientStreamingServer[grpc_testing.StreamingInputCallRequest, grpc_testing.StreamingInputCallResponse]) error {
	size := 0
	for {
		r, err := s.Recv()
		if err != nil {
			return s.SendAndClose(&grpc_testing.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		size += len(r.Payload.GetBody())
	}
}

// FullDuplexCall repeats every payload at once.
func (orders) FullDuplexCall(s grpc.BidiStreamingServer[grpc_testing.StreamingOutputCallRequest, grpc_testing.StreamingOutputCallResponse]) error {
	for {
		r, err := s.Recv()
		if err != nil {
			return nil
		}
		if err := s.Send(&grpc_testing.StreamingOutputCallResponse{Payload: r.Payload}); err != nil {
			return err
		}
	}
}
