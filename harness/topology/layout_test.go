package topology

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

func TestReferencesAreReplaced(t *testing.T) {
	s := scope{
		nodes: map[string]map[string]string{
			"orders-db": {"url": "postgres://u:p@127.64.0.1:5432/d", "host": "127.64.0.1", "port": "5432", "password": "p"},
			"api":       {"url": "http://127.64.0.2:8080"},
		},
		lookup: func(name string) (string, bool) { return "s3cr3t ${api.url}", name == "TOKEN" },
		scale:  0.1,
	}
	for _, row := range []struct{ name, text, want string }{
		{"text without references stays", "a $ b } c", "a $ b } c"},
		{"an attribute of a node", "${orders-db.url}?x=1", "postgres://u:p@127.64.0.1:5432/d?x=1"},
		{"several in one text", "${orders-db.host}:${orders-db.port}", "127.64.0.1:5432"},
		{"a variable, whose value is not looked into", "Bearer ${env.TOKEN}", "Bearer s3cr3t ${api.url}"},
		{"a duration is scaled", "${scaled:60s}", "6s"},
		{"an escaped brace is itself", "$${api.url} ${api.url}", "${api.url} http://127.64.0.2:8080"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.resolve(row.text)
			if err != nil || got != row.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for _, row := range []struct{ name, text, want string }{
		{"a node that is not there", "${cache.url}", "${cache.url}: no node is named cache here (there are: api, orders-db)"},
		{"an attribute that is not there", "${api.password}", "${api.password}: api has no password (it has: url)"},
		{"a variable that is not set", "${env.NOPE}", "${env.NOPE}: the environment has no NOPE"},
		{"a duration without a unit", "${scaled:60}", `${scaled:60}: "60" is not a duration such as 60s`},
		{"a word alone", "${api}", "${api}: a reference is name.attribute, env.NAME or scaled:60s"},
		{"a missing brace", "x${api.url", "${api.url has no closing brace"},
		{"all at once", "${a.b} ${c.d}", "${a.b}: no node is named a here (there are: api, orders-db)\n${c.d}: no node is named c here (there are: api, orders-db)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := s.resolve(row.text); err == nil || err.Error() != row.want {
				t.Errorf("got %v\nwant %s", err, row.want)
			}
		})
	}
}

// FuzzReferences: resolving never panics, text without references is itself, and escaped text comes back as it was.
func FuzzReferences(f *testing.F) {
	for _, text := range []string{"", "${a.b}", "$${", "$$${a.url}", "${", "${scaled:1s}", "${env.A}}"} {
		f.Add(text)
	}
	s := scope{nodes: map[string]map[string]string{"a": {"url": "x"}}}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.resolve(text)
		if !strings.Contains(text, "${") && (err != nil || got != text) {
			t.Fatalf("%q became %q, %v", text, got, err)
		}
		escaped := strings.ReplaceAll(text, "${", "$${")
		if got, err := s.resolve(escaped); err != nil || got != text {
			t.Fatalf("%q, escaped %q, came back as %q, %v", text, escaped, got, err)
		}
	})
}

func TestAddressesAreOfTheirRunAndUnique(t *testing.T) {
	pool, seen := newAddresses("run-1"), map[string]bool{}
	for range 600 { // more than one /24 holds
		address, err := pool.take(5432)
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(address)
		ip := net.ParseIP(host).To4()
		if err != nil || port != "5432" || ip == nil || ip[0] != 127 || ip[1] < 64 || ip[1] > 127 || ip[3] == 0 || ip[3] == 255 {
			t.Fatalf("address %s", address)
		}
		if seen[address] {
			t.Fatalf("%s was given out twice", address)
		}
		seen[address] = true
	}
	a, _ := newAddresses("run-1").take(5432)
	b, _ := newAddresses("run-2").take(5432)
	if a == b {
		t.Errorf("two runs begin at %s", a)
	}
}

