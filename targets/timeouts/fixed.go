package timeouts

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	mostInFlight = 300 // requests at a time; the others are told to come again
	mostConns    = 200 // to the upstream
	failures     = 10  // in a row, and the circuit opens
	budgetShare  = 0.1 // of the calls may be made again
	budgetMost   = 10  // retries at once, after a time without any
)

var errOpen = errors.New("the circuit is open")

// fixed waits for so long and no longer, and does again what may be done twice, within a budget.
type fixed struct {
	*upstream
	client  *http.Client
	second  time.Duration
	circuit *kit.Circuit
	budget  *kit.Budget
	places  chan struct{}
}

func newFixed(u *upstream, second time.Duration) *fixed {
	return &fixed{
		upstream: u, second: second,
		client: &http.Client{Timeout: 8 * second, Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 3 * second}).DialContext,
			TLSHandshakeTimeout:   3 * second,
			ResponseHeaderTimeout: 5 * second,
			IdleConnTimeout:       90 * second,
			MaxIdleConnsPerHost:   mostConns,
			MaxConnsPerHost:       mostConns,
		}},
		circuit: kit.NewCircuit(failures, second, time.Now),
		budget:  kit.NewBudget(budgetShare, budgetMost),
		places:  make(chan struct{}, mostInFlight),
	}
}

func (f *fixed) server() *http.Server {
	return &http.Server{
		ReadHeaderTimeout: 5 * f.second,
		ReadTimeout:       15 * f.second,
		WriteTimeout:      20 * f.second,
		IdleTimeout:       60 * f.second,
	}
}

// admit answers at once what there is no place for: waiting would only move the queue.
func (f *fixed) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case f.places <- struct{}{}:
			defer func() { <-f.places }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too much at a time", http.StatusServiceUnavailable)
		}
	})
}

// call tries again what may be done twice, as long as the budget and the client's time last.
func (f *fixed) call(ctx context.Context, method, path string, body []byte) (a kit.Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.client.Timeout) // of all tries together
	defer cancel()
	f.budget.Earn()
	a, err = f.try(ctx, method, path, body)
	for n := 1; n <= retries && again(method, err) && f.budget.Spend() && f.rest(ctx, n); n++ {
		a, err = f.try(ctx, method, path, body)
	}
	return a, err
}

// again says what may be done twice: a payment whose answer was lost may have been made.
func again(method string, err error) bool {
	return err != nil && method == http.MethodGet && !errors.Is(err, errOpen)
}

func (f *fixed) try(ctx context.Context, method, path string, body []byte) (kit.Answer, error) {
	if !f.circuit.Allow() {
		return kit.Answer{}, errOpen
	}
	a, err := f.ask(ctx, f.client, method, path, body)
	f.circuit.Report(err == nil)
	return a, err
}

// rest waits up to a twentieth of a second, then a tenth and so on, at random: who failed together does not come back together.
func (f *fixed) rest(ctx context.Context, failures int) bool {
	return kit.Rest(ctx, kit.Backoff(f.second/20, f.second, failures))
}
