package fault

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func httpSightings() []sighting {
	const ms = time.Millisecond
	answers := func(status string) seenBy {
		return func(ctx context.Context, u caller) error {
			for _, c := range []client{u.pooled, u.fresh(), u.pooled} {
				if err := c.small(ctx); err == nil || !strings.Contains(err.Error(), status) {
					return fmt.Errorf("got %v, want %s", err, status)
				}
			}
			return nil
		}
	}
	aborted := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }
	return []sighting{
		{only: "http", name: "http-error answers with a status", fault: experiment.Fault{Kind: "http-error", Status: 503}, seen: answers("503")},
		{only: "http", name: "http-error answers with the status that was asked", fault: experiment.Fault{Kind: "http-error", Status: 429}, seen: answers("429")},
		{only: "http", name: "http-abort ends a call with a reset", fault: experiment.Fault{Kind: "http-abort"}, seen: func(ctx context.Context, u caller) error {
			return errors.Join(fails(ctx, u.pooled, small, aborted), fails(ctx, u.fresh(), small, aborted))
		}},
		{only: "http", name: "http-slow keeps the body of an answer", fault: experiment.Fault{Kind: "http-slow", Delay: 200 * ms}, seen: slower(200*ms, large)},
		{only: "http", name: "slow-close delays the end of a connection and not its data", fault: experiment.Fault{Kind: "slow-close", Delay: 200 * ms},
			seen: func(ctx context.Context, u caller) error { // other clients end connections by themselves, or by their protocol
				return errors.Join(soon(ctx, u.pooled, 100*ms), between(ctx, u.fresh(), func(ctx context.Context, c client) error {
					return c.(httpClient).end(ctx)
				}, 200*ms, 200*ms))
			}},
		{only: "https", name: "http-error leaves TLS as it is", fault: experiment.Fault{Kind: "http-error", Status: 503},
			seen: func(ctx context.Context, u caller) error {
				return errors.Join(u.pooled.small(ctx), u.fresh().large(ctx))
			}},
	}
}

// counting is a server that counts what reaches it, and answers with the body that it got.
func counting(t *testing.T, reached *atomic.Int32) *site.Node {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return &site.Node{Ready: "/", Address: s.Listener.Addr().String()}
}

func post(t *testing.T, c *http.Client, address, body string, chunked bool) (status int, answer string) {
	t.Helper()
	var from io.Reader = strings.NewReader(body)
	if chunked {
		from = io.MultiReader(from) // of no known length
	}
	resp, err := c.Post("http://"+address, "text/plain", from)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

func TestAnHTTPErrorMeetsTheShareThatTheSeedGives(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, counting(t, &reached))
	b.Seed = 5
	c := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer c.CloseIdleConnections()
	if status, _ := post(t, c, b.link.Address, "before", false); status != 200 {
		t.Fatalf("before the fault: %d", status)
	}
	f := b.fault(experiment.Fault{Kind: "http-error", Status: 502, Share: 0.4})
	b.apply(t, f)
	plan, met := newSchedule(scheduleKey(5, f), 1), 0
	for i := range 60 {
		body, want := strings.Repeat("x", i*1000), 200
		if plan.float() < 0.4 {
			want = 502
			met++
		}
		status, answer := post(t, c, b.link.Address, body, i%2 == 0)
		if status != want || want == 200 && answer != body || want != 200 && answer != "fault http-error\n" {
			t.Errorf("request %d: %d with %d bytes, want %d", i, status, len(answer), want)
		}
	}
	b.lift(t, f)
	if status, _ := post(t, c, b.link.Address, "after", true); status != 200 {
		t.Errorf("after the fault: %d", status)
	}
	if n := int(reached.Load()); n != 62-met || met == 0 {
		t.Errorf("%d requests reached the upstream, want all but %d", n, met)
	}
	if got := b.outcome(f); got.met != int64(met) || len(got.refused) > 0 {
		t.Errorf("told %+v", got)
	}
	if n := b.proxy.Connections(t.Context(), linkName); n != 1 {
		t.Errorf("it took %d connections, want the same one all the time", n)
	}
}

func TestAnAbortedRequestDoesNotReachTheUpstream(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, counting(t, &reached))
	f := b.fault(experiment.Fault{Kind: "http-abort"})
	b.apply(t, f)
	_, err := (&http.Client{}).Post("http://"+b.link.Address, "text/plain", strings.NewReader("x"))
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) || reached.Load() != 0 {
		t.Errorf("got %v, and %d requests reached the upstream", err, reached.Load())
	}
	b.lift(t, f)
}

func TestASlowBodyComesAfterItsHead(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, counting(t, &reached))
	f := b.fault(experiment.Fault{Kind: "http-slow", Delay: 200 * time.Millisecond})
	b.apply(t, f)
	start := time.Now()
	resp, err := http.Post("http://"+b.link.Address, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	head := time.Since(start)
	body, err := io.ReadAll(resp.Body)
	if whole := time.Since(start); err != nil || string(body) != "hello" || head > 150*time.Millisecond || whole < 195*time.Millisecond {
		t.Errorf("the head came after %v and %q after %v, %v", head, body, whole, err)
	}
	b.lift(t, f)
}

