package webhooks_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/webhooks"
)

const waiting = `SELECT count(*) FROM outbox WHERE dead_at IS NULL`

func TestWhatWorkersThatAreKilledWereTellingIsToldAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Fixed)
	never := make(chan struct{})
	s.answers(func(call) int { <-never; return http.StatusOK })
	t.Cleanup(func() { close(never) })
	kill := s.child(t)
	place(t, api, 3, 1, 2)
	await(t, "both orders to be under way", func() bool { return len(s.told(anything)) == 2 })
	kill()
	if n := s.count(t, waiting); n != 2 {
		t.Errorf("%d orders wait to be told, want both", n)
	}
	s.answers(func(call) int { return http.StatusOK })
	s.workers(t)
	await(t, "both orders to be told", func() bool { return s.count(t, `SELECT count(*) FROM outbox`) == 0 })
	for _, key := range []string{"order-1", "order-2"} {
		if calls := s.told(func(c call) bool { return c.key == key }); len(calls) != 2 || calls[0].order.ID != calls[1].order.ID {
			t.Errorf("%s was told as %+v, want the same twice", key, calls)
		}
	}
}

func TestSeveralWorkersTellEachOrderOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Fixed)
	var ids []int
	for id := 1; id <= 200; id++ {
		ids = append(ids, id)
	}
	place(t, api, 4, ids...)
	s.workers(t)
	s.workers(t)
	await(t, "all orders to be told", func() bool { return s.count(t, `SELECT count(*) FROM outbox`) == 0 })
	seen := map[int64]int{}
	for _, c := range s.told(anything) {
		seen[c.order.ID]++
		if c.path != "/hooks/4" || c.order.Endpoint != 4 || c.order.TotalCents != 999 || c.order.At.IsZero() {
			t.Errorf("told %+v", c)
		}
	}
	for _, id := range ids {
		if seen[int64(id)] != 1 {
			t.Errorf("order %d was told %d times", id, seen[int64(id)])
		}
	}
}

