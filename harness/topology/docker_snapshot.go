package topology

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"
	tcexec "github.com/testcontainers/testcontainers-go/exec"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/site"
)

// snapshots keeps data directories of containers between runs, as archives in a folder of the user's cache.
type snapshots struct {
	dir      string                  // empty: nothing is kept
	register func(path string) error // of what is not whole yet; may be nil
}

func newSnapshots(opts Options) *snapshots {
	s := &snapshots{dir: cacheFolder(opts.CacheDir, "docker")}
	if opts.Registrar != nil {
		s.register = opts.Registrar.Path
	}
	return s
}

func (s *snapshots) file(key string) string { return filepath.Join(s.dir, key+".tar") }

// open returns the archive of that key, or nil when there is none.
func (s *snapshots) open(key string) *os.File {
	if s.dir == "" {
		return nil
	}
	f, err := os.Open(s.file(key))
	if err != nil {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(s.file(key), now, now) // says when it was last used; without it, it goes sooner
	return f
}

// keep stores an archive. It appears by a rename, so it is whole or not there.
func (s *snapshots) keep(key string, archive io.Reader) error {
	if s.dir == "" {
		return errors.New("this user has no cache directory")
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(s.dir, "part-")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if s.register != nil {
		err = s.register(part.Name())
	}
	if err == nil {
		_, err = io.Copy(part, archive)
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), s.file(key)); err != nil {
		return err
	}
	s.prune()
	return nil
}

// prune removes the archives used longest ago, and the remains of some that were never finished.
func (s *snapshots) prune() {
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil {
		return
	}
	used := func(file string) time.Time {
		info, err := os.Stat(file)
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	var whole []string
	for _, f := range files {
		switch {
		case strings.HasSuffix(f, ".tar"):
			whole = append(whole, f)
		case time.Since(used(f)) > staleAfter:
			_ = os.Remove(f)
		}
	}
	slices.SortFunc(whole, func(a, b string) int { return used(b).Compare(used(a)) })
	for _, f := range whole[min(len(whole), keepSnapshots):] {
		_ = os.Remove(f)
	}
}

// snapshotName is the key of a snapshot, with the image and the place that it fits.
func (n *containerNode) snapshotName(key string) string {
	return digest("docker", n.image.id, n.data, n.node.Params[dependency.ParamUser], n.node.Params[dependency.ParamDatabase], key)
}

// fill puts the state after setup into the node's volume, if it was kept. The holder takes it in, before the server starts.
func (d *docker) fill(ctx context.Context, n *containerNode, p depPlan) error {
	if p.Snapshot == "" {
		return nil
	}
	archive := d.keeper.open(n.snapshotName(p.Snapshot))
	if archive == nil {
		return nil
	}
	defer archive.Close()
	if err := n.hold(ctx); err != nil {
		return err
	}
	if _, err := d.engine.CopyToContainer(ctx, n.holder, client.CopyToContainerOptions{
		DestinationPath: filepath.Dir(n.data), Content: archive, CopyUIDGID: false,
	}); err != nil {
		return fmt.Errorf("restore the snapshot of setup: %w", err)
	}
	n.restored = true
	return nil
}

// restored says whether the node came up with its setup already applied.
func (d *docker) restored(node *site.Node) bool {
	n, ok := node.Control.(*containerNode)
	return ok && n.restored
}

// keep stops the server in good order, stores its data directory and starts it again.
func (d *docker) keep(ctx context.Context, node *site.Node, key string) error {
	n, ok := node.Control.(*containerNode)
	if !ok || n.volume == "" {
		return fmt.Errorf("%w: %s has no data directory of ours", errNotKept, node.Name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.hold(ctx); err != nil {
		return fmt.Errorf("%w: %v", errNotKept, err)
	}
	seconds := int(patience.Seconds())
	// SIGINT is a fast shutdown to PostgreSQL: it breaks connections off and writes a checkpoint.
	if _, err := d.engine.ContainerStop(ctx, n.id, client.ContainerStopOptions{Signal: "SIGINT", Timeout: &seconds}); err != nil {
		return fmt.Errorf("%w: stop the server: %v", errNotKept, err)
	}
	kept := d.store(ctx, n, key)
	if err := n.startAgain(ctx); err != nil {
		return err
	}
	return kept
}

func (d *docker) store(ctx context.Context, n *containerNode, key string) error {
	state, err := n.state(ctx)
	if err != nil {
		return fmt.Errorf("%w: %v", errNotKept, err)
	}
	if state.ExitCode != 0 {
		return fmt.Errorf("%w: the server did not end in good order: exit code %d", errNotKept, state.ExitCode)
	}
	archive, err := d.engine.CopyFromContainer(ctx, n.holder, client.CopyFromContainerOptions{SourcePath: n.data})
	if err != nil {
		return fmt.Errorf("%w: read its data directory: %v", errNotKept, err)
	}
	defer archive.Content.Close()
	if err := d.keeper.keep(n.snapshotName(key), archive.Content); err != nil {
		return fmt.Errorf("%w: %v", errNotKept, err)
	}
	return nil
}

// withPassword gives a restored server the password of this run, over the socket inside its container, before c is asked.
func (n *containerNode) withPassword(p depPlan, c check) check {
	if !n.restored {
		return c
	}
	done := false
	probe := c.probe
	c.probe = func(ctx context.Context) error {
		if !done {
			if err := n.assignPassword(ctx, p); err != nil {
				return err
			}
			done = true
		}
		return probe(ctx)
	}
	return c
}

func (n *containerNode) assignPassword(ctx context.Context, p depPlan) error {
	quote := func(text, mark string) string { return mark + strings.ReplaceAll(text, mark, mark+mark) + mark }
	user, database := p.Params[dependency.ParamUser], p.Params[dependency.ParamDatabase]
	_, port, _ := strings.Cut(p.Address, ":")
	// The statement goes through the environment: an argument would stand in the process list.
	statement := "ALTER ROLE " + quote(user, `"`) + " PASSWORD " + quote(p.Params[dependency.ParamPassword], "'")
	return n.run(ctx, []string{"sh", "-c", `printf '%s' "$STATEMENT" | exec psql -qX -v ON_ERROR_STOP=1`},
		tcexec.WithEnv([]string{"STATEMENT=" + statement, "PGUSER=" + user, "PGDATABASE=" + database, "PGPORT=" + port}))
}