func TestAddressesThatAreTakenArePassedOver(t *testing.T) {
	first, err := newAddresses("taken").take(0)
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(first)
	l, err := net.Listen("tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	got, err := newAddresses("taken").take(port)
	if err != nil || strings.HasPrefix(got, host+":") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAPortThatIsHeldOnEveryAddress(t *testing.T) {
	o, _ := options(t, experiment.Experiment{})
	port := holdEverywhere(t, o.RunID)

	var taken *PortTakenError
	_, err := newAddresses(o.RunID).take(port)
	if !errors.As(err, &taken) || taken.Port != port || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	address, moved, err := newAddresses(o.RunID).takeAny(port)
	if err != nil || !moved || strings.HasSuffix(address, ":"+strconv.Itoa(port)) {
		t.Errorf("got %s, %v, %v", address, moved, err)
	}
	o.Experiment.Services = []experiment.Service{{Name: "api", Command: []string{"true"}, Port: port}}
	if _, err := Start(t.Context(), o); !errors.As(err, &taken) || !strings.Contains(err.Error(), "service api: port") {
		t.Errorf("got %v", err)
	}
}

// holdEverywhere listens on one port of every address that a run tries, as a listener on all addresses would.
func holdEverywhere(t *testing.T, runID string) int {
	t.Helper()
	first, port := newAddresses(runID).next, 0
	for i := range uint32(attempts) {
		l, err := net.Listen("tcp4", net.JoinHostPort(ipAt((first+i)%addressSpace), strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		port = l.Addr().(*net.TCPAddr).Port
	}
	return port
}

// chain is three services, of which each needs the next, and one that needs nobody.
func chain() experiment.Experiment {
	needs := func(name, other string) experiment.Service {
		s := experiment.Service{Name: name, Command: []string{"./" + name}, Port: 8080}
		if other != "" {
			s.Env = map[string]string{"NEXT": "${" + other + ".url}"}
		}
		return s
	}
	return experiment.Experiment{
		Services: []experiment.Service{needs("front", "middle"), needs("middle", "back"), needs("back", ""), needs("alone", "")},
		Load:     experiment.Load{Target: "front"},
	}
}

func TestServicesStartAfterThoseTheyReferTo(t *testing.T) {
	o := Options{RunID: "chain", Experiment: chain()}
	l, err := lay(o, newAddresses(o.RunID))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"alone", "back"}, {"middle"}, {"front"}}, l.waves); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, k := range l.links {
		names = append(names, k.Name())
	}
	if diff := cmp.Diff([]string{"front->middle", "load->front", "middle->back"}, names); diff != "" {
		t.Error(diff)
	}
	o.Experiment.Services[2].Env = map[string]string{"NEXT": "${front.url}"}
	var circle *CycleError
	_, err = lay(o, newAddresses(o.RunID))
	if !errors.As(err, &circle) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{"back", "front", "middle"}, circle.Services); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyTheConsumerOfADisturbedLinkGoesThroughIt(t *testing.T) {
	exp := experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}},
		Services: []experiment.Service{
			{Name: "a", Command: []string{"./a", "${db.host}"}, Port: 8080, Env: map[string]string{"DB": "${db.address}"}},
			{Name: "b", Command: []string{"./b"}, Port: 8081, Env: map[string]string{"DB": "${db.address}", "A": "${a.url}"}},
		},
		Load:   experiment.Load{Target: "b", Env: map[string]string{"DB": "${db.address}"}},
		Faults: []experiment.Fault{{Name: "f", Link: "a->db", Kind: "down"}, {Name: "g", Link: "b->db", Node: "", Kind: "latency"}},
	}
	exp.Faults = exp.Faults[:1]
	o := Options{RunID: "consumers", Experiment: exp}
	l, err := lay(o, newAddresses(o.RunID))
	if err != nil {
		t.Fatal(err)
	}
	db := l.dependencies[0].Address
	link := l.links[l.linkIndex("a", "db")]
	if !link.Proxied || link.Address == db || link.Upstream != db || !strings.HasSuffix(link.Address, ":5432") {
		t.Errorf("link %+v to %s", link, db)
	}
	host, _, _ := net.SplitHostPort(link.Address)
	direct, _, _ := net.SplitHostPort(db)
	if a := l.services[0]; a.Env["DB"] != link.Address || a.Command[1] != host || a.Hosts["db"] != host {
		t.Errorf("a gets %v, %v, %v", a.Env, a.Command, a.Hosts)
	}
	if b := l.services[1]; b.Env["DB"] != db || b.Hosts["db"] != direct || b.Hosts["a"] == "" || b.Hosts["b"] != "" {
		t.Errorf("b gets %v, %v", b.Env, b.Hosts)
	}
	if l.loadEnv["DB"] != db || l.targetURL() != "http://"+l.services[1].Address {
		t.Errorf("the load gets %v, target %s", l.loadEnv, l.targetURL())
	}

	o.ProxyAll = true
	if l, err = lay(o, newAddresses(o.RunID)); err != nil {
		t.Fatal(err)
	}
	for _, k := range l.links {
		if !k.Proxied || k.Address == k.Upstream {
			t.Errorf("link %+v is not proxied", k)
		}
	}
	if len(l.links) != 5 {
		t.Errorf("%d links", len(l.links))
	}
}

