package timeouts

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

const patience = 30 * time.Second

// served is a role of the target behind its own server.
type served struct {
	*testing.T
	address string
}

func serve(t *testing.T, variant kit.Variant, env map[string]string) served {
	t.Helper()
	address, _ := kittest.Serve(t, Target(), kittest.Environment(variant, env))
	return served{t, address}
}

// edgeBefore is an edge before such an upstream.
func edgeBefore(t *testing.T, variant kit.Variant, second string, upstream http.HandlerFunc) served {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	return serve(t, variant, map[string]string{"UPSTREAM_URL": server.URL, "SECOND": second})
}

func (s served) get(path string) (int, string) {
	s.Helper()
	return s.told(http.Get("http://" + s.address + path))
}

func (s served) pay(body string) (int, string) {
	s.Helper()
	return s.told(http.Post("http://"+s.address+"/pay", "application/json", strings.NewReader(body)))
}

func (s served) told(response *http.Response, err error) (int, string) {
	s.Helper()
	if err != nil {
		s.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Error(err)
	}
	return response.StatusCode, string(text)
}

func variants(t *testing.T, run func(t *testing.T, v kit.Variant)) {
	for _, v := range []kit.Variant{kit.Naive, kit.Fixed} {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			run(t, v)
		})
	}
}

func TestQuotesAndPaymentsReachTheUpstream(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		upstream := serve(t, v, map[string]string{"ROLE": "upstream", "WORK": "1ms"})
		edge := serve(t, v, map[string]string{"UPSTREAM_URL": "http://" + upstream.address})
		if code, text := edge.get("/quote"); code != 200 || text != `{"cents":1299}` {
			t.Errorf("a quote was answered with %d: %s", code, text)
		}
		if code, text := edge.pay(`{"id": 7}`); code != 201 || text != `{"id":7}` {
			t.Errorf("a payment was answered with %d: %s", code, text)
		}
		for _, body := range []string{``, `{}`, `{"id": -1}`, `{"id": "` + strings.Repeat("x", 5000) + `"}`} {
			if code, _ := edge.pay(body); code != 400 {
				t.Errorf("%.20s… was answered with %d", body, code)
			}
		}
		if _, text := upstream.get("/ledger"); text != "{\"version\":1}\n{\"seen\":7}\n{\"end\":true}\n" {
			t.Errorf("the ledger is %s", text)
		}
	})
}

func TestWhatItIsGivenHasToMakeSense(t *testing.T) {
	for _, env := range []map[string]string{
		{}, {"ROLE": "middle"}, {"UPSTREAM_URL": "http://127.0.0.1:1", "SECOND": "soon"}, {"ROLE": "upstream", "WORK": "-1s"},
	} {
		e := kit.Environment{Variant: kit.Fixed, Lookup: func(n string) (string, bool) { v, ok := env[n]; return v, ok }, Registry: kit.NewRegistry()}
		if _, err := Target().Open(t.Context(), e); err == nil {
			t.Errorf("opened with %v", env)
		}
	}
}

// TestAPaymentWhoseAnswerIsLostIsMadeAgainByNaiveAlone: the upstream takes what it is sent, and hangs up.
func TestAPaymentWhoseAnswerIsLostIsMadeAgainByNaiveAlone(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		var quotes, payments atomic.Int64
		edge := edgeBefore(t, v, "1s", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				payments.Add(1)
			} else {
				quotes.Add(1)
			}
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		})
		for _, code := range []int{first(edge.pay(`{"id":1}`)), first(edge.get("/quote"))} {
			if code != http.StatusBadGateway {
				t.Errorf("answered %d", code)
			}
		}
		want := map[kit.Variant]int64{kit.Naive: 1 + retries, kit.Fixed: 1}[v]
		if got := payments.Load(); got != want {
			t.Errorf("the payment was made %d times, want %d", got, want)
		}
		if got := quotes.Load(); got != 1+retries {
			t.Errorf("the quote was asked for %d times", got)
		}
	})
}

func first(code int, _ string) int { return code }

