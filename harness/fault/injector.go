package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

var (
	// ErrDirect is a fault on a link that does not run through the proxy.
	ErrDirect = errors.New("the link is not proxied")
	// ErrUnconfirmed is a fault that was lifted, but whose effect a probe still sees.
	ErrUnconfirmed = errors.New("the removal is not confirmed")
)

const (
	climbTime   = 12 * time.Second // the whole ladder
	confirmTime = 2 * time.Second  // for a probe to see that a fault is gone
	confirmGap  = 10 * time.Millisecond
	soundTrip   = 25 * time.Millisecond // a round trip of this length says nothing of a fault, on a busy machine
	lostRoom    = 64
)

// Removal is a confirmed end of a fault.
type Removal struct {
	At time.Time // when it was confirmed; for a fault that had ended by itself, when that was
	// Ladder lists the steps beyond a plain removal that were needed: cut (connections whose peers did not read were
	// reset), disable, delete, restart.
	Ladder []string
}

// LostFault is a fault that ended before it was lifted.
type LostFault struct {
	Name       string
	Occurrence int // of a repeated fault, from 1
	At         time.Time
	Reason     string
}

// Injector applies and lifts the faults of a site. Its methods may be called concurrently, for different faults.
// Commander, Expirer, Undoer and Seed are set before its first use.
type Injector struct {
	Commander Commander // needed by faults of kind command
	Expirer   Expirer   // nil: a pause ends only by being lifted
	Undoer    Undoer    // nil: other faults of nodes end only by being lifted
	Seed      int64     // of the run: the same one gives the same jitter and meets the same shares

	proxy *Proxy
	site  *site.Site
	log   *slog.Logger
	lost  chan LostFault

	answers answers

	mu     sync.Mutex
	active map[string]*standing
	lifts  map[string]time.Time // when lifting a fault began, or it ended by itself
	told   map[string]outcome   // by faults that were lifted

	sound map[string][]ProbeResult // by name and place: the last probes that saw what a fault acts on before one of its times
}

// id tells the times of a repeated fault apart.
func id(f experiment.Fault) string {
	if f.Occurrence == 0 {
		return f.Name
	}
	return fmt.Sprintf("%s (%d)", f.Name, f.Occurrence)
}

// standing is a fault in force, or one of which that is not certain.
type standing struct {
	fault   experiment.Fault
	struck  bool                        // it happened at once, and there is nothing left of it in the proxy
	stops   bool                        // its node does not answer
	release func(context.Context) error // of a command that is held
	lifting bool                        // what ends it now does so on purpose
	ended   time.Time                   // when it ended by itself
}

// NewInjector returns an injector for a started site. The proxy is nil when none of its links is proxied; else it
// serves one injector at a time.
func NewInjector(p *Proxy, s *site.Site, logger *slog.Logger) *Injector {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	i := &Injector{
		proxy: p, site: s, log: logger, lost: make(chan LostFault, lostRoom),
		active: map[string]*standing{}, lifts: map[string]time.Time{}, told: map[string]outcome{},
		sound: map[string][]ProbeResult{},
	}
	if p != nil {
		p.subscribe(i.proxyLost, i.expired)
	}
	return i
}

// Lost yields every fault that ended before it was lifted, because it expired or because the proxy died.
func (i *Injector) Lost() <-chan LostFault { return i.lost }

// Apply brings a fault into force and returns the moment it was. A link's fault ends by itself at expires, whatever becomes
// of the caller, and so do a pause and a limit. Every fault has to be lifted, also one that strikes but once (then right away),
// and one whose Apply failed, since it may be in force.
func (i *Injector) Apply(ctx context.Context, f experiment.Fault, expires time.Time) (time.Time, error) {
	if err := Validate(f); err != nil {
		return time.Time{}, err
	}
	k, _ := KindNamed(f.Kind)
	i.mu.Lock()
	if i.active[id(f)] != nil {
		i.mu.Unlock()
		return time.Time{}, fmt.Errorf("fault %s is already in force", id(f))
	}
	i.active[id(f)] = &standing{fault: f, struck: f.For == 0, stops: k.stops}
	delete(i.told, id(f)) // of an earlier time, when a script asks for it again
	i.mu.Unlock()
	at, err := i.begin(ctx, k, f, expires)
	if err != nil {
		return time.Time{}, fmt.Errorf("apply fault %s: %w", f.Name, err)
	}
	i.log.Debug("fault in force", "fault", f.Name, "kind", f.Kind)
	return at, nil
}