// What is no plain HTTP/1.1 passes untouched, and the record says why nothing happened to it.
func TestAFaultOnHTTPLeavesOtherBytesAlone(t *testing.T) {
	t.Parallel()
	request := "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
	for _, row := range []struct {
		name, sent, reason string
	}{
		{"TLS", "\x16\x03\x01\x02\x00 and so on", speaksTLS},
		{"HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", speaksHTTP2},
		{"the Redis protocol", "*1\r\n$4\r\nPING\r\n", speaksOther},
		{"lower-case letters", "get / http/1.1\r\n\r\n", speaksOther},
		{"a head that is none", "GET nonsense\r\n\r\n", speaksOther},
		{"an upgrade", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", speaksUpgraded},
		{"a chunk that is none", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", speaksOther},
		{"pipelined requests", request + request, speaksPipeline},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
				defer conn.Close()
				all, _ := io.ReadAll(conn)
				got <- string(all)
			})})
			f := experiment.Fault{Kind: "http-slow", Delay: time.Second}
			if row.reason == speaksTLS || row.reason == speaksHTTP2 {
				f = experiment.Fault{Kind: "http-error", Status: 503}
			}
			f = b.fault(f)
			b.apply(t, f)
			conn := dial(t, b.link.Address)
			_, _ = conn.Write([]byte(row.sent))
			_ = conn.CloseWrite()
			select {
			case all := <-got:
				if all != row.sent {
					t.Errorf("the upstream got %q, want %q", all, row.sent)
				}
			case <-time.After(3 * time.Second):
				t.Error("the upstream got nothing")
			}
			b.lift(t, f)
			told := b.outcome(f)
			if diff := cmp.Diff(map[string]int64{row.reason: 1}, told.refused); diff != "" {
				t.Error(diff)
			}
			e := Effect(f, Samples{Before: probes(1), During: probes(1), Met: told.met, Refused: told.refused})
			if e.Seen || !strings.Contains(e.Note, row.reason) {
				t.Errorf("the effect is %+v", e)
			}
		})
	}
}

func TestALinkOfTLSSaysWhyAFaultOnHTTPDidNothing(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(serveSizes))
	t.Cleanup(s.Close)
	b := newBench(t, &site.Node{Address: s.Listener.Addr().String()})
	f := b.fault(experiment.Fault{Kind: "http-error", Status: 503})
	watched := b.Watch(t.Context(), f)
	time.Sleep(300 * time.Millisecond)
	at := b.apply(t, f)
	conn, err := tls.Dial("tcp", b.link.Address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	time.Sleep(300 * time.Millisecond)
	r := b.lift(t, f)
	if e := watched(at, r.At); e == nil || e.Seen || !strings.Contains(e.Note, "it could not act on 1 connections: TLS") {
		t.Errorf("the effect is %+v", e)
	}
}

// A fault that begins in the middle of a request waits for its end.
func TestAFaultOnHTTPBeginsBetweenRequests(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, counting(t, &reached))
	conn := dial(t, b.link.Address)
	answers := bufio.NewReader(conn)
	status := func() int {
		_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n")
	time.Sleep(50 * time.Millisecond)
	f := b.fault(experiment.Fault{Kind: "http-error", Status: 503})
	b.apply(t, f)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nthis is not a request\r\n\r\n"[:40])
	if got := status(); got != 200 {
		t.Errorf("the request that the fault came upon gets %d", got)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ")
	time.Sleep(20 * time.Millisecond)
	_, _ = io.WriteString(conn, "x\r\n\r\n")
	if got := status(); got != 503 {
		t.Errorf("the next one gets %d, want 503", got)
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
	time.Sleep(50 * time.Millisecond)
	b.lift(t, f) // in the middle of one that is met
	_, _ = io.WriteString(conn, "67890")
	if got := status(); got != 503 {
		t.Errorf("the one that was met before the end gets %d, want 503", got)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if got := status(); got != 200 {
		t.Errorf("after the fault a request gets %d", got)
	}
	if n := reached.Load(); n != 2 {
		t.Errorf("%d requests reached the upstream, want 2", n)
	}
}

func TestFramingFindsTheEndOfABody(t *testing.T) {
	for _, row := range []struct {
		name, body string
		framing    framing
	}{
		{"no body", "", framing{}},
		{"a length", "hello", framing{left: 5}},
		{"chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", framing{chunked: true}},
		{"chunks with extensions and trailers", "5;a=b\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", framing{chunked: true}},
		{"a chunk that looks like the last", "7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", framing{chunked: true}},
		{"no chunk at all", "0\r\n\r\n", framing{chunked: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for size := 1; size <= len(row.body)+3; size++ {
				f, rest, taken := row.framing, []byte(row.body+"NEXT"), 0
				for !f.whole() && len(rest) > 0 {
					n := f.take(rest[:min(size, len(rest))])
					rest, taken = rest[n:], taken+n
				}
				if taken != len(row.body) || f.broken || !bytes.Equal(rest, []byte("NEXT")) {
					t.Errorf("in parts of %d it took %d bytes of %d, broken: %v", size, taken, len(row.body), f.broken)
				}
			}
		})
	}
}

// Whatever comes, nothing is lost or changed on a connection whose requests no fault meets.
func FuzzDialogue(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), uint8(7))
	f.Add([]byte("\x16\x03\x01"), uint8(1))
	f.Fuzz(func(t *testing.T, sent []byte, size uint8) {
		b := burdenOf(map[string]*inForce{"a": {name: "a", strength: strength{HTTP: httpSlow, Body: time.Second, Share: 1e-300}}})
		d := &dialogue{c: &connection{}, draws: map[*inForce]*schedule{}, told: map[*inForce]bool{}}
		var got []byte
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			got = append(got, d.request(rest[:n], b)...)
			rest = rest[n:]
		}
		if got = append(got, d.head...); !bytes.Equal(got, sent) {
			t.Errorf("sent %q, passed %q", sent, got)
		}
	})
}