func TestAnOrderThatSomebodyHoldsIsPassedOver(t *testing.T) {
	t.Parallel()
	s := start(t)
	place(t, s.api(t, kit.Fixed), 1, 1, 2)
	holder, err := s.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), `SELECT FROM outbox WHERE order_id = 1 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	s.workers(t)
	await(t, "the other order to be told", func() bool { return len(s.told(anything)) > 0 })
	if calls := s.told(anything); len(calls) != 1 || calls[0].order.ID != 2 {
		t.Errorf("told %+v, want order 2 alone", calls)
	}
	if err := holder.Rollback(context.Background()); err != nil {
		t.Fatal(err)
	}
	await(t, "the one that was held", func() bool { return len(s.told(func(c call) bool { return c.order.ID == 1 })) == 1 })
}

func TestASlowEndpointHoldsFiveWorkersAndNoOtherEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Fixed)
	slow := make(chan struct{})
	s.answers(func(c call) int {
		if c.order.Endpoint == 1 {
			<-slow
		}
		return http.StatusOK
	})
	s.workers(t)
	place(t, api, 1, 1, 2, 3, 4, 5, 6, 7, 8)
	first := func(c call) bool { return c.order.Endpoint == 1 }
	await(t, "five orders to be under way", func() bool { return len(s.told(first)) >= 5 })
	place(t, api, 2, 11, 12, 13, 14, 15, 16, 17, 18)
	await(t, "the orders of the other endpoint", func() bool { return s.count(t, `SELECT count(*) FROM outbox WHERE endpoint_id = 2`) == 0 })
	if n := len(s.told(first)); n != 5 {
		t.Errorf("%d orders of the slow endpoint are under way, want 5", n)
	}
	close(slow)
	await(t, "all orders", func() bool { return s.count(t, `SELECT count(*) FROM outbox`) == 0 })
	if n := len(s.told(anything)); n != 16 {
		t.Errorf("%d calls, want one of each of 16 orders", n)
	}
}

func TestTheTwelfthFailureIsTheLast(t *testing.T) {
	t.Parallel()
	s := start(t)
	place(t, s.api(t, kit.Fixed), 1, 1, 2)
	s.exec(t, `UPDATE outbox SET attempts = CASE order_id WHEN 1 THEN 11 ELSE 10 END`)
	s.answers(func(call) int { return http.StatusInternalServerError })
	workers := s.workers(t)
	await(t, "both orders to be given up", func() bool {
		return s.count(t, `SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND attempts = 12`) == 2
	})
	if one, two := s.told(func(c call) bool { return c.key == "order-1" }), s.told(func(c call) bool { return c.key == "order-2" }); len(one) != 1 || len(two) != 2 {
		t.Errorf("they were tried %d and %d times more, want 1 and 2", len(one), len(two))
	}
	if text := get(workers, "/metrics").Body.String(); !strings.Contains(text, "\nwebhooks_dead_total 2\n") {
		t.Errorf("the metrics do not tell of 2 dead orders:\n%s", text)
	}
	s.answers(func(call) int { return http.StatusOK })
	place(t, s.api(t, kit.Fixed), 2, 3) // whoever tells this one has had time for the dead
	await(t, "another order", func() bool { return s.count(t, waiting) == 0 })
	if n := s.count(t, `SELECT count(*) FROM outbox`); n != 2 || len(s.told(anything)) != 4 {
		t.Errorf("%d rows are left after %d calls, want the dead two, and 4", n, len(s.told(anything)))
	}
}

func TestAnEndpointThatFailsIsLeftAloneForAWhileAndHearsOfAllInTheEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Fixed)
	var ids []int
	for id := 1; id <= 100; id++ {
		ids = append(ids, id)
	}
	place(t, api, 1, ids...)
	s.answers(func(call) int { return http.StatusServiceUnavailable })
	s.workers(t)
	place(t, api, 2, 101)
	// Its circuit opens after five failures; the five workers may have begun a try each before they see it.
	await(t, "the circuit to open", func() bool { return len(s.told(func(c call) bool { return c.order.Endpoint == 1 })) >= 5 })
	if n := s.count(t, `SELECT count(*) FROM outbox WHERE endpoint_id = 1 AND attempts > 0`); n > 20 {
		t.Errorf("%d orders were tried at once, want few: the endpoint fails", n)
	}
	s.answers(func(call) int { return http.StatusOK })
	await(t, "all orders to be told", func() bool { return s.count(t, `SELECT count(*) FROM outbox`) == 0 })
}

func TestAnOrderThatComesAgainIsAcceptedAgainAndToldOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Fixed)
	place(t, api, 1, 7, 7)
	if n := s.count(t, waiting); n != 1 {
		t.Errorf("%d orders wait to be told, want 1", n)
	}
	await(t, "it to be in the backlog", func() bool {
		return strings.Contains(get(api, "/metrics").Body.String(), "\nwebhooks_backlog 1\n")
	})
	s.workers(t)
	await(t, "it to be told", func() bool { return s.count(t, waiting) == 0 })
	place(t, api, 1, 7)
	if n := s.count(t, waiting); n != 0 || len(s.told(anything)) != 1 {
		t.Errorf("%d wait after %d calls, want none after 1", n, len(s.told(anything)))
	}
}

func TestNaiveTellsWithinTheTransactionAndTakesTheOrderBackWhenItFails(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.api(t, kit.Naive)
	during := make(chan int, 8)
	s.answers(func(c call) int {
		during <- s.count(t, `SELECT count(*) FROM orders`)
		if c.order.ID == 2 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	place(t, api, 10, 1)
	if n := <-during; n != 0 || s.count(t, `SELECT count(*) FROM orders`) != 1 {
		t.Errorf("%d orders were there for others while the endpoint was told, want none, and one afterwards", n)
	}
	if code := post(api, "/orders", `{"id":2,"endpoint":10}`); code != http.StatusInternalServerError {
		t.Errorf("an order whose endpoint fails was answered with %d", code)
	}
	calls := s.told(func(c call) bool { return c.key == "order-2" })
	if n := s.count(t, `SELECT count(*) FROM orders`); n != 1 || len(calls) != 4 {
		t.Errorf("%d orders after %d calls, want 1 after 4", n, len(calls))
	}
}

func TestAReceiverTellsWhatArrived(t *testing.T) {
	t.Parallel()
	receiver := open(t, environment(kit.Fixed, "", map[string]string{"ROLE": "receiver"}))
	for _, row := range []struct {
		body string
		code int
	}{
		{`{"id":4,"at":"2020-01-01T00:00:00Z"}`, http.StatusOK}, {`{"id":4,"at":"2999-01-01T00:00:00Z"}`, http.StatusOK},
		{`{"id":0}`, http.StatusBadRequest}, {`{`, http.StatusBadRequest},
	} {
		if code := post(receiver, "/hooks/9", row.body); code != row.code {
			t.Errorf("%s was answered with %d, want %d", row.body, code, row.code)
		}
	}
	const want = "{\"version\":1}\n{\"seen\":4}\n{\"seen\":4}\n{\"end\":true}\n"
	if text := get(receiver, "/ledger").Body.String(); text != want {
		t.Errorf("the ledger is\n%s", text)
	}
	if text := get(receiver, "/metrics").Body.String(); !strings.Contains(text, "\nwebhooks_arrived_total 2\n") || !strings.Contains(text, "\nwebhooks_late_total 1\n") {
		t.Errorf("the metrics do not tell of two arrivals, one of them late:\n%s", text)
	}
}

func TestWhatIsNoOrderIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		api := s.api(t, variant)
		for _, body := range []string{`{`, `{}`, `{"id":1}`, `{"id":1,"endpoint":11}`, `{"id":-1,"endpoint":1}`, `{"id":1,"endpoint":1,"x":"` + strings.Repeat("x", 5000) + `"}`} {
			if code := post(api, "/orders", body); code != http.StatusBadRequest {
				t.Errorf("%s: %.30s was answered with %d", variant, body, code)
			}
		}
	}
	if n := s.count(t, `SELECT count(*) FROM orders`) + len(s.told(anything)); n != 0 {
		t.Errorf("%d orders and calls, want none", n)
	}
}

func TestASettingThatIsMissingOrUnknownIsNamed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		set  map[string]string
		want string
	}{
		{nil, "FIRST_URL is not set\nthe environment variable OTHERS_URL is not set"},
		{map[string]string{"FIRST_URL": "http://127.0.0.1:1"}, "OTHERS_URL is not set"},
		{map[string]string{"ROLE": "workers", "LONGEST_PAUSE": "long"}, `LONGEST_PAUSE is "long", which is not a time`},
		{map[string]string{"ROLE": "boss"}, `ROLE=boss is none of api, workers, receiver`},
	} {
		_, err := webhooks.Target().Open(t.Context(), environment(kit.Fixed, "postgres://x@127.0.0.1:1/x", row.set))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: got %v, want %s", row.set, err, row.want)
		}
	}
}
