package topology

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// shelf is an engine that has nothing but images that were built, and containers.
type shelf struct {
	images     []onShelf
	containers []container.Summary
	mute       error            // what it answers when it is asked for images
	refused    map[string]error // what it answers when it is to remove this
	removed    []string
}

type onShelf struct {
	id     string
	tags   []string
	tagged time.Duration // ago
}

func (s *shelf) ImageList(_ context.Context, o client.ImageListOptions) (client.ImageListResult, error) {
	var found client.ImageListResult
	if !o.Filters["label"]["brunt.kind=build"] {
		return found, errors.New("other people's images are none of our business")
	}
	for _, i := range s.images {
		found.Items = append(found.Items, image.Summary{ID: i.id, RepoTags: i.tags, Created: time.Now().Add(-1000 * time.Hour).Unix()})
	}
	return found, s.mute
}

func (s *shelf) ContainerList(_ context.Context, o client.ContainerListOptions) (client.ContainerListResult, error) {
	if !o.All {
		return client.ContainerListResult{}, errors.New("a container that is stopped has an image, too")
	}
	return client.ContainerListResult{Items: s.containers}, nil
}

func (s *shelf) ImageInspect(_ context.Context, id string, _ ...client.ImageInspectOption) (client.ImageInspectResult, error) {
	i := slices.IndexFunc(s.images, func(i onShelf) bool { return i.id == id })
	found := image.InspectResponse{ID: id, Metadata: image.Metadata{LastTagTime: time.Now().Add(-s.images[i].tagged)}}
	return client.ImageInspectResult{InspectResponse: found}, nil
}

func (s *shelf) ImageRemove(_ context.Context, ref string, o client.ImageRemoveOptions) (client.ImageRemoveResult, error) {
	if o.Force {
		return client.ImageRemoveResult{}, errors.New("with force what is in use goes, too")
	}
	if err := s.refused[ref]; err != nil {
		return client.ImageRemoveResult{}, err
	}
	s.removed = append(s.removed, ref)
	return client.ImageRemoveResult{}, nil
}

// built is an image of a service, by a letter.
func built(letter string, tagged time.Duration) onShelf {
	return onShelf{"sha256:" + strings.Repeat(letter, 64), []string{"brunt/build:" + letter}, tagged}
}

// note is a file that says who used an image.
type note struct {
	letter, owner string
	ago           time.Duration
}

func (n note) write(t *testing.T, dir string) {
	t.Helper()
	name, at := filepath.Join(dir, strings.Repeat(n.letter, 64)), time.Now().Add(-n.ago)
	if err := errors.Join(os.WriteFile(name, []byte(n.owner), 0o600), os.Chtimes(name, at, at)); err != nil {
		t.Fatal(err)
	}
}

