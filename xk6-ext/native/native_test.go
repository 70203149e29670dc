package native

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

const brief = `{"rate": 40, "duration": "1s"}`

func TestEveryIterationOfTheScheduleIsOneRequest(t *testing.T) {
	t.Parallel()
	var hits, connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		ok(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	got := play{warmup: 500 * time.Millisecond, options: `{"stages": [{"duration": "1s", "target": 80}], "startRate": 20}`, spec: get(s.URL + "/a?b=c")}.run(t, t.Context())
	a := got.account()
	if a.offered() != 55 || a.served != 55 || hits.Load() != 55 { // 5 of the warm-up, 50 of the ramp
		t.Errorf("%+v, %d arrived; want 55", a, hits.Load())
	}
	warm := 0
	numbers := map[int64]bool{}
	for _, x := range got.done {
		numbers[x.Iteration] = true
		if x.Warmup {
			warm++
		}
		if x.Warmup != x.Intended.Before(got.zero) || x.Lateness < 0 || x.Duration() <= 0 || x.Sent == 0 || x.Received == 0 {
			t.Errorf("%+v", x)
		}
	}
	if warm != 5 || len(numbers) != 55 {
		t.Errorf("%d of the warm-up, %d numbers", warm, len(numbers))
	}
	if n := connections.Load(); n > 55/2 {
		t.Errorf("%d connections for 55 requests: they are not used again", n)
	}
	if n := got.state.GetFullIterationCount(); n != 55 {
		t.Errorf("k6 counts %d iterations", n)
	}
}

func TestTheSamplesAreThoseOfK6(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusNotFound) })
	spec := get(s.URL)
	spec.Requests[0].Checks = requests.Checks{Status: []string{"200"}, Contains: "no"}
	spec.Requests[0].Tags = map[string]string{"team": "x"}
	got := play{options: brief, spec: spec, system: []metrics.SystemTag{
		metrics.TagScenario, metrics.TagName, metrics.TagMethod, metrics.TagStatus, metrics.TagURL, metrics.TagProto, metrics.TagErrorCode,
		metrics.TagExpectedResponse, metrics.TagVU,
	}}.run(t, t.Context())
	if a := got.account(); a.failed != 40 {
		t.Fatalf("%+v", a)
	}
	x := got.done[0]
	want := map[string]string{
		"scenario": "s", "name": "get", "url": "get", "method": "GET", "status": "404", "proto": "HTTP/1.1", "error_code": "1404",
		"expected_response": "false", "team": "x",
	}
	if diff := cmp.Diff(want, x.Form.Request.Map()); diff != "" {
		t.Error(diff)
	}
	values := map[string]float64{}
	for _, sample := range x.GetSamples() {
		name := sample.Metric.Name
		if check, ok := sample.Tags.Get("check"); ok {
			name = check
		}
		values[name] = sample.Value
		if sample.Metadata["vu"] == "" {
			t.Errorf("%s without the number of its VU", name)
		}
	}
	if sum := values["http_req_sending"] + values["http_req_waiting"] + values["http_req_receiving"]; sum < values["http_req_duration"]*0.999 || sum > values["http_req_duration"]*1.001 {
		t.Errorf("sending, waiting and receiving are %v of %v", sum, values["http_req_duration"])
	}
	for name, want := range map[string]float64{
		"http_reqs": 1, "http_req_failed": 1, "iterations": 1, "get: status is 200": 0, "get: body contains no": 1,
	} {
		if got, there := values[name]; got != want || !there {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"data_sent", "data_received", "iteration_duration", "http_req_duration", "http_req_waiting"} {
		if values[name] <= 0 {
			t.Errorf("%s is %v", name, values[name])
		}
	}
}

