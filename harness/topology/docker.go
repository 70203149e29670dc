package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// docker starts nodes as containers. Known dependencies and services share the host's network and listen on loopback
// addresses of their own: a published port would cost as much CPU as the proxy, and hide refusals and resets. A dependency
// of kind image keeps its port inside a network of its own, and that port is published on its address.
//
// A service with a command is no container: it is started as the local provider does.
type docker struct {
	opts     Options
	engine   *client.Client
	library  *testcontainers.DockerProvider
	commands provider
	keeper   *snapshots
	stock    stock
	making   sync.Mutex // one image is built at a time

	mu     sync.Mutex
	images map[string]imageUse // by node
	target imageUse            // of the reference targets, once it is known
	nodes  map[*site.Node]*containerNode
}

// newDocker's error is an *EngineError where no engine can serve.
func newDocker(ctx context.Context, opts Options) (provider, error) {
	engine, info, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	d := &docker{opts: opts, engine: engine, images: map[string]imageUse{}, nodes: map[*site.Node]*containerNode{}}
	d.keeper, d.stock = newSnapshots(opts), newStock(engine, opts.CacheDir)
	if err := configureTestcontainers(engine.DaemonHost(), opts.Logger); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	d.library, err = testcontainers.NewDockerProvider(
		testcontainers.Generic2DockerOptions(testcontainers.WithLogger(libraryLog{opts.Logger}))...)
	if err != nil {
		return nil, errors.Join(&EngineError{Reason: err.Error(), Err: err}, engine.Close())
	}
	if d.commands, err = newLocal(ctx, opts); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	opts.step("Docker engine " + info.Version)
	return d, nil
}

func (d *docker) name() string { return ProviderDocker }

func (d *docker) prepare(ctx context.Context, p plan) error {
	if err := d.prepareImages(ctx, p); err != nil {
		return err
	}
	var problems []error
	for _, s := range p.services {
		problems = append(problems, checkPort(s))
	}
	return errors.Join(problems...)
}

// checkPort makes sure that a user's image, which nobody told its address, can listen on its port on all addresses.
func checkPort(p servicePlan) error {
	if p.Image == "" && p.Build == nil || toldAddress(p) {
		return nil
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("0.0.0.0", fmt.Sprint(p.Port)))
	if err != nil {
		return fmt.Errorf("service %s: its image listens on port %d of all addresses unless env tells it ${%s.host}: %w",
			p.Name, p.Port, p.Name, &PortTakenError{Port: p.Port, Err: err})
	}
	return l.Close()
}

// toldAddress says whether the service's own variables tell it where to listen.
func toldAddress(p servicePlan) bool {
	host, _, err := net.SplitHostPort(p.Address)
	return err == nil && slices.ContainsFunc(slices.Collect(maps.Values(p.Env)), func(v string) bool { return strings.Contains(v, host) })
}

func (d *docker) startDependency(ctx context.Context, p depPlan) (*site.Node, error) {
	n := d.newNode(p.Name, "dependency", p.Kind, p.Address, readyTimeout(p.Ready))
	n.node.Params = p.Params
	if p.Server == nil {
		return d.started(ctx, n, d.publishedRequest(n, p), checkFor(p.Ready, p.Address, n.text, n.succeeds))
	}
	request := d.serverRequest(n, p)
	check := checkServer(p)
	if p.Kind == dependency.Postgres {
		if err := d.preparePostgres(ctx, n, p, &request); err != nil {
			return nil, errors.Join(err, n.remove(context.WithoutCancel(ctx)))
		}
		check = n.withPassword(p, check)
	}
	node, err := d.started(ctx, n, request, check)
	if err == nil && d.hasStatements(n.image, p) {
		// Through the server itself, since the image's own entrypoint makes the database.
		if _, err = dependency.Command(ctx, node, []string{"CREATE EXTENSION IF NOT EXISTS pg_stat_statements"}); err != nil {
			return nil, errors.Join(err, d.stop(context.WithoutCancel(ctx), node))
		}
	}
	return node, err
}

