package timeouts

import (
	"context"
	"net/http"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// naive waits for as long as anything takes, and does again at once whatever failed.
type naive struct {
	*upstream
	client *http.Client
}

func newNaive(u *upstream) *naive {
	return &naive{upstream: u, client: http.DefaultClient} // what http.Get uses
}

func (n *naive) server() *http.Server { return &http.Server{} }

func (n *naive) admit(next http.Handler) http.Handler { return next }

// call tries up to four times, payments too, even for a client that has left.
func (n *naive) call(_ context.Context, method, path string, body []byte) (a kit.Answer, err error) {
	for range 1 + retries {
		if a, err = n.ask(context.Background(), n.client, method, path, body); err == nil {
			break
		}
	}
	return a, err
}
