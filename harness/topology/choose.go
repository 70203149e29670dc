package topology

import (
	"context"
	"fmt"
	"strings"
)

// choose returns the provider that was asked for, prepared to start the plan. Under auto that is docker if its engine
// answers and everything the plan needs can be had, else local; which and why is said, and kept as a warning.
func choose(ctx context.Context, opts Options, p plan) (provider, error) {
	switch opts.Provider {
	case ProviderDocker:
		return prepared(ctx, opts, p, newDocker)
	case ProviderLocal:
		return prepared(ctx, opts, p, newLocal)
	case "", ProviderAuto:
	default:
		return nil, fmt.Errorf("no provider is named %q (there are: auto, docker, local)", opts.Provider)
	}
	if len(p.dependencies)+len(p.services) == 0 {
		return prepared(ctx, opts, p, newLocal) // nothing to start: no engine needs to be asked
	}
	chosen, dockerErr := prepared(ctx, opts, p, newDocker)
	if dockerErr == nil {
		return chosen, nil
	}
	if ctx.Err() != nil {
		return nil, dockerErr
	}
	chosen, localErr := prepared(ctx, opts, p, newLocal)
	if localErr != nil {
		return nil, &NoProviderError{Docker: dockerErr, Local: localErr}
	}
	opts.warn(fmt.Sprintf("provider local is used because docker cannot be: %s", firstLine(dockerErr)))
	return chosen, nil
}

func prepared(ctx context.Context, opts Options, p plan, make func(context.Context, Options) (provider, error)) (provider, error) {
	chosen, err := make(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := chosen.prepare(ctx, p); err != nil {
		_ = chosen.close(context.WithoutCancel(ctx)) // nothing has started; what counts is why
		return nil, err
	}
	opts.step("provider " + chosen.name())
	return chosen, nil
}

// NoProviderError says why neither provider can start the topology.
type NoProviderError struct{ Docker, Local error }

func (e *NoProviderError) Error() string {
	return fmt.Sprintf("no provider can start this topology: docker: %v; local: %v", e.Docker, e.Local)
}

func (e *NoProviderError) Unwrap() []error { return []error{e.Docker, e.Local} }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// sameVersion says whether a version as the server says it ("15.18") is one that was asked for ("15", "15.18").
func sameVersion(asked, used string) bool {
	asked, _, _ = strings.Cut(asked, "-") // "17-alpine" is an image of 17
	return used == asked || strings.HasPrefix(used, asked+".")
}