// A request goes out as it was written, by either version of HTTP, and the values in it are a function of the seed alone.
func TestRequestsArriveAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s %s host=%s agent=%s x=%v length=%d type=%s %s", r.Proto, r.Method, r.RequestURI, r.Host,
			r.UserAgent(), r.Header["X-Value"], r.ContentLength, r.Header.Get("Content-Type"), body))
	})
	plain := httptest.NewServer(handler)
	t.Cleanup(plain.Close)
	both := httptest.NewUnstartedServer(handler)
	both.EnableHTTP2 = true
	both.StartTLS()
	t.Cleanup(both.Close)
	unencrypted := httptest.NewUnstartedServer(handler)
	unencrypted.Config.Protocols = new(http.Protocols)
	unencrypted.Config.Protocols.SetUnencryptedHTTP2(true)
	unencrypted.Start()
	t.Cleanup(unencrypted.Close)
	var first []string
	for _, row := range []struct {
		name, url, proto string
		http             requests.HTTP
	}{
		{"HTTP/1.1", plain.URL, "HTTP/1.1", requests.HTTP{}},
		{"HTTP/1.1 again", plain.URL, "HTTP/1.1", requests.HTTP{Version: "1.1"}},
		{"TLS", both.URL, "HTTP/1.1", requests.HTTP{Insecure: true}},
		{"HTTP/2 over TLS", both.URL, "HTTP/2.0", requests.HTTP{Insecure: true, Version: "2"}},
		{"HTTP/2 with prior knowledge", unencrypted.URL, "HTTP/2.0", requests.HTTP{Version: "2"}},
	} {
		seen = nil
		got := play{seed: 7, options: brief, spec: requests.Spec{HTTP: row.http, Requests: []requests.Request{
			{Name: "post", Method: "POST", URL: row.url + "/a%20b/{{int 1 1000}}?q={{text 3}}", Weight: 3, Body: `{"id": "{{uuid}}", "n": {{iteration}}}`,
				Headers: []requests.Header{{Name: "Host", Value: "shop.example"}, {Name: "X-Value", Value: "{{pick a b}}"},
					{Name: "X-Value", Value: "z"}, {Name: "User-Agent", Value: "me"}, {Name: "Content-Type", Value: "application/json"}}},
			{Name: "delete", Method: "DELETE", URL: row.url, Weight: 1},
			{Name: "put", Method: "PUT", URL: row.url + "?x", Weight: 1},
		}}}.run(t, t.Context())
		if a := got.account(); a.served != 40 {
			t.Fatalf("%s: %+v, first %v", row.name, a, got.done[0].Form.Request.Map())
		}
		for _, x := range got.done {
			if secure := strings.HasPrefix(row.url, "https"); tag(x, "proto") != row.proto || secure != (tag(x, "tls_version") == "tls1.3") {
				t.Errorf("%s: %v", row.name, x.Form.Request.Map())
			}
		}
		slices.Sort(seen)
		for i := range seen {
			seen[i] = strings.TrimPrefix(seen[i], row.proto+" ")
			seen[i] = strings.Replace(seen[i], "host="+strings.Split(row.url, "//")[1], "host=TARGET", 1)
		}
		if first == nil {
			first = slices.Clone(seen)
			if !strings.Contains(strings.Join(seen, "\n"), "POST /a%20b/") || !slices.Contains(seen, "DELETE / host=TARGET agent=brunt x=[] length=0 type= ") {
				t.Errorf("arrived:\n%s", strings.Join(seen, "\n"))
			}
		}
		if diff := cmp.Diff(first, seen); diff != "" {
			t.Errorf("%s: other requests arrived:\n%s", row.name, diff)
		}
	}
}

