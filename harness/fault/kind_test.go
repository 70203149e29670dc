package fault

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

func TestValidateRefusesWhatTheMechanismCannotTake(t *testing.T) {
	link := func(f experiment.Fault) experiment.Fault {
		f.Name, f.Link = "f", "a->b"
		return f
	}
	node := func(f experiment.Fault) experiment.Fault {
		f.Name, f.Node = "f", "b"
		return f
	}
	const s, ms = time.Second, time.Millisecond
	for _, row := range []struct {
		name  string
		fault experiment.Fault
		field string // empty: taken
	}{
		{"latency", link(experiment.Fault{Kind: "latency", For: s, Latency: 200 * ms, Jitter: 20 * ms}), ""},
		{"latency of nothing", link(experiment.Fault{Kind: "latency", For: s}), "latency"},
		{"negative latency", link(experiment.Fault{Kind: "latency", For: s, Latency: -ms}), "latency"},
		{"latency finer than a millisecond", link(experiment.Fault{Kind: "latency", For: s, Latency: 900 * time.Microsecond}), "latency"},
		{"latency without end", link(experiment.Fault{Kind: "latency", For: s, Latency: 2 * time.Hour}), "latency"},
		{"negative jitter", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Jitter: -ms}), "jitter"},
		{"jitter beyond the latency", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Jitter: 2 * ms}), "jitter"},
		{"a jitter beyond the latency with a long tail", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Jitter: 2 * ms, Distribution: "pareto"}), ""},
		{"a jitter without end", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Jitter: 2 * time.Hour, Distribution: "pareto"}), "jitter"},
		{"a distribution that is not known", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Jitter: ms, Distribution: "cauchy"}), "distribution"},
		{"a distribution of nothing", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Distribution: "normal"}), "distribution"},
		{"latency that grows", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Ramp: s}), ""},
		{"latency that grows beyond its end", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Ramp: 2 * s}), "ramp"},
		{"latency that grows backwards", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Ramp: -s}), "ramp"},
		{"bandwidth that grows", link(experiment.Fault{Kind: "bandwidth", For: s, Rate: 1000, Ramp: s}), "ramp"},
		{"connect-blackhole", link(experiment.Fault{Kind: "connect-blackhole", For: s}), ""},
		{"connect-blackhole with a delay", link(experiment.Fault{Kind: "connect-blackhole", For: s, Delay: ms}), "delay"},
		{"connect-delay", link(experiment.Fault{Kind: "connect-delay", For: s, Delay: ms}), ""},
		{"connect-delay of nothing", link(experiment.Fault{Kind: "connect-delay", For: s}), "delay"},
		{"connect-delay without end", link(experiment.Fault{Kind: "connect-delay", For: s, Delay: 2 * time.Hour}), "delay"},
		{"stall", link(experiment.Fault{Kind: "stall", For: s, Share: 0.05, Delay: s}), ""},
		{"stall until the end", link(experiment.Fault{Kind: "stall", For: s, Share: 1}), ""},
		{"stall of nothing", link(experiment.Fault{Kind: "stall", For: s}), "share"},
		{"stall of more than all", link(experiment.Fault{Kind: "stall", For: s, Share: 1.5}), "share"},
		{"slicer", link(experiment.Fault{Kind: "slicer", For: s, Bytes: 10, Delay: ms}), ""},
		{"slicer {}, on which Toxiproxy's overflows its stack", link(experiment.Fault{Kind: "slicer", For: s}), "bytes"},
		{"slicer without a delay", link(experiment.Fault{Kind: "slicer", For: s, Bytes: 10}), "delay"},
		{"slicer of large pieces", link(experiment.Fault{Kind: "slicer", For: s, Bytes: 1 << 20, Delay: ms}), "bytes"},
		{"limit-data", link(experiment.Fault{Kind: "limit-data", For: s, Bytes: 10}), ""},
		{"limit-data of nothing", link(experiment.Fault{Kind: "limit-data", For: s}), "bytes"},
		{"limit-data beyond what a probe meets", link(experiment.Fault{Kind: "limit-data", For: s, Bytes: 2 << 20}), "bytes"},
		{"slow-close", link(experiment.Fault{Kind: "slow-close", For: s, Delay: ms}), ""},
		{"slow-close at once", link(experiment.Fault{Kind: "slow-close", For: s}), "delay"},
		{"loss", link(experiment.Fault{Kind: "loss", For: s, Share: 0.05}), ""},
		{"loss of nothing", link(experiment.Fault{Kind: "loss", For: s}), "share"},
		{"loss that would hardly be seen", link(experiment.Fault{Kind: "loss", For: s, Share: 0.0001}), "share"},
		{"loss beyond what a connection bears", link(experiment.Fault{Kind: "loss", For: s, Share: 0.51}), "share"},
		{"loss with a delay", link(experiment.Fault{Kind: "loss", For: s, Share: 0.05, Delay: ms}), "delay"},
		{"latency that does not last", link(experiment.Fault{Kind: "latency", Latency: ms}), "for"},
		{"latency that ends before it begins", link(experiment.Fault{Kind: "latency", For: -s, Latency: ms}), "for"},
		{"latency on a node", node(experiment.Fault{Kind: "latency", For: s, Latency: ms}), "link"},
		{"latency with a rate", link(experiment.Fault{Kind: "latency", For: s, Latency: ms, Rate: 1}), "rate"},
		{"bandwidth", link(experiment.Fault{Kind: "bandwidth", For: s, Rate: 1000}), ""},
		{"bandwidth of nothing", link(experiment.Fault{Kind: "bandwidth", For: s}), "rate"},
		{"negative bandwidth", link(experiment.Fault{Kind: "bandwidth", For: s, Rate: -1}), "rate"},
		{"bandwidth below what can be held", link(experiment.Fault{Kind: "bandwidth", For: s, Rate: 999}), "rate"},
		{"bandwidth beyond any link", link(experiment.Fault{Kind: "bandwidth", For: s, Rate: 1 << 62}), "rate"},
		{"timeout", link(experiment.Fault{Kind: "timeout", For: s}), ""},
		{"timeout that does not last", link(experiment.Fault{Kind: "timeout"}), "for"},
		{"reset", link(experiment.Fault{Kind: "reset", For: s}), ""},
		{"reset that strikes once", link(experiment.Fault{Kind: "reset"}), ""},
		{"down", link(experiment.Fault{Kind: "down", For: s}), ""},
		{"down with a latency", link(experiment.Fault{Kind: "down", For: s, Latency: ms}), "latency"},
		{"pause", node(experiment.Fault{Kind: "pause", For: s}), ""},
		{"pause that does not last", node(experiment.Fault{Kind: "pause"}), "for"},
		{"pause of a link", link(experiment.Fault{Kind: "pause", For: s}), "on"},
		{"kill", node(experiment.Fault{Kind: "kill", For: s}), ""},
		{"kill that strikes once", node(experiment.Fault{Kind: "kill"}), ""},
		{"restart", node(experiment.Fault{Kind: "restart", For: s}), ""},
		{"restart at once", node(experiment.Fault{Kind: "restart"}), ""},
		{"restart of a link", link(experiment.Fault{Kind: "restart", For: s}), "on"},
		{"cpu-limit", node(experiment.Fault{Kind: "cpu-limit", For: s, CPUs: 0.2}), ""},
		{"cpu-limit of nothing", node(experiment.Fault{Kind: "cpu-limit", For: s}), "cpus"},
		{"negative cpu-limit", node(experiment.Fault{Kind: "cpu-limit", For: s, CPUs: -1}), "cpus"},
		{"cpu-limit below what an engine takes", node(experiment.Fault{Kind: "cpu-limit", For: s, CPUs: 0.009}), "cpus"},
		{"cpu-limit that does not last", node(experiment.Fault{Kind: "cpu-limit", CPUs: 1}), "for"},
		{"cpu-limit with memory", node(experiment.Fault{Kind: "cpu-limit", For: s, CPUs: 1, Memory: 1 << 30}), "memory"},
		{"memory-limit", node(experiment.Fault{Kind: "memory-limit", For: s, Memory: 64 << 20}), ""},
		{"memory-limit below what an engine takes", node(experiment.Fault{Kind: "memory-limit", For: s, Memory: 6<<20 - 1}), "memory"},
		{"memory-limit of a link", link(experiment.Fault{Kind: "memory-limit", For: s, Memory: 64 << 20}), "on"},
		{"command", node(experiment.Fault{Kind: "command", Run: []string{"DEL", "top"}}), ""},
		{"command that is held", node(experiment.Fault{Kind: "command", Run: []string{"LOCK TABLE items"}, Hold: s, For: s}), ""},
		{"command that is held for a negative time", node(experiment.Fault{Kind: "command", Run: []string{"x"}, Hold: -s}), "for"},
		{"command that lasts longer than it is held", node(experiment.Fault{Kind: "command", Run: []string{"x"}, Hold: s, For: 2 * s}), "for"},
		{"disconnect", node(experiment.Fault{Kind: "disconnect", For: s}), ""},
		{"disconnect that does not last", node(experiment.Fault{Kind: "disconnect"}), "for"},
		{"disconnect of a link", link(experiment.Fault{Kind: "disconnect", For: s}), "on"},
		{"command without words", node(experiment.Fault{Kind: "command"}), "run"},
		{"command that lasts", node(experiment.Fault{Kind: "command", For: s, Run: []string{"x"}}), "for"},
		{"a kind that is not known", link(experiment.Fault{Kind: "gremlin", For: s}), "kind"},
		{"a fault without a name", experiment.Fault{Kind: "down", Link: "a->b", For: s}, "name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := Validate(row.fault)
			var attribute *AttributeError
			field := ""
			if errors.As(err, &attribute) {
				field = attribute.Field
			}
			if field != row.field || (err != nil) != (row.field != "") || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want it to name %q", err, row.field)
			}
		})
	}
}

