package restapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// fixedTraits are those of a catalogue without regressions: one pool, one query a request, and a cache that may be slow or gone
// without anyone noticing more than 50 ms.
func fixedTraits(env kit.Environment) (traits, error) {
	if r := env.Optional("REGRESSION"); r != "" && env.Variant == kit.Fixed {
		env.Logger.Warn("the fixed variant has no regressions: REGRESSION is ignored", "regression", r)
	}
	return traits{
		connections: kit.PoolSize,
		patience:    50 * time.Millisecond,
		ask:         func(pool *kit.Pool) kit.Querier { return pool },
		beforeItem:  func(context.Context, kit.Querier, int64) error { return nil },
		around:      func(routes http.Handler) http.Handler { return routes },
		encode:      func(value any) (json.RawMessage, error) { return json.Marshal(value) },
	}, nil
}