// The texts of requests without a script are resolved like the environment of a script, and make the links they need.
func TestRequestsReachTheNodesTheyName(t *testing.T) {
	exp := experiment.Experiment{
		Services: []experiment.Service{
			{Name: "a", Command: []string{"./a"}, Port: 8080}, {Name: "b", Command: []string{"./b"}, Port: 8081},
		},
		Load: experiment.Load{Target: "a", Requests: &requests.Spec{Requests: []requests.Request{
			{URL: "${a.url}/x/{{int 1 9}}", Headers: []requests.Header{{Name: "To", Value: "${b.host}"}}, Body: "$${b.host}", Checks: requests.Checks{Contains: "${env.SET}"}},
		}}},
		Faults: []experiment.Fault{{Name: "f", Link: "load->b", Kind: "down"}},
	}
	o := Options{RunID: "requests", Experiment: exp, Lookup: func(name string) (string, bool) { return "value of " + name, name == "SET" }}
	l, err := lay(o, newAddresses(o.RunID))
	if err != nil {
		t.Fatal(err)
	}
	link := l.links[l.linkIndex("load", "b")]
	host, _, _ := net.SplitHostPort(link.Address)
	want := []string{"http://" + l.services[0].Address + "/x/{{int 1 9}}", host, "${b.host}", "value of SET"}
	if diff := cmp.Diff(want, l.requests); diff != "" || !link.Proxied {
		t.Errorf("proxied %v: %s", link.Proxied, diff)
	}
	exp.Load.Requests.Requests[0].Body = "${c.url}"
	if _, err := lay(o, newAddresses(o.RunID)); err == nil || !strings.Contains(err.Error(), "load.requests: ${c.url}: no node is named c") {
		t.Errorf("got %v", err)
	}
}