func TestKindsAreComplete(t *testing.T) {
	for _, k := range Kinds {
		link := k.strength != nil && k.begin == nil && k.end == nil
		node := k.strength == nil && k.begin != nil && k.end != nil
		if k.Name == "" || k.What == "" || k.Span == "" || k.judge == nil || k.On == OnLink && !link || k.On == OnNode && !node {
			t.Errorf("kind %q lacks a part", k.Name)
		}
	}
}

func TestFaultsOfALinkCombine(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		name string
		a, b strength
		want burden
		each int // faults that act on single chunks
	}{
		{"the lower rate holds", strength{Rate: 5}, strength{Rate: 3}, burden{rate: 3}, 0},
		{"a rate holds against none", strength{Rate: 5}, strength{}, burden{rate: 5}, 0},
		{"any hold, reset and down is enough", strength{Hold: true}, strength{Reset: true, Down: true}, burden{hold: true, reset: true, down: true}, 0},
		{"one that is not answered is enough", strength{Unanswered: true}, strength{Connect: s}, burden{unanswered: true, connect: s}, 0},
		{"delays of connecting and of closing add up", strength{Connect: s, Close: s}, strength{Connect: s, Close: s}, burden{connect: 2 * s, close: 2 * s}, 2},
		{"what one loss leaves another may lose", strength{Loss: 0.5}, strength{Loss: 0.5}, burden{loss: 0.75}, 0},
		{"latencies act one after the other", strength{Latency: s}, strength{Latency: s}, burden{}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, faults := range []map[string]*inForce{
				{"a": {name: "a", strength: row.a}, "b": {name: "b", strength: row.b}},
				{"a": {name: "a", strength: row.b}, "b": {name: "b", strength: row.a}},
			} {
				got := burdenOf(faults)
				if len(got.each) != row.each {
					t.Errorf("%d faults act on chunks, want %d", len(got.each), row.each)
				}
				got.each, got.over = nil, nil
				if diff := cmp.Diff(row.want, *got, cmp.AllowUnexported(burden{})); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// probes makes one for each round trip: negative was not answered, and below −1 not even connected.
func probes(trips ...int) []ProbeResult {
	var out []ProbeResult
	for _, ms := range trips {
		out = append(out, ProbeResult{Connected: ms >= -1, Answered: ms >= 0, RoundTrip: time.Duration(max(ms, 0)) * time.Millisecond})
	}
	return out
}

func TestEffect(t *testing.T) {
	slow := experiment.Fault{Kind: "latency", Latency: 200 * time.Millisecond}
	for _, row := range []struct {
		name  string
		fault experiment.Fault
		seen  Samples
		want  *results.Effect
	}{
		{"latency is the difference of the medians", slow, Samples{Before: probes(1, 2, 90), During: probes(201, 202, 203), After: probes(1)},
			&results.Effect{Seen: true, What: "round trip", Unit: "ms", Before: 2, During: 202, After: 1, Added: 200, Probes: 3}},
		{"latency of which less than half came is not seen", slow, Samples{Before: probes(1), During: probes(100), After: probes(1)},
			&results.Effect{What: "round trip", Unit: "ms", Before: 1, During: 100, After: 1, Added: 99, Probes: 1}},
		{"latency without an answer cannot be told", slow, Samples{Before: probes(1), During: probes(-1), After: nil},
			&results.Effect{What: "round trip", Unit: "ms", Before: 1, Probes: 1, Note: "no probe was answered during, after"}},
		{"a timeout leaves probes unanswered", experiment.Fault{Kind: "timeout"}, Samples{Before: probes(1, 1), During: probes(-1, -1), After: probes(1)},
			&results.Effect{Seen: true, What: "answer", Unit: "share", Before: 1, After: 1, Added: -1, Probes: 2}},
		{"a reset that only some probes met is not seen", experiment.Fault{Kind: "reset", For: 1}, Samples{Before: probes(1), During: probes(-1, 1, 1), After: probes(1)},
			&results.Effect{What: "answer", Unit: "share", Before: 1, During: 2. / 3, After: 1, Added: 2./3 - 1, Probes: 3}},
		{"a reset that strikes once leaves nothing to see", experiment.Fault{Kind: "reset"}, Samples{}, nil},
		{"a link that is down takes no connection", experiment.Fault{Kind: "down"}, Samples{Before: probes(1), During: probes(-2), After: probes(1)},
			&results.Effect{Seen: true, What: "connect", Unit: "share", Before: 1, After: 1, Added: -1, Probes: 1}},
		{"what never answered cannot be seen to stop", experiment.Fault{Kind: "pause"}, Samples{Before: probes(-1), During: probes(-1), After: nil},
			&results.Effect{What: "answer", Unit: "share", Probes: 1, Note: "no probe after"}},
		{"a kill is seen by one probe", experiment.Fault{Kind: "kill"}, Samples{Before: probes(1), During: probes(-2, 1, 1, 1), After: probes(1)},
			&results.Effect{Seen: true, What: "answer", Unit: "share", Before: 1, During: 0.75, After: 1, Added: -0.25, Probes: 4}},
		{"a restart is seen by one probe", experiment.Fault{Kind: "restart"}, Samples{Before: probes(1), During: probes(-2, 1, 1, 1), After: probes(1)},
			&results.Effect{Seen: true, What: "answer", Unit: "share", Before: 1, During: 0.75, After: 1, Added: -0.25, Probes: 4}},
		{"latency that still grows is judged by what it was in the middle", experiment.Fault{Kind: "latency", Latency: 200 * time.Millisecond, For: 10, Ramp: 10},
			Samples{Before: probes(1), During: probes(1, 60, 120), After: probes(1)},
			&results.Effect{Seen: true, What: "round trip", Unit: "ms", Before: 1, During: 60, After: 1, Added: 59, Probes: 3}},
		{"a link that answers no request to connect takes no connection", experiment.Fault{Kind: "connect-blackhole"}, Samples{Before: probes(1), During: probes(-2), After: probes(1)},
			&results.Effect{Seen: true, What: "connect", Unit: "share", Before: 1, After: 1, Added: -1, Probes: 1}},
		{"a stall is the share of probes that waited", experiment.Fault{Kind: "stall", Share: 0.5, Delay: 100 * time.Millisecond},
			Samples{Before: probes(1, 2), During: probes(1, 101, 2, -1), After: probes(1)},
			&results.Effect{Seen: true, What: "stalled", Unit: "share", During: 0.5, Added: 0.5, Probes: 4}},
		{"a stall that no probe met did nothing", experiment.Fault{Kind: "stall", Share: 0.1, Delay: 100 * time.Millisecond},
			Samples{Before: probes(1, 2), During: probes(1, 2), After: probes(1)},
			&results.Effect{What: "stalled", Unit: "share", Probes: 2}},
		{"unless the load itself met it", experiment.Fault{Kind: "stall", Share: 0.1, Delay: 100 * time.Millisecond},
			Samples{Before: probes(1, 2), During: probes(1, 2), After: probes(1), Met: 7},
			&results.Effect{Seen: true, What: "stalled", Unit: "share", Probes: 2, Note: "the load itself met it 7 times"}},
		{"a command leaves nothing to see", experiment.Fault{Kind: "command"}, Samples{}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, Effect(row.fault, row.seen), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitGivesEachProbeToOneSide(t *testing.T) {
	start := time.Unix(100, 0)
	until, end := start.Add(10*time.Second), start.Add(10500*time.Millisecond)
	at := func(second float64, took time.Duration) ProbeResult {
		return ProbeResult{At: start.Add(time.Duration(second * float64(time.Second))), Took: took, Answered: true}
	}
	before, onset, during, astride, removal, after := at(-5, time.Second), at(-0.5, time.Second), at(2, time.Second), at(9.5, 600*time.Millisecond), at(10.2, time.Millisecond), at(11, time.Second)
	got := split([]ProbeResult{before, onset, during, astride, removal, after}, start, until, end)
	want := Samples{Before: []ProbeResult{before}, During: []ProbeResult{during}, After: []ProbeResult{after}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = split([]ProbeResult{before, astride, removal, after}, start, until, end)
	astride.Answered = false
	if diff := cmp.Diff([]ProbeResult{astride}, got.During); diff != "" {
		t.Errorf("with none in force: %s", diff)
	}
}
