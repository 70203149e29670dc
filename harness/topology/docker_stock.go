package topology

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// keepBuilds is how many images that were built of a Dockerfile stay for builds that come back: a gate needs two of each service.
const keepBuilds = 8

// heldAtMost is how long an image stays for the run that used it last while that run is not known to have ended. Of one in
// another process namespace nothing is ever known.
const heldAtMost = 6 * time.Hour

// stockLimit bounds the pruning of images, of which each may be some gigabytes of files.
const stockLimit = time.Minute

// buildTag begins the tags of images that are built of a Dockerfile.
const buildTag = images.Prefix + "build:"

// stockEngine is what the stock asks of the engine.
type stockEngine interface {
	ContainerList(context.Context, client.ContainerListOptions) (client.ContainerListResult, error)
	ImageInspect(context.Context, string, ...client.ImageInspectOption) (client.ImageInspectResult, error)
	ImageList(context.Context, client.ImageListOptions) (client.ImageListResult, error)
	ImageRemove(context.Context, string, client.ImageRemoveOptions) (client.ImageRemoveResult, error)
}

// stock is the images that services were built into: those used last are kept for builds that come back.
type stock struct {
	engine stockEngine
	// dir has a file for each image that this user's runs used: its time is that of the last use, and in it stands whose that was, as in
	// labelOwner. The engine's own time of a tag says the same for all users, but one with containerd's store leaves it as it
	// is when a build out of the cache gives the tag again. Empty: the user has no cache.
	dir string
}

// stocked is an image of the stock.
type stocked struct {
	id   string
	tags []string // of ours; without any, a later build has taken it
	used time.Time
	held bool // by a run that lives or may live, or by a container
}

func newStock(engine stockEngine, cacheDir string) stock {
	return stock{engine: engine, dir: cacheFolder(cacheDir, "images")}
}

// PruneBuilds removes the images that services were built into and that no run has used lately, and returns a line for each. The
// eight used last stay, and so does what a run that lives or a container has in use. Where there is no engine there is
// nothing to remove, and no error.
func PruneBuilds(ctx context.Context) ([]string, error) {
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil, nil // see Sweep
	}
	defer engine.Close()
	if _, err := ask(ctx, engine); err != nil {
		return nil, unlessMissing(ctx, err)
	}
	return newStock(engine, "").prune(ctx, keepBuilds)
}

// pruneBuilds makes room for what was just built. That it can't is no reason to end a run.
func (d *docker) pruneBuilds(ctx context.Context) {
	removed, err := d.stock.prune(ctx, keepBuilds)
	if len(removed) > 0 {
		d.opts.step("removed what no run has used lately: " + strings.Join(removed, ", "))
	}
	if err != nil {
		d.opts.logWarning("images of earlier builds were not removed", err)
	}
}

// use notes that this process uses an image.
func (s stock) use(id string) error {
	if s.dir == "" {
		return nil // the engine's times have to do
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(s.file(id), []byte(owner()), 0o600)
}

func (s stock) file(id string) string {
	return filepath.Join(s.dir, strings.TrimPrefix(id, "sha256:"))
}

// lastUse is when a run of this user's used an image last, and whether that run may still be alive.
func (s stock) lastUse(id string) (used time.Time, held bool) {
	if s.dir == "" {
		return time.Time{}, false
	}
	info, err := os.Stat(s.file(id))
	if err != nil {
		return time.Time{}, false
	}
	text, err := os.ReadFile(s.file(id))
	return info.ModTime(), err == nil && !ownerDead(string(text)) && time.Since(info.ModTime()) < heldAtMost
}

// prune removes the images beyond the keep that were used last, and says which.
func (s stock) prune(ctx context.Context, keep int) (removed []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stockLimit)
	defer cancel()
	all, err := s.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the images of builds: %w", err)
	}
	slices.SortFunc(all, func(a, b stocked) int { return b.used.Compare(a.used) })
	var problems []error
	kept := slices.Clone(all[:min(len(all), keep)])
	for _, old := range all[len(kept):] {
		gone := false
		if !old.held {
			gone, err = s.remove(ctx, old)
			problems = append(problems, err)
		}
		if gone {
			removed = append(removed, old.String())
		} else {
			kept = append(kept, old)
		}
	}
	s.forget(kept)
	return removed, errors.Join(problems...)
}

// list is the stock as the engine has it. An image that bears nothing but tags of other people's is theirs, whatever it was
// built from.
func (s stock) list(ctx context.Context) ([]stocked, error) {
	built, err := s.engine.ImageList(ctx, client.ImageListOptions{
		Filters: make(client.Filters).Add("label", images.LabelKind+"=build"),
	})
	if err != nil || len(built.Items) == 0 {
		return nil, err
	}
	containers, err := s.engine.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	inUse := map[string]bool{}
	for _, c := range containers.Items {
		inUse[c.ImageID] = true
	}
	var all []stocked
	for _, item := range built.Items {
		tags, foreign := ownTags(item)
		if foreign && len(tags) == 0 {
			continue
		}
		found, err := s.engine.ImageInspect(ctx, item.ID)
		if errdefs.IsNotFound(err) {
			continue // another run was faster
		}
		if err != nil {
			return nil, err
		}
		used, held := s.lastUse(item.ID)
		for _, t := range []time.Time{time.Unix(item.Created, 0), found.Metadata.LastTagTime} {
			if t.After(used) {
				used = t
			}
		}
		all = append(all, stocked{id: item.ID, tags: tags, used: used, held: held || inUse[item.ID]})
	}
	return all, nil
}

// ownTags are the tags of an image that brunt gave, and whether it has others.
func ownTags(item image.Summary) (own []string, foreign bool) {
	for _, tag := range item.RepoTags {
		switch {
		case strings.HasPrefix(tag, buildTag):
			own = append(own, tag)
		case tag != "<none>:<none>":
			foreign = true
		}
	}
	slices.Sort(own)
	return own, foreign
}

// remove takes our tags from an image, which with the last of them is gone. The engine keeps what has come into use by now.
func (s stock) remove(ctx context.Context, old stocked) (gone bool, err error) {
	refs := old.tags
	if len(refs) == 0 {
		refs = []string{old.id}
	}
	for _, ref := range refs {
		_, err := s.engine.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: true})
		switch {
		case errdefs.IsConflict(err):
			return false, nil
		case unlessGone(err) != nil:
			return false, fmt.Errorf("remove the %s: %w", old, err)
		}
	}
	return true, nil
}

// forget removes the files of all images but these, unless they are of a run that lives: it may use another engine.
func (s stock) forget(but []stocked) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return // nothing was ever noted
	}
	for _, f := range files {
		known := slices.ContainsFunc(but, func(i stocked) bool { return filepath.Base(s.file(i.id)) == f.Name() })
		if _, held := s.lastUse(f.Name()); !known && !held {
			_ = os.Remove(s.file(f.Name())) // it will be met again
		}
	}
}

// String names the image as the engine's own tools do.
func (i stocked) String() string {
	if len(i.tags) > 0 {
		return "image " + strings.Join(i.tags, " ")
	}
	id := strings.TrimPrefix(i.id, "sha256:")
	return "image " + id[:min(len(id), 12)]
}
