package topology

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// two is a service that runs twice, as experiment.Read gives it out, and one that knows both.
func two(reference string) experiment.Experiment {
	api := experiment.Service{
		Name: "api.1", Group: "api", Reference: reference, Port: 8080, Ready: experiment.Ready{HTTP: "/healthz"},
		Env: map[string]string{"REDIS_URL": "${cache.url}"},
	}
	second := api
	second.Name = "api.2"
	edge := experiment.Service{
		Name: "edge", Reference: reference, Port: 8080, Ready: experiment.Ready{HTTP: "/healthz"},
		Env: map[string]string{"APIS": "${api.1.url},${api.2.url}"},
	}
	return experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "cache", Kind: "redis"}},
		Services:     []experiment.Service{api, second, edge},
		Load:         experiment.Load{Target: "api.1", Env: map[string]string{"APIS": "${api.1.url},${api.2.url}"}},
		Faults:       []experiment.Fault{{Name: "slow", Link: "api.2->cache", Kind: "latency"}},
	}
}

func TestEachInstanceHasAnAddressAndLinksOfItsOwn(t *testing.T) {
	o := Options{RunID: "replicas", Experiment: two("echo")}
	l, err := lay(o, newAddresses(o.RunID))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range l.links {
		names = append(names, k.Name())
	}
	want := []string{"api.1->cache", "api.2->cache", "edge->api.1", "edge->api.2", "load->api.1", "load->api.2"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"api.1", "api.2"}, {"edge"}}, l.waves); diff != "" {
		t.Error(diff)
	}
	first, second, edge := l.services[0], l.services[1], l.services[2]
	if first.Address == second.Address || first.Env["REDIS_URL"] == second.Env["REDIS_URL"] {
		t.Errorf("both listen on %s and reach the cache at %s", first.Address, first.Env["REDIS_URL"])
	}
	both := "http://" + first.Address + ",http://" + second.Address
	if edge.Env["APIS"] != both || l.loadEnv["APIS"] != both || l.targetURL() != "http://"+first.Address {
		t.Errorf("edge gets %v, the load %v, the target is %s", edge.Env, l.loadEnv, l.targetURL())
	}
	host, _, _ := net.SplitHostPort(first.Address)
	if edge.Hosts["api"] != host || edge.Hosts["api.1"] != host || first.Hosts["api"] != "" || first.Hosts["api.2"] == "" {
		t.Errorf("names that edge knows: %v, and an instance: %v", edge.Hosts, first.Hosts)
	}
}

// instances are the names of the services of a site, each of which answers at its own address.
func instances(t *testing.T, s *site.Site) []string {
	t.Helper()
	var names []string
	for _, n := range s.Nodes {
		if n.Role != "service" {
			continue
		}
		names = append(names, n.Name)
		get(t, "http://"+n.Address+n.Ready)
	}
	return names
}

func TestLocalStartsEachInstance(t *testing.T) {
	o, _ := options(t, two("echo"))
	s := start(t, o).Site()
	if got := instances(t, s); !slices.Equal(got, []string{"api.1", "api.2", "edge"}) {
		t.Errorf("services %v", got)
	}
	through, _ := s.Link("api.2->cache")
	if got := get(t, "http://"+s.Node("api.2").Address+"/REDIS_URL"); got != "redis://"+through.Address+"/0" || !through.Proxied {
		t.Errorf("the second reaches the cache at %s, its link is %+v", got, through)
	}
	if got, direct := get(t, "http://"+s.Node("api.1").Address+"/REDIS_URL"), s.Node("cache").Address; got != "redis://"+direct+"/0" {
		t.Errorf("the first reaches the cache at %s, not at %s", got, direct)
	}
}

func TestContainersRunForEachInstance(t *testing.T) {
	t.Parallel()
	o, engine := dockerOptions(t, two("echo"))
	s := startContainers(t, o, engine).Site()
	if got := instances(t, s); !slices.Equal(got, []string{"api.1", "api.2", "edge"}) {
		t.Errorf("services %v", got)
	}
	if one, other := s.Node("api.1").Container, s.Node("api.2").Container; one == other || one == "" {
		t.Errorf("containers %q and %q", one, other)
	}
	edge := "http://" + s.Node("edge").Address
	if got := get(t, edge+"/ping/api:8080"); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("api:8080 answered %q to a client that speaks Redis", got)
	}
	if got := get(t, "http://"+s.Node("api.2").Address+"/ping/cache:6379"); got != "+PONG<nil>" {
		t.Errorf("cache:6379 answered %q from inside the second instance", got)
	}
	if n := o.Linker.(*forwarder).connections("api.2->cache"); n != 1 {
		t.Errorf("%d connections went through the link of the second, want 1", n)
	}
}
