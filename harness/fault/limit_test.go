package fault

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// limitedNode is a real redis whose limits are numbers alone: what a limit does is for the room of topologies to prove.
type limitedNode struct {
	*redisNode
	diary  *diary
	limit  float64
	times  uint64
	refuse error
}

func (l *limitedNode) Limit(_ context.Context, r site.Resource, amount float64, prepared func(site.Undo) error) error {
	if l.refuse != nil {
		return l.refuse
	}
	if err := prepared("as before"); err != nil {
		return err
	}
	l.diary.entries = append(l.diary.entries, "limited "+string(r))
	l.limit = amount
	return nil
}

func (l *limitedNode) Unlimit(_ context.Context, r site.Resource) error {
	l.diary.entries = append(l.diary.entries, "unlimited "+string(r))
	l.limit = 0
	return nil
}

func (l *limitedNode) Held(context.Context, site.Resource) (times, of uint64, err error) {
	if l.limit > 0 {
		l.times++
	}
	return l.times, 2 * l.times, nil
}

// Undo and Undone note what an injector registers.
func (d *diary) Undo(_ context.Context, fault string, how site.Undo, expires time.Time) error {
	d.entries = append(d.entries, fault+" ends "+string(how))
	if expires.IsZero() {
		return errors.New("no expiry")
	}
	return nil
}

func (d *diary) Undone(_ context.Context, fault string) error {
	d.entries = append(d.entries, fault+" is undone")
	return nil
}

func TestALimitRegistersItsExpiryFirstAndIsSeenWhereItHolds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault    experiment.Fault
		resource string
	}{
		{experiment.Fault{Kind: "cpu-limit", For: time.Minute, CPUs: 0.2}, "cpu"},
		{experiment.Fault{Kind: "memory-limit", For: time.Minute, Memory: 64 << 20}, "memory"},
	} {
		t.Run(row.fault.Kind, func(t *testing.T) {
			n := startRedis(t)
			d := &diary{}
			n.Control = &limitedNode{redisNode: n.Control.(*redisNode), diary: d}
			i := NewInjector(nil, nodeSite(n), quiet(t))
			i.Undoer = d
			e := whole(t, i, onNode(row.fault), 900*time.Millisecond)
			if e == nil || !e.Seen || e.Before != 0 || e.During < 0.3 || e.After > 0.1 {
				t.Errorf("effect %+v", e)
			}
			want := []string{
				row.fault.Kind + " ends as before", "limited " + row.resource, "unlimited " + row.resource, row.fault.Kind + " is undone",
			}
			if diff := cmp.Diff(want, d.entries); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// loneNode is a redis that is paused where another would be taken off its network.
type loneNode struct{ *redisNode }

func (l loneNode) Disconnect(ctx context.Context, prepared func(site.Undo) error) error {
	if err := prepared("connected"); err != nil {
		return err
	}
	return l.Pause(ctx)
}

func (l loneNode) Connect(ctx context.Context) error { return l.Resume(ctx) }

func TestADisconnectedNodeDoesNotAnswerUntilItIsBack(t *testing.T) {
	t.Parallel()
	n := startRedis(t)
	n.Control = loneNode{n.Control.(*redisNode)}
	i := NewInjector(nil, nodeSite(n), quiet(t))
	d := &diary{}
	i.Undoer = d
	e := whole(t, i, onNode(experiment.Fault{Kind: "disconnect", For: time.Minute}), 1200*time.Millisecond)
	if e == nil || !e.Seen || e.During != 0 || e.After != 1 {
		t.Errorf("effect %+v", e)
	}
	if diff := cmp.Diff([]string{"disconnect ends connected", "disconnect is undone"}, d.entries); diff != "" {
		t.Error(diff)
	}
}

func TestALimitThatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	n := startRedis(t)
	why := errors.New("it uses more")
	n.Control = &limitedNode{redisNode: n.Control.(*redisNode), diary: &diary{}, refuse: why}
	i := NewInjector(nil, nodeSite(n), quiet(t))
	f := onNode(experiment.Fault{Kind: "memory-limit", For: time.Minute, Memory: 64 << 20})
	if _, err := i.Apply(t.Context(), f, time.Now().Add(time.Minute)); !errors.Is(err, why) {
		t.Errorf("got %v, want the reason", err)
	}
	if _, err := i.Lift(t.Context(), f); err != nil {
		t.Error(err)
	}
}

func TestANodeThatDiedOfItsLimitIsStartedAgain(t *testing.T) {
	t.Parallel()
	n := startRedis(t)
	r := n.Control.(*redisNode)
	n.Control = &limitedNode{redisNode: r, diary: &diary{}}
	i := NewInjector(nil, nodeSite(n), quiet(t))
	f := onNode(experiment.Fault{Kind: "memory-limit", For: time.Minute, Memory: 64 << 20})
	if _, err := i.Apply(t.Context(), f, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := r.Kill(t.Context()); err != nil { // as the kernel would
		t.Fatal(err)
	}
	if _, err := i.Lift(t.Context(), f); err != nil {
		t.Error(err)
	}
	if got := (probe{protocol: ProtocolRedis, address: n.Address}).run(t.Context()); !got.Answered {
		t.Errorf("it does not answer: %s", got.Err)
	}
}

func TestTheEffectOfALimit(t *testing.T) {
	held := func(shares ...float64) (looks []ProbeResult) {
		for _, s := range shares {
			looks = append(looks, ProbeResult{Connected: true, Answered: true, Held: s})
		}
		return looks
	}
	for _, row := range []struct {
		name string
		seen Samples
		want results.Effect
	}{
		{"is the share of the time in which it held the node up", Samples{Before: held(0, 0), During: held(0.8, 1), After: held(0)},
			results.Effect{Seen: true, During: 0.9, Added: 0.9, Probes: 2}},
		{"is not seen where the node needs less", Samples{Before: held(0), During: held(0, 0), After: held(0)},
			results.Effect{Probes: 2, Note: "it did not come to the limit", Idle: true}},
		{"is more than that of the limit which the node has anyway", Samples{Before: held(0.1), During: held(0.6), After: held(0.1)},
			results.Effect{Seen: true, Before: 0.1, During: 0.6, After: 0.1, Added: 0.5, Probes: 1}},
		{"can't be told where nobody counts", Samples{During: []ProbeResult{{Err: "no group"}}},
			results.Effect{Probes: 1, Note: "no group"}},
		{"can't be told where nobody looked", Samples{}, results.Effect{Note: "no probe during"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.want.What, row.want.Unit = "held up", "share"
			for _, f := range []experiment.Fault{{Kind: "cpu-limit", CPUs: 1}, {Kind: "memory-limit", Memory: 1}} {
				if diff := cmp.Diff(&row.want, Effect(f, row.seen), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestCountersOfALimitMayBeginAnew(t *testing.T) {
	n := &counted{}
	look := heldUp(n, site.CPU)
	var got []float64
	for _, c := range [][2]uint64{{5, 10}, {5, 20}, {8, 24}, {0, 0}, {1, 2}} {
		n.times, n.of = c[0], c[1]
		var seen ProbeResult
		if err := look(t.Context(), &seen); err != nil {
			t.Fatal(err)
		}
		got = append(got, seen.Held)
	}
	if want := []float64{0, 0, 0.75, 0, 0.5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

type counted struct {
	site.Limiter
	times, of uint64
}

func (c *counted) Held(context.Context, site.Resource) (times, of uint64, err error) {
	return c.times, c.of, nil
}
