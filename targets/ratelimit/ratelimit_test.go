package ratelimit_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
	"github.com/devcraft-studio/brunt/targets/ratelimit"
)

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// instances starts two instances of a variant and returns their URLs.
func instances(t *testing.T, variant kit.Variant, cache string, window time.Duration) []string {
	t.Helper()
	var urls []string
	for range 2 {
		env := kit.Environment{
			Variant:  variant,
			Lookup:   lookup(map[string]string{"REDIS_URL": cache, "WINDOW": window.String(), "INSTANCES": "2"}),
			Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
			Registry: kit.NewRegistry(),
		}
		service, err := ratelimit.Target().Open(context.Background(), env)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(kit.Routes(env, service))
		t.Cleanup(service.Close)
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
	}
	return urls
}

func client(t *testing.T, cache string) *kit.Cache {
	t.Helper()
	c, err := kit.OpenCache(kit.Environment{Lookup: lookup(map[string]string{"REDIS_URL": cache})}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask sends one request of a key and returns its status.
func ask(t *testing.T, url, key string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// burst sends so many requests of a key, to both in turn and 30 of them at a time, and returns how many were admitted.
func burst(t *testing.T, urls []string, key string, n int) int64 {
	t.Helper()
	var admitted, next atomic.Int64
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if ask(t, urls[i%int64(len(urls))], key) == http.StatusOK {
					admitted.Add(1)
				}
			}
		})
	}
	all.Wait()
	return admitted.Load()
}

// alone is how many decisions the instances made without Redis: on a busy machine 50 ms may pass without an answer.
func alone(t *testing.T, urls []string) int {
	t.Helper()
	total := 0
	for _, url := range urls {
		for line := range strings.Lines(page(t, url+"/metrics")) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "ratelimit_alone_total "); ok {
				n, err := strconv.Atoi(text)
				if err != nil {
					t.Fatal(err)
				}
				total += n
			}
		}
	}
	return total
}

func page(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// slow is a way to Redis on which every answer takes a while longer.
func slow(t *testing.T, cache string, delay time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	upstream := strings.TrimPrefix(cache, "redis://")
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			far, err := net.Dial("tcp", upstream)
			if err != nil {
				_ = near.Close()
				continue
			}
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
			go later(near, far, delay)
		}
	}()
	return "redis://" + l.Addr().String()
}

// later passes on what comes, each piece after the delay.
func later(to, from net.Conn, delay time.Duration) {
	defer to.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		time.Sleep(delay)
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

func TestOneAfterAnotherEveryVariantAdmitsAHundred(t *testing.T) {
	cache := kittest.Redis(t)
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		urls := instances(t, variant, cache, time.Minute)
		for i := range 105 {
			want := http.StatusOK
			if i >= 100 {
				want = http.StatusTooManyRequests
			}
			if got := ask(t, urls[i%2], "in-turn-"+string(variant)); got != want {
				t.Fatalf("%s: request %d got %d, want %d", variant, i+1, got, want)
			}
		}
	}
}

func TestABurstPassesTheOneThatLooksFirstAndNotTheOneThatCountsFirst(t *testing.T) {
	cache := kittest.Redis(t)
	if naive := burst(t, instances(t, kit.Naive, slow(t, cache, 20*time.Millisecond), time.Minute), "looked", 300); naive <= 100 {
		t.Errorf("naive admitted %d: where is the race?", naive)
	}
	urls := instances(t, kit.Fixed, cache, time.Minute)
	for i := range 20 {
		before := alone(t, urls)
		fixed := burst(t, urls, "counted-"+strconv.Itoa(i), 300)
		if alone(t, urls) > before {
			continue // the machine was too busy for Redis to answer each request in time
		}
		if fixed != 100 {
			t.Errorf("fixed admitted %d", fixed)
		}
		return
	}
	t.Fatal("in none of 20 bursts Redis answered each request in time")
}

