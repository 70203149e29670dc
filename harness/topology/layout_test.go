package topology

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

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
