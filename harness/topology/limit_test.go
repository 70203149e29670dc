package topology

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// limitable is a topology of which each node will be limited.
func limitable() experiment.Experiment {
	return experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}},
		Faults: []experiment.Fault{
			{Name: "slow", Node: "db", Kind: "cpu-limit", CPUs: 0.1}, {Name: "small", Node: "cache", Kind: "memory-limit", Memory: 64 << 20},
		},
	}
}

func TestLocalNodesAreLimitedAndGetBackWhatTheyHad(t *testing.T) {
	o, _ := options(t, limitable())
	top, err := Start(t.Context(), o)
	if missing := (*NoGroupError)(nil); errors.As(err, &missing) {
		if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and %v", err)
		}
		t.Skipf("SKIPPED, %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nothingLeft(t, o) })
	s := top.Site()
	groupOf := func(name string, r site.Resource) group {
		g, err := s.Node(name).Control.(*localNode).groupFor(r)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	held := groupOf("cache", site.Memory)
	slows(t, s.Node("db"), groupOf("db", site.CPU))
	shrinks(t, s.Node("cache"), func() group { return held })
	if err := top.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(held.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group %s is left: %v", held.dir, err)
	}
}

func TestContainersAreLimitedAndGetBackWhatTheyHad(t *testing.T) {
	o, engine := dockerOptions(t, limitable())
	s := startContainers(t, o, engine).Site()
	groupOf := func(name string, r site.Resource) group {
		n := s.Node(name).Control.(*containerNode)
		g, err := n.groupFor(n.PID(), r)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	slows(t, s.Node("db"), groupOf("db", site.CPU))
	shrinks(t, s.Node("cache"), func() group { return groupOf("cache", site.Memory) })
}

// limiting limits a node and returns what would end that without it.
func limiting(t *testing.T, n *site.Node, r site.Resource, amount float64) (how site.Undo, err error) {
	t.Helper()
	l, err := site.As[site.Limiter](n)
	if err != nil {
		t.Fatal(err)
	}
	return how, l.Limit(t.Context(), r, amount, func(u site.Undo) error { how = u; return nil })
}

// slows limits the CPU of a database, twice: ended by the node once and by the watchdog's way once.
func slows(t *testing.T, n *site.Node, g group) {
	t.Helper()
	before, err := g.unlimited()
	if err != nil {
		t.Fatal(err)
	}
	conn := openDB(t, n)
	work := func() time.Duration {
		began := time.Now()
		exec1(t, conn, "SELECT count(*) FROM generate_series(1, 1000000)")
		return time.Since(began)
	}
	free := work()
	l := n.Control.(site.Limiter)
	for _, watchdog := range []bool{false, true} {
		how, err := limiting(t, n, site.CPU, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := limiting(t, n, site.CPU, 0.2); !errors.Is(err, errLimited) {
			t.Errorf("limited twice: %v", err)
		}
		times, _, err := l.Held(t.Context(), site.CPU)
		if err != nil {
			t.Fatal(err)
		}
		limited := work()
		after, of, err := l.Held(t.Context(), site.CPU)
		if err != nil || after == times || of < after {
			t.Errorf("held up %d times, then %d of %d (%v)", times, after, of, err)
		}
		if watchdog {
			for range 2 { // twice does no harm
				err = errors.Join(err, Undo(t.Context(), how))
			}
		}
		if err := errors.Join(err, l.Unlimit(t.Context(), site.CPU), l.Unlimit(t.Context(), site.CPU)); err != nil {
			t.Fatal(err)
		}
		again := work()
		t.Logf("%s: %v free, %v with a tenth of a core, %v after", n.Name, free, limited, again)
		if limited < 3*free || again > limited/2 {
			t.Errorf("%v free, %v limited, %v after", free, limited, again)
		}
		now, err := g.unlimited()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, now); diff != "" {
			t.Errorf("it did not get back what it had: %s", diff)
		}
	}
}

// fill makes a redis use so many MiB.
func fill(t *testing.T, n *site.Node, key string, mib int) error {
	t.Helper()
	script := "for i = 1, ARGV[1] do redis.call('SET', KEYS[1]..i, string.rep('x', 1048576)) end"
	_, err := dependency.Command(t.Context(), n, []string{"EVAL", script, "1", key, strconv.Itoa(mib)})
	return err
}

// shrinks limits the memory of a redis below and above what it uses, and lets it die of wanting more.
func shrinks(t *testing.T, n *site.Node, groupNow func() group) {
	t.Helper()
	before, err := groupNow().unlimited()
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(t, n, "a", 30); err != nil {
		t.Fatal(err)
	}
	var tooLittle *TooLittleMemoryError
	if _, err := limiting(t, n, site.Memory, 16<<20); !errors.As(err, &tooLittle) || !strings.Contains(err.Error(), "it uses ") {
		t.Errorf("a limit below what it uses: %v", err)
	} else {
		t.Log(err)
	}
	l := n.Control.(site.Limiter)
	if err := l.Unlimit(t.Context(), site.Memory); err != nil {
		t.Error(err)
	}
	same := func() {
		t.Helper()
		now, err := groupNow().unlimited()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(values(before), values(now)); diff != "" {
			t.Errorf("it did not get back what it had: %s", diff)
		}
	}
	same()
	how, err := limiting(t, n, site.Memory, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(t, n, "b", 5); err != nil {
		t.Errorf("within the limit: %v", err)
	}
	times, _, err := l.Held(t.Context(), site.Memory)
	if err != nil || times != 0 {
		t.Errorf("within the limit it was held up %d times (%v)", times, err)
	}
	if err := fill(t, n, "c", 100); err == nil {
		t.Error("it could use more than its limit")
	}
	if err := Undo(t.Context(), how); err != nil {
		t.Error(err)
	}
	if err := l.Unlimit(t.Context(), site.Memory); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(gonePoll) { // that it was killed may come to light late
		if err := n.Control.(site.Killer).Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := dependency.Command(t.Context(), n, []string{"PING"}); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	same()
	if err := fill(t, n, "d", 100); err != nil {
		t.Errorf("after the limit: %v", err)
	}
}

// values are settings by the name of their file, since a container that was started again is in another folder.
func values(settings []setting) map[string]string {
	all := map[string]string{}
	for _, s := range settings {
		all[filepath.Base(s.File)] = s.Value
	}
	return all
}

func TestAnUndoWritesNothingButBounds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(file, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	how, err := undoing{Settings: []setting{{file, "gone"}}}.text()
	if err != nil {
		t.Fatal(err)
	}
	if err := Undo(t.Context(), how); err == nil {
		t.Error("a file that bounds no group was written to")
	}
	if text, _ := os.ReadFile(file); string(text) != "as it was" {
		t.Errorf("the file holds %q", text)
	}
	if err := Undo(t.Context(), "{"); err == nil {
		t.Error("half an undo was followed")
	}
	how, err = undoing{Settings: []setting{{filepath.Join(t.TempDir(), "cpu.max"), "max"}}}.text()
	if err != nil {
		t.Fatal(err)
	}
	if err := Undo(t.Context(), how); err != nil {
		t.Errorf("of a group that is gone: %v", err)
	}
}

// noGroups is a Registrar that lets no control group be made.
type noGroups struct{ *records }

func (r noGroups) Path(path string) error {
	if strings.HasPrefix(path, "/sys/") {
		return errors.New("no groups here")
	}
	return r.records.Path(path)
}

func TestLocalNodesThatCannotBeLimitedAreRefusedBeforeTheyStart(t *testing.T) {
	o, registered := options(t, limitable())
	o.Registrar = noGroups{registered}
	top, err := Start(t.Context(), o)
	if err == nil {
		_ = top.Stop(t.Context())
		t.Fatal("it started")
	}
	var missing *NoGroupError
	if !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
	o.Registrar = registered
	nothingLeft(t, o)
}

// TestAnUpdateOfADyingContainerIsKnown by the words that runc and containerd have for one, as the moment of each can't be brought about at will.
func TestAnUpdateOfADyingContainerIsKnown(t *testing.T) {
	const dead, other = "852ef2e9d78c", "0123456789ab"
	for said, dying := range map[string]bool{
		"Cannot update container " + dead + ": runc did not terminate successfully: exit status 1: cannot update stopped container": true,
		"Cannot update container " + dead + ": runc did not terminate successfully: exit status 1: deleted process: unknown":        true,
		"Cannot update container " + dead + ": task " + dead + " not found: not found":                                              true,
		"Cannot update container " + dead + ": task " + other + " not found: not found":                                             false,
		"Cannot update container " + dead + ": write memory.limit_in_bytes: device or resource busy: unknown":                       false,
		"No such container: " + dead: false,
	} {
		if is := isDying(errors.New(said), dead); is != dying {
			t.Errorf("%q: dying %v", said, is)
		}
	}
}
