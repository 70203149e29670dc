package topology

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// referencePort is the port of a reference target that names none.
const referencePort = 8080

// layout is the topology on paper: every address is given out and every reference resolved before anything starts.
type layout struct {
	plan
	urls     []urlService
	waves    [][]string // services by start order; those of one wave need only services of earlier ones
	links    []site.Link
	loadEnv  map[string]string
	requests []string // the texts of load.requests
	target   string
	warnings []string

	exp   experiment.Experiment
	nodes map[string]nodeFacts
}

// nodeFacts is what a node's address looks like to whoever refers to it.
type nodeFacts struct {
	address string
	params  map[string]string
	url     func(address string) string // nil when the node has no URL
}

// urlService is a service that already runs.
type urlService struct {
	experiment.Service
	url     *url.URL
	address string
}

// lay gives out addresses from pool and resolves every reference of the experiment. Its error names every problem.
func lay(opts Options, pool *addresses) (*layout, error) {
	l := &layout{exp: opts.Experiment, nodes: map[string]nodeFacts{}}
	bare := scope{lookup: opts.lookup, scale: l.exp.TimeScale}
	var problems []error
	for _, d := range l.exp.Dependencies {
		problems = append(problems, l.addDependency(d, bare, pool, opts.dataSeed()))
	}
	for _, s := range l.exp.Services {
		problems = append(problems, l.addService(s, pool))
	}
	problems = append(problems, l.chooseTarget())
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if err := l.connect(opts.ProxyAll, opts.Proxied, pool); err != nil {
		return nil, err
	}
	problems = append(problems, l.resolveServices(bare), l.resolveLoad(bare), l.order())
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *layout) addDependency(d experiment.Dependency, bare scope, pool *addresses, seed int64) error {
	p := depPlan{Dependency: d}
	env, err := bare.resolveAll(d.Name+".env", d.Env)
	if err != nil {
		return err
	}
	p.Env = env
	port, facts := d.Port, nodeFacts{}
	if server, ok := dependency.Known(d.Kind); ok {
		p.Server, port = &server, server.Port
		p.Params = server.Params(env, d.Args)
		facts.params = p.Params
		facts.url = func(address string) string { return server.URL(address, p.Params) }
	}
	address, moved, err := pool.takeAny(port)
	if err != nil {
		return fmt.Errorf("dependency %s: %w", d.Name, err)
	}
	if moved {
		l.warnings = append(l.warnings, fmt.Sprintf(
			"%s listens on %s: another program holds port %d on every address", d.Name, address, port))
	}
	if p.Snapshot, err = snapshotKey(p, stepsOn(l.exp.Setup, d.Name), seed); err != nil {
		return err
	}
	p.Address, facts.address = address, address
	l.nodes[d.Name] = facts
	l.dependencies = append(l.dependencies, p)
	return nil
}

func (l *layout) addService(s experiment.Service, pool *addresses) error {
	if s.URL != "" {
		return l.addURL(s)
	}
	if s.Port == 0 && s.Reference != "" {
		s.Port = referencePort
	}
	if s.Port == 0 {
		return fmt.Errorf("service %s: its port is not given", s.Name)
	}
	address, err := pool.take(s.Port)
	if err != nil {
		return fmt.Errorf("service %s: %w", s.Name, err)
	}
	l.services = append(l.services, servicePlan{Service: s, Address: address})
	l.nodes[s.Name] = nodeFacts{address: address, url: func(a string) string { return "http://" + a }}
	return nil
}

func (l *layout) addURL(s experiment.Service) error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("service %s: %q is not a URL such as http://127.0.0.1:8080", s.Name, s.URL)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	service := urlService{Service: s, url: u, address: net.JoinHostPort(u.Hostname(), port)}
	l.urls = append(l.urls, service)
	l.nodes[s.Name] = nodeFacts{address: service.address, url: func(address string) string {
		if address == service.address {
			return s.URL
		}
		through := *u
		through.Host = address
		return through.String()
	}}
	return nil
}

func (l *layout) chooseTarget() error {
	l.target = l.exp.Load.Target
	if l.target == "" && len(l.exp.Services) == 1 {
		l.target = l.exp.Services[0].Name
	}
	if l.target == "" {
		if len(l.exp.Services) > 1 {
			return errors.New("load.target is not given and there is more than one service")
		}
		return nil
	}
	if !slices.ContainsFunc(l.exp.Services, func(s experiment.Service) bool { return s.Name == l.target }) {
		return fmt.Errorf("load.target: no service is named %s", l.target)
	}
	return nil
}

// scopeOf is what consumer can refer to: every node but, for a service, at the address it reaches it.
func (l *layout) scopeOf(consumer string, bare scope) scope {
	bare.nodes = map[string]map[string]string{}
	for name, facts := range l.nodes {
		address := facts.address
		if i := l.linkIndex(consumer, name); i >= 0 {
			address = l.links[i].Address
		}
		attributes := map[string]string{"address": address}
		maps.Copy(attributes, facts.params)
		attributes["host"], attributes["port"], _ = net.SplitHostPort(address)
		if facts.url != nil {
			attributes["url"] = facts.url(address)
		}
		bare.nodes[name] = attributes
	}
	return bare
}

func (l *layout) resolveServices(bare scope) error {
	var problems []error
	for i := range l.services {
		s := &l.services[i]
		sc := l.scopeOf(s.Name, bare)
		env, err := sc.resolveAll(s.Name+".env", s.Env)
		words, wordsErr := sc.resolveWords(s.Name+".command", s.Command)
		problems = append(problems, err, wordsErr)
		s.Env, s.Command = env, words
		s.Hosts = map[string]string{}
		for name, attributes := range sc.nodes {
			if name != s.Name && net.ParseIP(attributes["host"]) != nil {
				s.Hosts[name] = attributes["host"]
			}
		}
		for _, other := range l.exp.Services { // by its own name a service with replicas is the first of them
			if host := s.Hosts[other.Name]; other.Group != "" && other.Group != s.Group && host != "" && s.Hosts[other.Group] == "" {
				s.Hosts[other.Group] = host
			}
		}
	}
	return errors.Join(problems...)
}

func (l *layout) resolveLoad(bare scope) error {
	sc := l.scopeOf(site.Load, bare)
	var envErr, textsErr error
	l.loadEnv, envErr = sc.resolveAll("load.env", l.exp.Load.Env)
	l.requests, textsErr = sc.resolveWords("load.requests", requestTexts(l.exp.Load))
	return errors.Join(envErr, textsErr)
}

// requestTexts are the texts in which requests without a script can refer to nodes.
func requestTexts(load experiment.Load) []string {
	if load.Requests == nil {
		return nil
	}
	return load.Requests.Texts()
}

// targetURL is the base URL of the service that load enters, as the load reaches it.
func (l *layout) targetURL() string {
	if l.target == "" {
		return ""
	}
	return l.scopeOf(site.Load, scope{}).nodes[l.target]["url"]
}

func (l *layout) port(node string) (int, error) {
	_, port, err := net.SplitHostPort(l.nodes[node].address)
	if err != nil {
		return 0, fmt.Errorf("node %s: %w", node, err)
	}
	return strconv.Atoi(port)
}

// stepsOn are the setup steps of one dependency, in their order.
func stepsOn(steps []experiment.SetupStep, name string) []experiment.SetupStep {
	var on []experiment.SetupStep
	for _, s := range steps {
		if s.On == name {
			on = append(on, s)
		}
	}
	return on
}
