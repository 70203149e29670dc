package fault

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// whole lives a fault through: watched, in force for a while, lifted, and a while after.
func whole(t *testing.T, i *Injector, f experiment.Fault, force time.Duration) *results.Effect {
	t.Helper()
	seen := i.Watch(t.Context(), f)
	time.Sleep(500 * time.Millisecond)
	start, err := i.Apply(t.Context(), f, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(force)
	removal, err := i.Lift(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	e := seen(start, removal.At)
	t.Logf("%s: %+v", f.Kind, e)
	return e
}

func TestWatchSeesTheEffectOfEveryKind(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(serveSizes))
	t.Cleanup(web.Close)
	nodes := map[string]*site.Node{
		"redis": startRedis(t),
		"http":  {Kind: "command", Ready: "/small", Address: web.Listener.Addr().String()},
		"mute": {Kind: "image", Address: server(t, func(conn *net.TCPConn) { // says nothing to anybody
			time.Sleep(10 * time.Second)
			_ = conn.Close()
		})},
	}
	for _, row := range []struct {
		node  string
		fault experiment.Fault
		check func(e *results.Effect) bool
	}{
		{"redis", experiment.Fault{Kind: "latency", Latency: 200 * time.Millisecond}, during(200)},
		{"http", experiment.Fault{Kind: "latency", Latency: 100 * time.Millisecond}, during(100)},
		{"mute", experiment.Fault{Kind: "latency", Latency: 100 * time.Millisecond}, during(100)},
		{"redis", experiment.Fault{Kind: "bandwidth", Rate: 100_000}, during(100)},
		{"http", experiment.Fault{Kind: "bandwidth", Rate: 5_000_000}, during(50)},
		{"redis", experiment.Fault{Kind: "timeout"}, share("answer")},
		{"mute", experiment.Fault{Kind: "timeout"}, share("answer")},
		{"http", experiment.Fault{Kind: "reset"}, share("answer")},
		{"redis", experiment.Fault{Kind: "down"}, share("connect")},
		{"mute", experiment.Fault{Kind: "down"}, share("connect")},
		{"redis", experiment.Fault{Kind: "loss", Share: 0.2}, lossOf},
	} {
		t.Run(row.fault.Kind+" on "+row.node, func(t *testing.T) {
			t.Parallel()
			node := *nodes[row.node]
			b := newBench(t, &node)
			e := whole(t, b.Injector, b.fault(row.fault), lasting(row.fault))
			if e == nil || !e.Seen || !row.check(e) {
				t.Errorf("effect %+v", e)
			}
			if n := b.proxy.Connections(t.Context(), linkName); n != 0 {
				t.Errorf("%d probes were counted", n)
			}
		})
	}
}

// during expects a median of at least so many milliseconds; how much more depends on the machine.
func during(ms float64) func(*results.Effect) bool {
	return func(e *results.Effect) bool {
		return e.What == "round trip" && e.Unit == "ms" && e.During >= ms && e.After < e.During
	}
}

// lossOf expects lost packets that were counted; how many they are is chance.
func lossOf(e *results.Effect) bool {
	return e.What == "packet loss" && e.During > 0 && e.After < e.During && strings.Contains(e.Note, " packets were lost, of the load's own 0 of 0; ")
}

func share(what string) func(*results.Effect) bool {
	return func(e *results.Effect) bool { return e.What == what && e.Before == 1 && e.During == 0 && e.After == 1 }
}

// diary notes what an injector asks of others.
type diary struct{ entries []string }

func (d *diary) NodeFault(_ context.Context, n *site.Node, expires time.Time) error {
	d.entries = append(d.entries, "expires "+n.Name)
	if expires.IsZero() {
		return errors.New("no expiry")
	}
	return nil
}

func (d *diary) NodeFaultLifted(_ context.Context, n *site.Node) error {
	d.entries = append(d.entries, "lifted "+n.Name)
	return nil
}

func onNode(f experiment.Fault) experiment.Fault {
	f.Name, f.Node = f.Kind, "node"
	return f
}

func nodeSite(n *site.Node) *site.Site {
	n.Name = "node"
	return &site.Site{Nodes: []*site.Node{n}}
}

func TestPauseFreezesANodeAndRegistersItsExpiryFirst(t *testing.T) {
	t.Parallel()
	i := NewInjector(nil, nodeSite(startRedis(t)), quiet(t))
	d := &diary{}
	i.Expirer = d
	e := whole(t, i, onNode(experiment.Fault{Kind: "pause", For: time.Minute}), 1200*time.Millisecond)
	if e == nil || !e.Seen || e.During != 0 || e.After != 1 {
		t.Errorf("effect %+v", e)
	}
	if diff := cmp.Diff([]string{"expires node", "lifted node"}, d.entries); diff != "" {
		t.Error(diff)
	}
}

func TestKillEndsANodeAndStartsItAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		span time.Duration
	}{
		{"after a while", 600 * time.Millisecond},
		{"at once", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := startRedis(t)
			c := redis.NewClient(&redis.Options{Addr: n.Address})
			defer c.Close()
			if err := c.Set(t.Context(), "key", "1", 0).Err(); err != nil {
				t.Fatal(err)
			}
			i := NewInjector(nil, nodeSite(n), quiet(t))
			e := whole(t, i, onNode(experiment.Fault{Kind: "kill", For: row.span}), row.span)
			if row.span > 0 && (e == nil || !e.Seen || e.After != 1) {
				t.Errorf("effect %+v", e)
			}
			if n, err := c.Exists(t.Context(), "key").Result(); err != nil || n != 0 {
				t.Errorf("after the restart %d keys, %v; want none", n, err)
			}
		})
	}
}