func TestTopologiesThatCannotBeAreRefusedBeforeAnythingStarts(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(e *experiment.Experiment)
		want   string
	}{
		{"a service without a port", func(e *experiment.Experiment) { e.Services[3].Port = 0 }, "service alone: its port is not given"},
		{"no target among several", func(e *experiment.Experiment) { e.Load.Target = "" }, "load.target is not given"},
		{"a target that is not there", func(e *experiment.Experiment) { e.Load.Target = "x" }, "no service is named x"},
		{"a fault from nowhere", func(e *experiment.Experiment) {
			e.Faults = []experiment.Fault{{Name: "f", Link: "x->front"}}
		}, "fault f: no node is named x"},
		{"a fault before an https URL", func(e *experiment.Experiment) {
			e.Services[3] = experiment.Service{Name: "alone", URL: "https://127.0.0.1:8443"}
			e.Faults = []experiment.Fault{{Name: "f", Link: "load->alone"}}
		}, "a link before an https URL is not supported yet"},
		{"a fault on a link of a service that already runs", func(e *experiment.Experiment) {
			e.Services[3] = experiment.Service{Name: "alone", URL: "http://127.0.0.1:8443"}
			e.Faults = []experiment.Fault{{Name: "f", Link: "alone->front"}}
		}, "only the link load->alone can be disturbed"},
		{"a URL that is none", func(e *experiment.Experiment) {
			e.Services[3] = experiment.Service{Name: "alone", URL: "127.0.0.1:80"}
		}, "is not a URL such as"},
		{"a setup file that is not there", func(e *experiment.Experiment) {
			e.Dependencies = []experiment.Dependency{{Name: "db", Kind: "postgres"}}
			e.Setup = []experiment.SetupStep{{SQL: "/nowhere/schema.sql", On: "db"}}
		}, "setup on db: open /nowhere/schema.sql"},
		{"setup of an image", func(e *experiment.Experiment) {
			e.Dependencies = []experiment.Dependency{{Name: "mq", Kind: "image", Image: "x", Port: 9092}}
			e.Setup = []experiment.SetupStep{{Dataset: "items", On: "mq", Rows: 1}}
		}, "an image dependency takes neither SQL nor data sets"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := Options{RunID: "refused", Experiment: chain()}
			row.change(&o.Experiment)
			if _, err := lay(o, newAddresses(o.RunID)); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestTheKeyOfASnapshotFollowsWhatSetupMakes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sql")
	key := func(sql string, change func(p *depPlan, steps []experiment.SetupStep)) string {
		if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
		server := mustKnow(t, "postgres")
		p := depPlan{Dependency: experiment.Dependency{Name: "db", Kind: "postgres"}, Server: &server, Params: server.Params(nil, nil)}
		steps := []experiment.SetupStep{{SQL: file, On: "db"}, {Dataset: "items", Rows: 10, On: "db"}}
		change(&p, steps)
		k, err := snapshotKey(p, steps, 1)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	same := func(*depPlan, []experiment.SetupStep) {}
	base := key("SELECT 1", same)
	if key("SELECT 1", same) != base {
		t.Error("another password makes another key")
	}
	for name, other := range map[string]string{
		"content":  key("SELECT 2", same),
		"rows":     key("SELECT 1", func(_ *depPlan, s []experiment.SetupStep) { s[1].Rows = 11 }),
		"database": key("SELECT 1", func(p *depPlan, _ []experiment.SetupStep) { p.Params["database"] = "x" }),
		"order":    key("SELECT 1", func(_ *depPlan, s []experiment.SetupStep) { s[0], s[1] = s[1], s[0] }),
	} {
		if other == base {
			t.Errorf("another %s makes the same key", name)
		}
	}
}

func TestTheCacheKeepsTheNewestAndOnlyWholeOnes(t *testing.T) {
	c := &cache{dir: filepath.Join(t.TempDir(), "cache")}
	from := t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "base", "1"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range keepSnapshots + 3 {
		if err := c.keep(t.Context(), "key"+strconv.Itoa(i), from); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.keep(t.Context(), "key5", from); err != nil {
		t.Errorf("keeping the same thing again: %v", err)
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) != keepSnapshots {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if !c.restore(t.Context(), "key5", to, nil) {
		t.Fatal("not restored")
	}
	if text, err := os.ReadFile(filepath.Join(to, "base", "1")); err != nil || string(text) != "data" {
		t.Errorf("%q, %v", text, err)
	}
	if c.restore(t.Context(), "nothing", filepath.Join(t.TempDir(), "x"), nil) {
		t.Error("restored what was never kept")
	}
	if (&cache{}).restore(t.Context(), "key5", to, nil) {
		t.Error("restored without a cache")
	}
}

func TestVersionsThatWereAskedFor(t *testing.T) {
	for _, row := range []struct {
		asked, used string
		want        bool
	}{
		{"17", "17.2", true}, {"17", "15.18", false}, {"15.18", "15.18", true}, {"15.1", "15.18", false}, {"7-alpine", "7.0.15", true}, {"1", "17.2", false},
	} {
		if got := sameVersion(row.asked, row.used); got != row.want {
			t.Errorf("%s asked, %s used: %v", row.asked, row.used, got)
		}
	}
}

func TestTheTailOfALogIsWholeLines(t *testing.T) {
	var log tail
	line := strings.Repeat("x", 1023) + "\n"
	for range 3000 {
		if _, err := log.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := log.Write([]byte("the end\n\n")); err != nil {
		t.Fatal(err)
	}
	kept := log.bytes()
	if len(kept) > logLimit || len(kept) < logLimit-2048 || kept[0] != 'x' || !strings.HasPrefix(string(kept), line) {
		t.Errorf("%d bytes are kept", len(kept))
	}
	if got := lastLines(kept, 1); got != "the end" {
		t.Errorf("the last line is %q", got)
	}
}

var _ site.Logger = (*localNode)(nil)
var _ site.Pauser = (*localNode)(nil)
var _ site.Killer = (*localNode)(nil)
var _ snapshotter = (*local)(nil)