func (i *Injector) begin(ctx context.Context, k Kind, f experiment.Fault, expires time.Time) (time.Time, error) {
	if k.On == OnNode {
		n := i.site.Node(f.Node)
		if n == nil {
			return time.Time{}, fmt.Errorf("no node %s", f.Node)
		}
		err := k.begin(ctx, i, n, f, expires)
		return time.Now(), err
	}
	if _, err := i.proxied(f.Link); err != nil {
		return time.Time{}, err
	}
	s := k.strength(f)
	s.Key = scheduleKey(i.Seed, f)
	resp, err := i.proxy.call(ctx, request{
		Op: opApply, Link: f.Link, Fault: id(f), Strength: s, Once: f.For == 0, Expires: expires.UnixNano(),
	})
	if err != nil {
		return time.Time{}, err
	}
	if resp.Pending > 0 {
		i.log.Warn("connections whose peers do not read are not yet under the fault", "fault", f.Name, "connections", resp.Pending)
	}
	return time.Unix(0, resp.At), nil
}

// proxied returns a link that runs through the proxy.
func (i *Injector) proxied(name string) (site.Link, error) {
	link, ok := i.site.Link(name)
	switch {
	case !ok:
		return site.Link{}, fmt.Errorf("no link %s", name)
	case !link.Proxied || i.proxy == nil:
		return site.Link{}, fmt.Errorf("link %s: %w", name, ErrDirect)
	}
	return link, nil
}

// Lift ends a fault and returns when that is confirmed: the proxy has no trace of it, and a probe through the link
// sees none either, unless another fault is in force there. A fault that is not in force is lifted already.
func (i *Injector) Lift(ctx context.Context, f experiment.Fault) (Removal, error) {
	i.mu.Lock()
	st := i.active[id(f)]
	if st == nil {
		i.mu.Unlock()
		return Removal{At: time.Now()}, nil
	}
	st.lifting = true
	ended := st.ended
	if ended.IsZero() {
		i.lifts[id(f)] = time.Now()
	}
	i.mu.Unlock()
	if !ended.IsZero() {
		i.drop(id(f))
		return Removal{At: ended}, nil
	}
	removal, err := i.end(ctx, st)
	if err != nil {
		return removal, fmt.Errorf("lift fault %s: %w", f.Name, err)
	}
	i.drop(id(f))
	i.log.Debug("fault lifted", "fault", f.Name, "ladder", removal.Ladder)
	return removal, nil
}

func (i *Injector) drop(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.active, name)
}

func (i *Injector) end(ctx context.Context, st *standing) (Removal, error) {
	k, _ := KindNamed(st.fault.Kind)
	if k.On == OnNode {
		n := i.site.Node(st.fault.Node)
		if n == nil {
			return Removal{At: time.Now()}, nil // it never began
		}
		err := k.end(ctx, i, n, st.fault)
		return Removal{At: time.Now()}, err
	}
	link, err := i.proxied(st.fault.Link)
	if err != nil || st.struck {
		return Removal{At: time.Now()}, nil // it never began, or it is over
	}
	how, ok := i.proxy.opened(link.Name())
	if !ok {
		return Removal{At: time.Now()}, nil
	}
	// A caller that has no time left still wants the fault to end.
	climbing, cancel := context.WithTimeout(context.WithoutCancel(ctx), climbTime)
	defer cancel()
	e, err := climb(climbing, i.proxy, how, id(st.fault))
	i.keep(st.fault, e.outcome)
	if e.took(stepDelete) && !e.took(stepRestart) {
		i.lose(e.at, "its link was opened again to lift fault "+st.fault.Name, func(f experiment.Fault) bool { return f.Link == link.Name() })
	}
	if err != nil {
		return Removal{At: e.at, Ladder: e.ladder}, err
	}
	at, err := i.confirm(ctx, k, st.fault, link)
	if at.IsZero() {
		at = e.at
	}
	return Removal{At: at, Ladder: e.ladder}, err
}