// A counter that every admitted request renews is one that a client who never pauses fills up, however slowly.
func TestOnlyTheFirstRequestStartsAWindow(t *testing.T) {
	cache := kittest.Redis(t)
	counter := client(t, cache)
	for _, row := range []struct {
		variant kit.Variant
		renewed bool // by every admitted request
	}{{kit.Naive, true}, {kit.Fixed, false}} {
		urls := instances(t, row.variant, cache, time.Minute)
		key := "steady-" + string(row.variant)
		ask(t, urls[0], key)
		if err := counter.PExpire(t.Context(), "ratelimit:"+key, 30*time.Second).Err(); err != nil {
			t.Fatal(err)
		}
		ask(t, urls[1], key)
		left, err := counter.PTTL(t.Context(), "ratelimit:"+key).Result()
		if err != nil || left <= 0 {
			t.Fatalf("%s: the counter lives for %v more (%v)", row.variant, left, err)
		}
		if renewed := left > 30*time.Second; renewed != row.renewed {
			t.Errorf("%s: half a minute before its end a second request leaves the counter %v", row.variant, left)
		}
	}
}

func TestAWindowEnds(t *testing.T) {
	cache := kittest.Redis(t)
	urls := instances(t, kit.Fixed, cache, time.Second)
	for range 110 {
		ask(t, urls[0], "again")
	}
	for began := time.Now(); ask(t, urls[0], "again") != http.StatusOK; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the key is locked out for ever")
		}
	}
	if left, err := client(t, cache).PTTL(t.Context(), "ratelimit:again").Result(); err != nil || left <= 0 || left > time.Second {
		t.Errorf("the new window lasts %v (%v)", left, err)
	}
}

func TestWithoutRedis(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "redis://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, instances(t, kit.Naive, gone, time.Minute)[0], "any"); got != http.StatusServiceUnavailable {
		t.Errorf("naive answers %d", got)
	}
	urls := instances(t, kit.Fixed, gone, time.Minute)
	if got := burst(t, urls, "any", 300); got != 100 {
		t.Errorf("fixed admitted %d of 300, want each instance's share of 50", got)
	}
	if got := burst(t, urls[:1], "other", 80); got != 50 {
		t.Errorf("one instance admitted %d of another key, want its share of 50", got)
	}
}

// What an instance admitted while Redis answered counts when it no longer does: else the failure would open a second window.
func TestAFailureOfRedisOpensNothing(t *testing.T) {
	cache := kittest.Redis(t)
	through, cut := breakable(t, cache)
	urls := instances(t, kit.Fixed, through, time.Minute)
	before := int64(0)
	for i := range 120 {
		if ask(t, urls[i%2], "abusive") == http.StatusOK {
			before++
		}
	}
	cut()
	after := burst(t, urls, "abusive", 200)
	if before > 100 || before+after > 105 {
		t.Errorf("%d were admitted with Redis and %d more without it", before, after)
	}
}

// breakable is a way to Redis that can be cut.
func breakable(t *testing.T, cache string) (string, func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(cache, "redis://"))
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			go func() { _, _ = io.Copy(far, near) }()
			go func() { _, _ = io.Copy(near, far) }()
		}
	}()
	cut := func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	}
	t.Cleanup(cut)
	return "redis://" + l.Addr().String(), cut
}

func TestEveryAdmissionIsInTheLedger(t *testing.T) {
	urls := instances(t, kit.Fixed, kittest.Redis(t), time.Minute)
	if got := burst(t, urls, "told", 150); got == 0 {
		t.Fatal("nothing was admitted")
	} else if told := ledgerLines(t, urls, "told"); int64(told) != got {
		t.Errorf("%d were admitted, and the ledgers tell %d", got, told)
	}
}

func ledgerLines(t *testing.T, urls []string, key string) int {
	t.Helper()
	n := 0
	for _, url := range urls {
		n += strings.Count(page(t, url+"/ledger"), `"admitted":"`+key+`"`)
	}
	return n
}

func TestWhatIsNoRequestOfAKey(t *testing.T) {
	url := instances(t, kit.Fixed, kittest.Redis(t), time.Minute)[0]
	for name, key := range map[string]string{"no key": "", "too long a key": strings.Repeat("k", 201)} {
		if got := ask(t, url, key); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	for name, value := range map[string]string{"WINDOW": "60", "INSTANCES": "0"} {
		env := kit.Environment{
			Variant: kit.Fixed, Lookup: lookup(map[string]string{"REDIS_URL": "redis://127.0.0.1:9", name: value}), Registry: kit.NewRegistry(),
		}
		if _, err := ratelimit.Target().Open(t.Context(), env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