// TestATenthOfTheCallsIsMadeAgainByFixed: payments succeed in between, so that the circuit stays closed.
func TestATenthOfTheCallsIsMadeAgainByFixed(t *testing.T) {
	const each = 60
	variants(t, func(t *testing.T, v kit.Variant) {
		var quotes atomic.Int64
		edge := edgeBefore(t, v, "1s", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				quotes.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		for range each {
			edge.get("/quote")
			edge.pay(`{"id":1}`)
		}
		least, most := int64(each*(1+retries)), int64(each*(1+retries))
		if v == kit.Fixed {
			least, most = each+budgetMost, each+budgetMost+2*each/10
		}
		if got := quotes.Load(); got < least || got > most {
			t.Errorf("%d quotes were asked for %d times, want %d to %d", each, got, least, most)
		}
	})
}

func TestAFailingUpstreamIsLeftAloneByFixed(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		var calls atomic.Int64
		edge := edgeBefore(t, v, "1h", func(w http.ResponseWriter, _ *http.Request) { // the circuit stays open for an hour
			calls.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		for range 30 {
			if code, _ := edge.pay(`{"id":1}`); code != http.StatusBadGateway {
				t.Errorf("answered %d", code)
			}
		}
		if got, want := calls.Load(), map[kit.Variant]int64{kit.Naive: 30 * (1 + retries), kit.Fixed: failures}[v]; got != want {
			t.Errorf("called %d times, want %d", got, want)
		}
	})
}

func TestAnUpstreamThatIsWellAgainIsFoundByFixed(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	edge := edgeBefore(t, kit.Fixed, "200ms", func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	for range failures {
		edge.pay(`{"id":1}`)
	}
	well.Store(true)
	for deadline := time.Now().Add(patience); first(edge.pay(`{"id":1}`)) != 200; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the circuit stayed open")
		}
	}
}

// TestNothingWaitsForEverInFixed: the upstream never answers. Naive answers only when its client has long left.
func TestNothingWaitsForEverInFixed(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		release := make(chan struct{})
		edge := edgeBefore(t, v, "50ms", func(http.ResponseWriter, *http.Request) { <-release })
		t.Cleanup(func() { close(release) }) // before the servers wait for what is under way
		ctx, leave := context.WithTimeout(t.Context(), map[kit.Variant]time.Duration{kit.Naive: 2 * time.Second, kit.Fixed: patience}[v])
		defer leave()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+edge.address+"/quote", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		if answered := err == nil && response.StatusCode == http.StatusBadGateway; answered != (v == kit.Fixed) {
			t.Errorf("answered %v: %v", response, err)
		}
	})
}

// TestBeyondItsPlacesFixedAnswersAtOnce: all wait for an upstream that does not answer yet, and ten are too many.
func TestBeyondItsPlacesFixedAnswersAtOnce(t *testing.T) {
	const beyond = 10
	variants(t, func(t *testing.T, v kit.Variant) {
		release, asked := make(chan struct{}), atomic.Int64{}
		edge := edgeBefore(t, v, "1h", func(http.ResponseWriter, *http.Request) {
			asked.Add(1)
			<-release
		})
		codes := make(chan int, mostInFlight+beyond)
		for range cap(codes) {
			go func() { codes <- first(edge.get("/quote")) }()
		}
		settled := func() bool { return len(codes) == beyond }
		if v == kit.Naive {
			settled = func() bool { return asked.Load() == int64(cap(codes)) }
		}
		for deadline := time.Now().Add(patience); !settled() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		close(release)
		count := map[int]int{}
		for range cap(codes) {
			count[<-codes]++
		}
		if want := map[kit.Variant]int{kit.Fixed: beyond}[v]; count[503] != want || count[200] != cap(codes)-want {
			t.Errorf("answered %v, want %d of 503 and 200 of the others", count, want)
		}
	})
}

// TestHalfOpenRequestsAreEndedByFixedAlone: 500 ms is what it gives a head.
func TestHalfOpenRequestsAreEndedByFixedAlone(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		edge := edgeBefore(t, v, "100ms", http.NotFound)
		var open []net.Conn
		for range 50 {
			conn, err := net.Dial("tcp", edge.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /quote HTTP/1.1\r\nHost: shop\r\nA: "); err != nil {
				t.Fatal(err)
			}
			open = append(open, conn)
		}
		until := time.Now().Add(map[kit.Variant]time.Duration{kit.Naive: 3 * time.Second, kit.Fixed: patience}[v])
		for _, conn := range open {
			_ = conn.SetReadDeadline(until)
			_, err := io.Copy(io.Discard, conn)
			late, held := err.(net.Error)
			if held = held && late.Timeout(); held != (v == kit.Naive) {
				t.Fatalf("it ended with %v", err)
			}
		}
	})
}