func (d *docker) startService(ctx context.Context, p servicePlan) (*site.Node, error) {
	if len(p.Command) > 0 {
		return d.commands.startService(ctx, p)
	}
	kind, args, env := "image", []string(nil), map[string]string{}
	if p.Reference != "" {
		kind, args = "reference", []string{p.Reference, "--variant=" + variantOf(p), "--listen=" + p.Address}
	} else if host, port, err := net.SplitHostPort(p.Address); err == nil {
		env["HOST"], env["PORT"] = host, port
	}
	maps.Copy(env, p.Env)
	n := d.newNode(p.Name, "service", kind, p.Address, readyTimeout(p.Ready))
	request := d.request(n, func(h *container.HostConfig) {
		h.NetworkMode = network.NetworkHost
		for _, name := range slices.Sorted(maps.Keys(p.Hosts)) {
			h.ExtraHosts = append(h.ExtraHosts, name+":"+p.Hosts[name])
		}
		limit(h, p.Resources)
	})
	request.Cmd, request.Env = args, env
	node, err := d.started(ctx, n, request, checkFor(p.Ready, p.Address, n.text, n.succeeds))
	var late *NotReadyError
	if remark := elsewhere(p.Address); errors.As(err, &late) && remark != "" {
		err = fmt.Errorf("%w\n%s", err, remark)
	}
	return node, err
}

func limit(h *container.HostConfig, r experiment.Resources) {
	h.NanoCPUs = int64(r.CPUs * 1e9)
	// Without a bound on swap of the same size the limit would be one on speed, not on memory.
	h.Memory, h.MemorySwap = r.Memory, r.Memory
}

// logFile bounds what the engine keeps of a container's output: twice what we keep.
var logFile = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "max-file": "3"}}

// request is what every container has in common.
func (d *docker) request(n *containerNode, more func(*container.HostConfig)) testcontainers.ContainerRequest {
	return testcontainers.ContainerRequest{
		Image: n.image.ref, Name: n.name, Labels: d.labels(n.node.Name),
		HostConfigModifier: func(h *container.HostConfig) {
			h.LogConfig = logFile
			more(h)
		},
	}
}

func (d *docker) labels(node string) map[string]string {
	labels := map[string]string{labelBrunt: "1", labelRun: d.opts.RunID, labelNode: node, labelOwner: owner()}
	if d.opts.Beside != "" {
		labels[labelBeside] = d.opts.Beside
	}
	return labels
}

// mine selects what this topology has in the engine: all of its run, or where others stand beside it what bears its name.
func (d *docker) mine() []string {
	labels := []string{labelRun + "=" + d.opts.RunID}
	if d.opts.Beside != "" {
		labels = append(labels, labelBeside+"="+d.opts.Beside)
	}
	return labels
}

// parallelMemory is /dev/shm of a server: the engine's 64 MiB are too little for parallel queries.
const parallelMemory = 256 << 20

// serverRequest starts a known kind on its own address in the host's network.
func (d *docker) serverRequest(n *containerNode, p depPlan) testcontainers.ContainerRequest {
	program := map[string]string{dependency.Postgres: "postgres", dependency.Redis: "redis-server"}[p.Kind]
	request := d.request(n, func(h *container.HostConfig) {
		h.NetworkMode = network.NetworkHost
		h.ShmSize = parallelMemory
		h.Mounts = n.mounts
	})
	settings := dependency.Settings{Statements: d.hasStatements(n.image, p), Extra: p.Args}
	request.Cmd = append([]string{program}, p.Server.Args(p.Address, settings)...)
	request.Env = p.Server.Environment(p.Params, p.Env)
	return request
}

// publishedRequest starts any image in the engine's own network and publishes its port on its address.
func (d *docker) publishedRequest(n *containerNode, p depPlan) testcontainers.ContainerRequest {
	inside := fmt.Sprintf("%d/tcp", p.Port)
	request := d.request(n, func(h *container.HostConfig) {
		host, port, err := net.SplitHostPort(p.Address)
		ip, ipErr := netip.ParseAddr(host)
		if err != nil || ipErr != nil {
			return // the layout gives out nothing but addresses
		}
		h.PortBindings = network.PortMap{network.MustParsePort(inside): {{HostIP: ip, HostPort: port}}}
	})
	request.ExposedPorts, request.Cmd, request.Env = []string{inside}, p.Args, p.Env
	return request
}

// hasStatements says whether the library of pg_stat_statements is in the image: it is in the official ones and in ours.
func (d *docker) hasStatements(use imageUse, p depPlan) bool {
	repository, _ := splitReference(use.ref)
	return p.Kind == dependency.Postgres && (use.ours || repository == p.Server.Repository || strings.HasPrefix(repository, "brunt/"))
}

