package restapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// naiveTraits are those of fixed with one planted regression, so that what a run finds is the regression.
// scenarios/restapi/experiment.yaml says what finds each.
func naiveTraits(env kit.Environment) (traits, error) {
	t, err := fixedTraits(env)
	switch r := env.Optional("REGRESSION"); r {
	case "", "noredistimeout":
		t.patience = 0 // a call of the cache waits for as long as the cache takes
	case "pool2":
		t.connections = 2 // enough until Postgres becomes a little slower
	case "dial":
		t.ask = func(*kit.Pool) kit.Querier { return dialer{env} }
	case "query":
		t.beforeItem = lookUp
	case "json":
		t.encode = encodeSlowly
	case "lock": // all need it; one request in a hundred holds it for 400 ms
		t.around = oneIn(100, func() { time.Sleep(400 * time.Millisecond) })
	case "leak": // one request in 29 leaves a kibibyte behind: 1 MiB a minute at 500/s
		var all *kept
		t.around = oneIn(29, func() { all = &kept{next: all} })
	default:
		err = fmt.Errorf("REGRESSION=%s: want noredistimeout, pool2, dial, query, json, lock or leak", r)
	}
	return t, err
}

// dialer opens a new Postgres connection for each query.
type dialer struct{ env kit.Environment }

func (d dialer) Query(ctx context.Context, sql string, args ...any) (kit.Rows, error) {
	conn, err := kit.Dial(ctx, d.env)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	return lastRows{rows, conn}, err
}

// lastRows close their connection with them.
type lastRows struct {
	kit.Rows
	conn *kit.Conn
}

func (r lastRows) Close() {
	r.Rows.Close()
	_ = r.conn.Close(context.Background()) // only tells Postgres that nobody listens any more
}

// lookUp makes one query more for each item that is read, past the cache.
func lookUp(ctx context.Context, q kit.Querier, id int64) error {
	_, err := kit.SelectOne[Item](ctx, q, itemSQL, id)
	return err
}

// encodeSlowly has the answer go through generic maps and indentation, eight times.
func encodeSlowly(value any) (text json.RawMessage, err error) {
	for range 8 {
		if text, err = json.MarshalIndent(value, "", "  "); err != nil {
			return nil, err
		}
		value = nil // a map is decoded into where one is
		if err = json.Unmarshal(text, &value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(value)
}

// oneIn has one request in n do something first, while the others wait.
func oneIn(n int64, do func()) func(routes http.Handler) http.Handler {
	var lock sync.RWMutex
	var requests atomic.Int64
	return func(routes http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1)%n == 0 {
				lock.Lock()
				do()
				lock.Unlock()
			}
			lock.RLock()
			defer lock.RUnlock()
			routes.ServeHTTP(w, r)
		})
	}
}

// kept is a kibibyte that nobody lets go of: with what Go writes before an object of this size, it fills its class of 1024 bytes.
type kept struct {
	next *kept
	_    [1000]byte
}