func TestRestartAsksANodeToEndAndStartsItAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		span time.Duration
	}{
		{"after a while", 600 * time.Millisecond},
		{"as soon as it has ended", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := startRedis(t)
			i := NewInjector(nil, nodeSite(n), quiet(t))
			before := n.Control.(*redisNode).cmd.Process.Pid
			e := whole(t, i, onNode(experiment.Fault{Kind: "restart", For: row.span}), row.span)
			if row.span > 0 && (e == nil || !e.Seen || e.After != 1) {
				t.Errorf("effect %+v", e)
			}
			if after := n.Control.(*redisNode).cmd.Process.Pid; after == before {
				t.Errorf("process %d is still there", before)
			}
		})
	}
}

// speaker runs a command on redis, and holds nothing but a word.
type speaker struct{ held *bool }

func (s speaker) Hold(_ context.Context, _ *site.Node, _ experiment.Fault, expires time.Time) (func(context.Context) error, error) {
	if time.Until(expires) < time.Second {
		return nil, errors.New("no expiry")
	}
	*s.held = true
	return func(context.Context) error { *s.held = false; return nil }, nil
}

func (s speaker) Holds(context.Context, *site.Node, experiment.Fault) (bool, error) {
	return *s.held, nil
}

func (speaker) Command(ctx context.Context, n *site.Node, words []string) error {
	c := redis.NewClient(&redis.Options{Addr: n.Address})
	defer c.Close()
	args := make([]any, 0, len(words))
	for _, w := range words {
		args = append(args, w)
	}
	return c.Do(ctx, args...).Err()
}

func TestCommandRunsOnANode(t *testing.T) {
	t.Parallel()
	n := startRedis(t)
	i := NewInjector(nil, nodeSite(n), quiet(t))
	f := onNode(experiment.Fault{Kind: "command", Run: []string{"SET", "key", "1"}})
	if _, err := i.Apply(t.Context(), f, time.Now()); err == nil {
		t.Error("a command ran without a commander")
	}
	if _, err := i.Lift(t.Context(), f); err != nil {
		t.Error(err)
	}
	i.Commander = speaker{}
	if e := whole(t, i, f, 0); e != nil {
		t.Errorf("effect %+v, want none", e)
	}
	c := redis.NewClient(&redis.Options{Addr: n.Address})
	defer c.Close()
	if got, err := c.Get(t.Context(), "key").Result(); err != nil || got != "1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestACommandCanBeHeld(t *testing.T) {
	t.Parallel()
	n := startRedis(t)
	i := NewInjector(nil, nodeSite(n), quiet(t))
	held := false
	i.Commander = speaker{&held}
	f := onNode(experiment.Fault{Kind: "command", Run: []string{"LOCK"}, Hold: time.Minute, For: time.Minute})
	e := whole(t, i, f, 1800*time.Millisecond)
	if e == nil || !e.Seen || e.Before != 0 || e.During != 1 || e.After != 0 || held {
		t.Errorf("effect %+v, held %v", e, held)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	b.site.Links = append(b.site.Links, site.Link{From: "a", To: "node", Address: b.node.Address})
	down := b.fault(experiment.Fault{Kind: "down"})
	for _, row := range []struct {
		name  string
		fault experiment.Fault
		is    error
	}{
		{"a fault that is not valid", b.fault(experiment.Fault{Kind: "bandwidth", Rate: -1}), ErrInvalid},
		{"a link that is not proxied", experiment.Fault{Name: "direct", Link: "a->node", Kind: "down", For: time.Second}, ErrDirect},
		{"a link that does not exist", experiment.Fault{Name: "nowhere", Link: "x->y", Kind: "down", For: time.Second}, nil},
		{"a node that does not exist", experiment.Fault{Name: "nobody", Node: "x", Kind: "pause", For: time.Second}, nil},
		{"a node that cannot be disconnected", experiment.Fault{Name: "lone", Node: "node", Kind: "disconnect", For: time.Second}, nil},
		{"a node that cannot be limited", experiment.Fault{Name: "small", Node: "node", Kind: "cpu-limit", CPUs: 1, For: time.Second}, nil},
		{"a node that cannot be paused", experiment.Fault{Name: "still", Node: "node", Kind: "pause", For: time.Second}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := b.Apply(t.Context(), row.fault, time.Now().Add(time.Minute))
			if err == nil || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got %v, want %v", err, row.is)
			}
		})
	}
	b.apply(t, down)
	if _, err := b.Apply(t.Context(), down, time.Now().Add(time.Minute)); err == nil {
		t.Error("a fault was applied twice")
	}
	b.lift(t, down)
}