// preparePostgres gives the server a data directory in memory. It is a volume and not a tmpfs of the container's own,
// which would be gone after a kill.
func (d *docker) preparePostgres(ctx context.Context, n *containerNode, p depPlan, request *testcontainers.ContainerRequest) error {
	n.data = request.Env["PGDATA"]
	if n.data == "" {
		// A place that no image declares as a volume, so that its own entrypoint finds nothing to say about it.
		n.data = "/var/lib/brunt-postgres"
		request.Env["PGDATA"] = n.data
	}
	n.volume = n.name + "-data"
	if err := uncut(ctx, func(ctx context.Context) error {
		_, err := d.engine.VolumeCreate(ctx, client.VolumeCreateOptions{
			Name: n.volume, Driver: "local", Labels: d.labels(p.Name),
			DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "mode=0700"},
		})
		return err
	}); err != nil {
		return fmt.Errorf("create the data volume: %w", err)
	}
	n.mounts = []mount.Mount{{
		Type: mount.TypeVolume, Source: n.volume, Target: n.data, VolumeOptions: &mount.VolumeOptions{NoCopy: true},
	}}
	if err := d.fill(ctx, n, p); err != nil {
		return err
	}
	killed := func(f experiment.Fault) bool { return (f.Kind == "kill" || f.Kind == "restart") && f.Node == p.Name }
	if n.restored || slices.ContainsFunc(d.opts.Experiment.Faults, killed) {
		return n.hold(ctx)
	}
	return nil
}

// started runs the request and waits until the node is ready. When it fails nothing of the node is left.
func (d *docker) started(ctx context.Context, n *containerNode, request testcontainers.ContainerRequest, c check) (*site.Node, error) {
	n.ready = c
	err := n.start(ctx, func(ctx context.Context) error {
		if err := uncut(ctx, func(ctx context.Context) error {
			made, err := d.library.CreateContainer(ctx, request)
			if made != nil {
				n.made, n.id = made, made.GetContainerID()
			}
			return err
		}); err != nil {
			return fmt.Errorf("create its container: %w", err)
		}
		return n.made.Start(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, n.remove(context.WithoutCancel(ctx)))
	}
	d.mu.Lock()
	d.nodes[n.node] = n
	d.mu.Unlock()
	return n.node, nil
}

// creationDeadline bounds the making of one thing in the engine.
const creationDeadline = 30 * time.Second

// uncut makes something in the engine with a context that ends by itself alone: a request that is cut off may be carried out all
// the same, when the sweep that would have removed what it made is over.
func uncut(ctx context.Context, create func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), creationDeadline)
	defer cancel()
	return create(ctx)
}

func (d *docker) newNode(name, role, kind, address string, timeout time.Duration) *containerNode {
	use := d.images[name]
	n := &containerNode{engine: d.engine, provider: d, image: use, timeout: timeout, name: d.opts.name() + "-" + name}
	n.node = &site.Node{
		Name: name, Role: role, Kind: kind, Address: address, Image: use.ref, ImageDigest: use.digest, Control: n,
	}
	return n
}

func (d *docker) stop(ctx context.Context, node *site.Node) error {
	d.mu.Lock()
	n := d.nodes[node]
	delete(d.nodes, node)
	d.mu.Unlock()
	if n == nil {
		return d.commands.stop(ctx, node)
	}
	return n.remove(ctx)
}

// engineReturn is how long the end of a run waits for an engine that has gone away: what it has of the run would be left.
const engineReturn = 10 * time.Second

// close sweeps: a creation that was cut off may have made a container that nobody was told of, and an engine that was away for
// a while has not removed what it was asked to.
func (d *docker) close(ctx context.Context) error {
	problem := d.commands.close(ctx)
	waiting, cancel := context.WithTimeout(ctx, engineReturn)
	defer cancel()
	swept := sweep(ctx, d.engine, d.mine())
	for swept != nil && waiting.Err() == nil {
		select {
		case <-waiting.Done():
		case <-time.After(200 * time.Millisecond):
			swept = sweep(ctx, d.engine, d.mine())
		}
	}
	return errors.Join(problem, swept, d.library.Close(), d.engine.Close())
}