// confirm looks through the link itself, without the upstream, which may have troubles of its own by now. It returns
// when a probe sees nothing of the fault, and the zero time when other faults hide the view.
func (i *Injector) confirm(ctx context.Context, k Kind, f experiment.Fault, link site.Link) (time.Time, error) {
	if i.disturbed(link.Name(), id(f)) {
		return time.Time{}, nil
	}
	p := echoProbe(link, f)
	limit := soundTrip
	if k.expect != nil {
		limit = max(limit, time.Duration(seenShare*float64(k.expect(f, p.bytes))))
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTime)
	defer cancel()
	for {
		r := p.run(ctx)
		if r.Answered && r.Resent == 0 && (k.expect == nil || r.RoundTrip < limit) {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			if i.disturbed(link.Name(), id(f)) {
				return time.Time{}, nil // another fault began meanwhile
			}
			return time.Time{}, fmt.Errorf("%w: the last probe took %s (%s)", ErrUnconfirmed, r.Took.Round(time.Millisecond), r.Err)
		case <-time.After(confirmGap):
		}
	}
}

// disturbed tells whether another fault is in force on the link.
func (i *Injector) disturbed(link, but string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, st := range i.active {
		if name != but && st.fault.Link == link && st.ended.IsZero() && !st.struck {
			return true
		}
	}
	return false
}

// stopped tells whether a fault in force keeps the node from answering.
func (i *Injector) stopped(node string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, st := range i.active {
		if st.fault.Node == node && st.stops {
			return true
		}
	}
	return false
}

// answersAgain tells whether a node answers, within confirmTime.
func (i *Injector) answersAgain(ctx context.Context, n *site.Node) bool {
	ctx, cancel := context.WithTimeout(ctx, confirmTime)
	defer cancel()
	p := probe{protocol: protocolOf(n), address: n.Address, path: n.Ready}
	for ctx.Err() == nil {
		if p.run(ctx).Answered {
			return true
		}
		select {
		case <-ctx.Done():
		case <-time.After(confirmGap):
		}
	}
	return false
}

// untouched is when a fault was in full force for the last time: its removal begins earlier than it is confirmed.
func (i *Injector) untouched(f experiment.Fault) time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.lifts[id(f)]
}

func (i *Injector) keep(f experiment.Fault, o outcome) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.told[id(f)] = o
}

// outcome is what a fault that was lifted told of the load.
func (i *Injector) outcome(f experiment.Fault) outcome {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.told[id(f)]
}

// proxyLost is told by the proxy that its child died with everything in it.
func (i *Injector) proxyLost(at time.Time, reason string) {
	i.lose(at, reason, func(f experiment.Fault) bool { return f.Link != "" })
}

// expired is told by the proxy that its child has ended a fault by itself.
func (i *Injector) expired(fault string, at time.Time) {
	i.lose(at, "it expired", func(f experiment.Fault) bool { return id(f) == fault })
}

// lose notes the end of faults that nobody lifts at the moment.
func (i *Injector) lose(at time.Time, reason string, which func(experiment.Fault) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, st := range i.active {
		if st.lifting || st.struck || !st.ended.IsZero() || !which(st.fault) {
			continue
		}
		st.ended, i.lifts[name] = at, at
		i.log.Warn("a fault ended early", "fault", name, "reason", reason)
		select {
		case i.lost <- LostFault{Name: st.fault.Name, Occurrence: st.fault.Occurrence, At: at, Reason: reason}:
		default:
			i.log.Error("nobody asks for lost faults", "fault", name)
		}
	}
}