func TestImagesOfBuildsThatWereUsedLastStay(t *testing.T) {
	t.Parallel()
	needOwner(t)
	parts := strings.Split(owner(), "/")
	dead, unknown := "00000000-0000/"+strings.Join(parts[1:], "/"), parts[0]+"/pid:[1]/"+strings.Join(parts[2:], "/")
	three := []onShelf{built("a", 30*time.Hour), built("b", 10*time.Hour), built("c", 20*time.Hour)}
	tagged := func(letter string, tags ...string) []onShelf {
		i := built(letter, 40*time.Hour)
		i.tags = tags
		return append(slices.Clone(three), i)
	}
	for _, row := range []struct {
		name    string
		images  []onShelf
		notes   []note
		shelf   shelf
		keep    int
		removed string
	}{
		{name: "no more than are kept", images: three, keep: 3},
		{name: "the tag that was given first goes", images: three, keep: 2, removed: "brunt/build:a"},
		{name: "of many the oldest go", images: three, keep: 1, removed: "brunt/build:c brunt/build:a"},
		{name: "a run has used the one with the oldest tag since", images: three, notes: []note{{"a", dead, time.Hour}}, keep: 2, removed: "brunt/build:c"},
		{name: "a run used it before its tag was given", images: three, notes: []note{{"b", dead, 50 * time.Hour}}, keep: 2, removed: "brunt/build:a"},
		{
			name: "a run that lives uses more than are kept", images: three, keep: 1, removed: "brunt/build:c",
			notes: []note{{"a", owner(), 5 * time.Hour}, {"b", owner(), time.Hour}},
		},
		{name: "of the run that used it nothing is known yet", images: three, notes: []note{{"a", unknown, 5 * time.Hour}}, keep: 0, removed: "brunt/build:b brunt/build:c"},
		{name: "of the run that used it nothing was known for long", images: three, notes: []note{{"a", unknown, 7 * time.Hour}}, keep: 0, removed: "brunt/build:a brunt/build:b brunt/build:c"},
		{
			name: "a container has it, though it is stopped", images: three, keep: 1, removed: "brunt/build:c",
			shelf: shelf{containers: []container.Summary{{ID: "1", ImageID: three[0].id, State: "exited"}}},
		},
		{name: "somebody's own image was made from one", images: tagged("d", "shop:dev"), keep: 3},
		{name: "somebody calls one by a name as well", images: tagged("d", "shop:dev", "brunt/build:d"), keep: 3, removed: "brunt/build:d"},
		{name: "two commits are one image", images: tagged("d", "brunt/build:e", "brunt/build:d"), keep: 3, removed: "brunt/build:d brunt/build:e"},
		{name: "another image of ours has a name like it", images: tagged("d", "brunt/builder:1"), keep: 3},
		{name: "a later build took its tag", images: tagged("d", "<none>:<none>"), keep: 3, removed: three[0].id[:7] + strings.Repeat("d", 64)},
		{name: "a later build took its tag, in a newer engine", images: tagged("d"), keep: 3, removed: three[0].id[:7] + strings.Repeat("d", 64)},
		{name: "it came into use meanwhile", images: three, keep: 1, removed: "brunt/build:a", shelf: shelf{refused: map[string]error{"brunt/build:c": errdefs.ErrConflict}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.shelf.images = row.images
			s := stock{engine: &row.shelf, dir: t.TempDir()}
			for _, n := range row.notes {
				n.write(t, s.dir)
			}
			said, err := s.prune(t.Context(), row.keep)
			if got := strings.Join(row.shelf.removed, " "); err != nil || got != row.removed {
				t.Errorf("removed %q, want %q; error %v", got, row.removed, err)
			}
			if (len(said) == 0) != (row.removed == "") {
				t.Errorf("it says %q", said)
			}
		})
	}
}

func TestWhatPruningImagesSays(t *testing.T) {
	t.Parallel()
	out := errors.New("no space left on device")
	untagged := built("c", 3*time.Hour)
	untagged.tags = nil
	s := stock{engine: &shelf{
		images:  []onShelf{built("a", time.Hour), built("b", 2*time.Hour), untagged, built("d", 4*time.Hour)},
		refused: map[string]error{"brunt/build:b": out, "brunt/build:d": errdefs.ErrNotFound},
	}}
	said, err := s.prune(t.Context(), 1)
	if got, want := strings.Join(said, ", "), "image cccccccccccc, image brunt/build:d"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if !errors.Is(err, out) || !strings.Contains(err.Error(), "remove the image brunt/build:b: ") {
		t.Errorf("the error is %v", err)
	}
}

// A run goes on when the engine has trouble with old images.
func TestImagesThatStayAreNoErrorOfTheRun(t *testing.T) {
	t.Parallel()
	var log, told bytes.Buffer
	d := docker{opts: Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Progress: func(text string) { told.WriteString(text + "\n") }}}
	d.stock.engine = &shelf{mute: errors.New("the disk is read-only")}
	d.pruneBuilds(t.Context())
	if got := log.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "read-only") || told.Len() > 0 {
		t.Errorf("the log is %q, and it tells %q", got, told.String())
	}

	log.Reset()
	all := &shelf{}
	for i := range keepBuilds + 1 {
		all.images = append(all.images, built(string(rune('a'+i)), time.Duration(i)*time.Hour))
	}
	d.stock.engine = all
	d.pruneBuilds(t.Context())
	if got, want := told.String(), "removed what no run has used lately: image brunt/build:i\n"; got != want || log.Len() > 0 {
		t.Errorf("it tells %q, want %q; the log is %q", got, want, log.String())
	}
}

func TestUsesOfImagesThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	needOwner(t)
	s := stock{engine: &shelf{images: []onShelf{built("a", time.Hour), built("b", 2*time.Hour)}}, dir: filepath.Join(t.TempDir(), "images")}
	if err := s.use(built("a", 0).id); err != nil { // makes the folder
		t.Fatal(err)
	}
	const dead = "00000000-0000/pid:[1]/1/1" // of another boot
	for _, n := range []note{{"b", dead, 2 * time.Hour}, {"c", dead, time.Hour}, {"d", owner(), time.Hour}} {
		n.write(t, s.dir)
	}
	if _, err := s.prune(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names strings.Builder
	for _, f := range left {
		names.WriteString(f.Name()[:1])
	}
	if names.String() != "ad" {
		t.Errorf("left are uses of %q; want those of the image that stays and of a run that lives", names.String())
	}
}

// made is the real engine, which knows of no other images than those of a test.
type made struct {
	*client.Client
	ids []string
}

func (m *made) ImageList(ctx context.Context, o client.ImageListOptions) (client.ImageListResult, error) {
	found, err := m.Client.ImageList(ctx, o)
	found.Items = slices.DeleteFunc(found.Items, func(i image.Summary) bool { return !slices.Contains(m.ids, i.ID) })
	return found, err
}

// build has the engine build an image of one file, which it then takes from its cache.
func (m *made) build(t *testing.T, tag, text string) string {
	t.Helper()
	_, err := images.Make(t.Context(), m.Client, images.Spec{
		Tag: tag, Labels: map[string]string{images.LabelKind: "build"},
		Context: func(w *tar.Writer) error {
			return cmp.Or(images.AddText(w, "Dockerfile", "FROM scratch\nCOPY text /text\n"), images.AddText(w, "text", text))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := m.Client.ImageInspect(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(m.ids, found.ID) {
		m.ids = append(m.ids, found.ID)
		t.Cleanup(func() {
			_, err := m.Client.ImageRemove(context.WithoutCancel(t.Context()), found.ID, client.ImageRemoveOptions{Force: true, PruneChildren: true})
			if unlessGone(err) != nil {
				t.Error(err)
			}
		})
	}
	return found.ID
}

// TestTheEngineKeepsTheImagesUsedLast has an image that a container uses, one that a later build took the tag of, and one that was
// built first and came out of the cache last.
func TestTheEngineKeepsTheImagesUsedLast(t *testing.T) {
	t.Parallel()
	engine := &made{Client: needEngine(t)}
	s := stock{engine: engine} // without notes: the engine's times have to do
	unique := strings.ToLower(t.Name()) + time.Now().Format("150405.000000000")
	first, second := buildTag+unique+"-first", buildTag+unique+"-second"
	again := engine.build(t, first, unique+" one")
	replaced := engine.build(t, second, unique+" two")
	used := engine.build(t, second, unique+" three")
	if id := engine.build(t, first, unique+" one"); id != again {
		t.Fatalf("the engine made %s anew", first)
	}
	holding, err := engine.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: &container.Config{Image: used, Cmd: []string{"/text"}}})
	if err != nil {
		t.Fatal(err)
	}
	release := func() error { return removeContainer(context.WithoutCancel(t.Context()), engine.Client, holding.ID) }
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	prune := func(want, here, gone string) {
		t.Helper()
		removed, err := s.prune(t.Context(), 1)
		if got := strings.Join(removed, ", "); err != nil || got != want {
			t.Errorf("removed %q, want %q; error %v", got, want, err)
		}
		if _, err := engine.Client.ImageInspect(t.Context(), here); err != nil {
			t.Error(err)
		}
		if _, err := engine.Client.ImageInspect(t.Context(), gone); !errdefs.IsNotFound(err) {
			t.Errorf("%s is left: %v", gone, err)
		}
	}
	prune("image "+strings.TrimPrefix(replaced, "sha256:")[:12], second, replaced)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	// What somebody calls by another name is taken nothing but ours.
	named := unique + ":theirs"
	if _, err := engine.ImageTag(t.Context(), client.ImageTagOptions{Source: used, Target: named}); err != nil {
		t.Fatal(err)
	}
	engine.build(t, first, unique+" one") // since that gave a tag, too
	prune("image "+second, named, second)
	prune("", first, second)
}
