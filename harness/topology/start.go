package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/site"
)

// stopTimeout bounds a whole stop, which runs on a context of its own.
const stopTimeout = 40 * time.Second

// Topology is a started topology.
type Topology struct {
	opts     Options
	provider provider
	site     *site.Site

	mu    sync.Mutex
	waves [][]*site.Node // in the order of their start

	stopping sync.Once
	stopped  error
}

// Site is what was started.
func (t *Topology) Site() *site.Site { return t.site }

// Start starts the topology of the experiment and returns when every node is ready. Whatever has started by then is
// stopped again when it fails.
func Start(ctx context.Context, opts Options) (_ *Topology, err error) {
	opts.warnings = &warnings{}
	opts.Progress = oneAtATime(opts.Progress)
	l, err := lay(opts, newAddresses(opts.RunID+opts.Beside))
	if err != nil {
		return nil, err
	}
	for _, w := range l.warnings {
		opts.warn(w)
	}
	for _, d := range l.dependencies {
		if password := d.Params[dependency.ParamPassword]; password != "" && opts.Secret != nil {
			opts.Secret(password)
		}
	}
	p, err := choose(ctx, opts, l.plan)
	if err != nil {
		return nil, err
	}
	t := &Topology{opts: opts, provider: p, site: &site.Site{Provider: p.name()}}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Stop(ctx))
		}
	}()
	if err := t.start(ctx, l); err != nil {
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w (%v)", ctx.Err(), err) // a client tells of the deadline of its socket instead
		}
		return nil, err
	}
	t.site.Nodes, t.site.Links = t.inFileOrder(l), l.links
	t.site.LoadEnv, t.site.LoadTexts, t.site.TargetURL = l.loadEnv, l.requests, l.targetURL()
	t.site.Warnings = opts.warnings.sorted()
	return t, nil
}

// oneAtATime lets nodes that start in parallel tell of it in turn.
func oneAtATime(progress func(string)) func(string) {
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		if progress != nil {
			progress(text)
		}
	}
}

func (t *Topology) start(ctx context.Context, l *layout) error {
	if err := t.startDependencies(ctx, l.dependencies); err != nil {
		return err
	}
	inner := func(k site.Link) bool { return k.From != site.Load }
	if err := openLinks(ctx, t.opts.Linker, l.links, inner); err != nil {
		return err
	}
	for i, d := range l.dependencies {
		if err := setUp(ctx, t.opts, t.provider, d, t.waves[0][i]); err != nil {
			return err
		}
	}
	for _, u := range l.urls {
		if err := reach(ctx, u); err != nil {
			return err
		}
	}
	for _, wave := range l.waves {
		if err := t.startServices(ctx, l, wave); err != nil {
			return err
		}
	}
	return openLinks(ctx, t.opts.Linker, l.links, func(k site.Link) bool { return !inner(k) })
}

func (t *Topology) startDependencies(ctx context.Context, plans []depPlan) error {
	wave := t.newWave(len(plans))
	return together(ctx, len(plans), func(ctx context.Context, i int) error {
		d := plans[i]
		began := time.Now()
		node, err := t.provider.startDependency(ctx, d)
		if err != nil {
			return fmt.Errorf("start %s: %w", d.Name, err)
		}
		t.put(wave, i, node)
		if d.Server != nil {
			if node.Version, err = d.Server.At(node.Address, node.Params).Version(ctx); err != nil {
				return fmt.Errorf("start %s: %w", d.Name, err)
			}
			if asked := d.Version; asked != "" && !sameVersion(asked, node.Version) {
				t.opts.warn(fmt.Sprintf("%s: %s %s asked, %s used", d.Name, d.Kind, asked, node.Version))
			}
		}
		t.ready(node, began)
		return nil
	})
}

func (t *Topology) startServices(ctx context.Context, l *layout, names []string) error {
	wave := t.newWave(len(names))
	return together(ctx, len(names), func(ctx context.Context, i int) error {
		at := slices.IndexFunc(l.services, func(s servicePlan) bool { return s.Name == names[i] })
		began := time.Now()
		node, err := t.provider.startService(ctx, l.services[at])
		if err != nil {
			return fmt.Errorf("start %s: %w", names[i], err)
		}
		node.Ready = l.services[at].Ready.HTTP
		t.put(wave, i, node)
		t.ready(node, began)
		return nil
	})
}

func (t *Topology) ready(n *site.Node, began time.Time) {
	what := n.Kind
	if n.Version != "" {
		what += " " + n.Version
	}
	t.opts.step(fmt.Sprintf("%s is ready: %s at %s, %d ms", n.Name, what, n.Address, time.Since(began).Milliseconds()))
}

func (t *Topology) newWave(size int) int {
	t.waves = append(t.waves, make([]*site.Node, size))
	return len(t.waves) - 1
}

func (t *Topology) put(wave, i int, n *site.Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waves[wave][i] = n
}

// inFileOrder lists the nodes as the experiment does: dependencies, then services, among them those that already ran.
func (t *Topology) inFileOrder(l *layout) []*site.Node {
	started := map[string]*site.Node{}
	for _, wave := range t.waves {
		for _, n := range wave {
			started[n.Name] = n
		}
	}
	for _, u := range l.urls {
		started[u.Name] = &site.Node{Name: u.Name, Role: "service", Kind: "url", Address: u.address}
	}
	var nodes []*site.Node
	for _, d := range l.exp.Dependencies {
		nodes = append(nodes, started[d.Name])
	}
	for _, s := range l.exp.Services {
		nodes = append(nodes, started[s.Name])
	}
	return nodes
}

// Stop stops everything in the reverse order of its start and removes what it had. It runs to its end even when ctx is
// done, and does its work once: further calls return the first one's error.
func (t *Topology) Stop(ctx context.Context) error {
	t.stopping.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		var problems []error
		for _, wave := range slices.Backward(t.waves) {
			problems = append(problems, t.stopWave(ctx, wave))
		}
		problems = append(problems, t.provider.close(ctx))
		t.stopped = errors.Join(problems...)
	})
	return t.stopped
}

func (t *Topology) stopWave(ctx context.Context, wave []*site.Node) error {
	problems := make([]error, len(wave))
	var all sync.WaitGroup
	for i, n := range wave {
		if n == nil {
			continue
		}
		all.Go(func() {
			before := logOf(ctx, n)
			if err := t.provider.stop(ctx, n); err != nil {
				problems[i] = fmt.Errorf("stop %s: %w", n.Name, err)
			}
			if err := t.keepLog(n.Name, longer(before, logOf(ctx, n))); err != nil {
				problems[i] = errors.Join(problems[i], err)
			}
		})
	}
	all.Wait()
	return errors.Join(problems...)
}

// together runs do for 0..n-1 at once, cancels the others at the first failure, waits for all, and returns that failure.
func together(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		all   sync.WaitGroup
		once  sync.Once
		first error
	)
	for i := range n {
		all.Go(func() {
			if err := do(ctx, i); err != nil {
				once.Do(func() { first = err; cancel() })
			}
		})
	}
	all.Wait()
	return first
}
