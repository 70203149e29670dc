// Package targets lists the reference services. Each reproduces a well-known incident in two variants, naive with the bug
// and fixed without it; they are what the harness is proven on and the examples that users copy.
package targets

import (
	"github.com/devcraft-studio/brunt/targets/auth"
	"github.com/devcraft-studio/brunt/targets/cache"
	"github.com/devcraft-studio/brunt/targets/jsonb"
	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/leak"
	"github.com/devcraft-studio/brunt/targets/missingindex"
	"github.com/devcraft-studio/brunt/targets/nplusone"
	"github.com/devcraft-studio/brunt/targets/ratelimit"
	"github.com/devcraft-studio/brunt/targets/restapi"
	"github.com/devcraft-studio/brunt/targets/timeouts"
	"github.com/devcraft-studio/brunt/targets/webhooks"
)

// All returns every reference target, sorted by name.
func All() []kit.Target {
	return []kit.Target{
		auth.Target(),
		cache.Target(),
		jsonb.Target(),
		leak.Target(),
		missingindex.Target(),
		nplusone.Target(),
		ratelimit.Target(),
		restapi.Target(),
		timeouts.Target(),
		webhooks.Target(),
	}
}