func TestErrorsAreNamedAsK6NamesThem(t *testing.T) {
	t.Parallel()
	refused := httptest.NewServer(nil)
	refused.Close()
	hang := make(chan struct{})
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	slowBody := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(secure.Close)
	plain := serve(t, ok)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(plain.URL, "http://"))
	t.Cleanup(func() { close(hang) })
	for _, row := range []struct {
		name, url, code, text string
		http                  requests.HTTP
	}{
		{"refused", refused.URL, "1212", "dial: connection refused", requests.HTTP{}},
		{"no answer in time", slow.URL, "1050", "request timeout", requests.HTTP{Timeout: 50 * time.Millisecond}},
		{"half an answer in time", slowBody.URL, "1050", "request timeout", requests.HTTP{Timeout: 50 * time.Millisecond}},
		{"no answer in time over HTTP/2", h2(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "1050", "request timeout",
			requests.HTTP{Timeout: 50 * time.Millisecond, Version: "2"}},
		{"a stream that is reset", h2(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "1633",
			"http2: stream error with http2 ErrCode INTERNAL_ERROR", requests.HTTP{Version: "2"}},
		{"reset", raw(t, "", true), "1220", "read: connection reset by peer", requests.HTTP{}},
		{"closed without an answer", raw(t, "", false), "1000", "EOF", requests.HTTP{}},
		{"closed amid the header", raw(t, "HTTP/1.1 200 OK\r\nConte", false), "1000", "unexpected EOF", requests.HTTP{}},
		{"closed amid the body", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false), "1000", "unexpected EOF", requests.HTTP{}},
		{"closed amid a chunk", raw(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf", false), "1000", "unexpected EOF", requests.HTTP{}},
		{"reset amid the body", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true), "1220", "read: connection reset by peer", requests.HTTP{}},
		{"nonsense", raw(t, "SSH-2.0-OpenSSH_9.6\r\n\r\n", false), "1000", "malformed HTTP response", requests.HTTP{}},
		{"an unknown authority", secure.URL, "1310", "x509: unknown authority", requests.HTTP{}},
		{"no TLS there", "https://127.0.0.1:" + port, "1301", "tls: first record does not look like a TLS handshake", requests.HTTP{}},
		{"no HTTP/2 there", secure.URL, "1010", "remote error: tls: no application protocol", requests.HTTP{Version: "2", Insecure: true}},
		{"no such host", "http://nowhere.invalid", "11", "", requests.HTTP{Timeout: 20 * time.Second}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			spec := get(row.url)
			spec.HTTP = row.http
			spec.Requests[0].Checks.Status = []string{"2xx"}
			got := play{options: `{"rate": 5, "duration": "1s"}`, spec: spec}.run(t, t.Context())
			if a := got.account(); a.failed != 5 || a.offered() != 5 {
				t.Errorf("%+v", a)
			}
			for _, x := range got.done {
				if !strings.HasPrefix(tag(x, "error_code"), row.code) || row.text != "" && tag(x, "error") != row.text || tag(x, "status") != "0" || x.Holds(0) {
					t.Errorf("%v, check %v", x.Form.Request.Map(), x.Holds(0))
				}
			}
		})
	}
}

// h2 serves HTTP/2 without TLS.
func h2(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// raw answers each request with a text and closes the connection, or resets it.
func raw(t *testing.T, text string, reset bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				io.Copy(io.Discard, r.Body)
				io.WriteString(conn, text)
				if text != "" {
					time.Sleep(20 * time.Millisecond) // what was sent arrives before the end does
				}
				if reset {
					conn.(*net.TCPConn).SetLinger(0)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestValuesAndChecksAreOfTheIteration(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"id": %s}`, r.URL.Query().Get("id")) })
	file := filepath.Join(t.TempDir(), "items.csv")
	if err := os.WriteFile(file, []byte("id,name\n17,a\n4,b\n99,c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := play{options: brief, spec: requests.Spec{
		Data: []requests.Data{{Name: "item", File: file, Order: requests.Sequential}},
		Requests: []requests.Request{{Name: "item", Method: "GET", URL: s.URL + "/?id={{item.id}}", Weight: 1,
			Checks: requests.Checks{Contains: `"id": {{item.id}}}`, Matches: `^\{"id": \d+\}$`}}},
	}}.run(t, t.Context())
	for _, x := range got.done {
		if !x.Holds(0) || !x.Holds(1) {
			t.Errorf("iteration %d: %b", x.Iteration, x.Passed)
		}
	}
}

func TestWhatCannotBeRunIsRefused(t *testing.T) {
	for _, row := range []struct{ name, options, want string }{
		{"no requests", `{"rate": 1, "duration": "1s"}`, "there are no requests"},
		{"a file that is not there", `{"rate": 1, "duration": "1s", "data": [{"name": "d", "file": "/no.csv"}], "requests": [{"name": "r", "method": "GET", "url": "http://h"}]}`, "no.csv"},
		{"a template", `{"rate": 1, "duration": "1s", "requests": [{"name": "r", "method": "GET", "url": "http://h/{{x}}"}]}`, "no function x"},
		{"no schedule", `{"requests": [{"name": "r", "method": "GET", "url": "http://h"}]}`, "the rate isn't specified"},
	} {
		config := newConfig("s", executor.Options{})
		if err := json.Unmarshal([]byte(row.options), config); err != nil {
			t.Fatal(err)
		}
		if problems := fmt.Sprint(config.Validate()); !strings.Contains(problems, row.want) {
			t.Errorf("%s: %s", row.name, problems)
		}
	}
}
