// Package images builds the images of the known dependencies from the packages of the Debian or Ubuntu it runs on, for
// engines that reach no registry.
//
// It decides three things for you:
//   - Nothing is installed on the host. apt resolves and downloads the packages as if for an empty system; from them only the
//     programs, what they load and their data go into the image. Root is not needed, access to the engine is.
//   - The images behave like the official ones towards whoever starts them (variables, arguments, init scripts), with the
//     version that the distribution has. PostgreSQL comes without LLVM: JIT stays off, whatever the setting says.
//   - A recipe has a version, kept as a label on the image. An image of the current recipe is used as it is.
package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/moby/client"
)

// Labels of a built image.
const (
	LabelRecipe = "brunt.images" // version of the recipe
	LabelKind   = "brunt.kind"   // postgres or redis
	LabelMajor  = "brunt.major"  // major version of the server inside
)

// Prefix is the repository prefix of every image that brunt builds. Such an image is never pulled: on a public registry the
// name may belong to anybody.
const Prefix = "brunt/"

// format is raised when the code of this package begins to make another image of the same recipe files.
const format = 1

//go:embed recipe
var recipeFiles embed.FS

// Image is an image of a known dependency that brunt built.
type Image struct {
	Kind    string
	Major   string // major version of the server inside
	Tag     string // brunt/<kind>:<major>
	ID      string
	Current bool // of the recipe that this brunt has
	Built   bool // made by this call
}

// Options say what to build.
type Options struct {
	Kinds    []string // of Kinds(); empty: all of them
	Progress func(string)
	// InitdbArgs are the arguments that the cluster in the postgres image is made with. Containers that ask for others run
	// initdb.
	InitdbArgs []string
	// Force builds even if an image of the current recipe is there.
	Force bool
}

func (o Options) step(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Kinds are the dependencies that can be built.
func Kinds() []string {
	var kinds []string
	for _, r := range recipes() {
		kinds = append(kinds, r.kind)
	}
	return kinds
}

// Build builds the images that are not there yet in the current recipe, and returns all that were asked for, in order. Its
// error is a *NoPackagesError where the host cannot provide packages.
func Build(ctx context.Context, engine *client.Client, opts Options) ([]Image, error) {
	kinds := opts.Kinds
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	all := make([]Image, len(kinds))
	var missing []recipe
	for i, kind := range kinds {
		r, err := recipeOf(kind)
		if err != nil {
			return nil, err
		}
		present, err := Present(ctx, engine, kind)
		if err != nil {
			return nil, err
		}
		if len(present) > 0 && present[0].Current && !opts.Force {
			all[i] = present[0]
			continue
		}
		missing = append(missing, r)
	}
	if len(missing) == 0 {
		return all, nil
	}
	built, err := build(ctx, engine, missing, opts)
	for _, image := range built {
		all[slices.Index(kinds, image.Kind)] = image
	}
	return all, err
}

// build makes one root file system of the packages of all recipes and each image from it.
func build(ctx context.Context, engine *client.Client, recipes []recipe, opts Options) ([]Image, error) {
	work, err := os.MkdirTemp("", "brunt-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	root, err := unpackAll(ctx, work, recipes, opts)
	if err != nil {
		return nil, err
	}
	var built []Image
	for _, r := range recipes {
		image, err := r.build(ctx, engine, root, opts)
		if err != nil {
			return built, fmt.Errorf("build the image of %s: %w", r.kind, err)
		}
		built = append(built, image)
	}
	return built, nil
}

func recipeOf(kind string) (recipe, error) {
	i := slices.IndexFunc(recipes(), func(r recipe) bool { return r.kind == kind })
	if i < 0 {
		return recipe{}, fmt.Errorf("there is no recipe for an image of %s (there are: %s)", kind, strings.Join(Kinds(), ", "))
	}
	return recipes()[i], nil
}

// Present lists the images of a kind that brunt built here, of this recipe or an older one: the current one first, then by
// tag.
func Present(ctx context.Context, engine *client.Client, kind string) ([]Image, error) {
	version, err := recipeVersion(kind)
	if err != nil {
		return nil, err
	}
	list, err := engine.ImageList(ctx, client.ImageListOptions{
		Filters: make(client.Filters).Add("label", LabelKind+"="+kind),
	})
	if err != nil {
		return nil, fmt.Errorf("list images of %s: %w", kind, err)
	}
	var found []Image
	for _, item := range list.Items {
		for _, tag := range item.RepoTags {
			if strings.HasPrefix(tag, Prefix+kind+":") {
				found = append(found, Image{
					Kind: kind, Major: item.Labels[LabelMajor], Tag: tag, ID: item.ID,
					Current: item.Labels[LabelRecipe] == version,
				})
			}
		}
	}
	slices.SortFunc(found, func(a, b Image) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Tag, b.Tag)
	})
	return found, nil
}

// recipeVersion is a digest of everything that decides what an image of this kind holds, the packages' versions apart.
func recipeVersion(kind string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "format %d\n", format)
	for _, name := range []string{kind + ".Dockerfile", kind + "-entrypoint.sh"} {
		text, err := recipeFiles.ReadFile(path.Join("recipe", name))
		if err != nil {
			return "", fmt.Errorf("no recipe for %s: %w", kind, err)
		}
		fmt.Fprintf(h, "%s %d\n%s\n", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func (r recipe) build(ctx context.Context, engine *client.Client, root root, opts Options) (Image, error) {
	version, err := recipeVersion(r.kind)
	if err != nil {
		return Image{}, err
	}
	major, err := r.major(root)
	if err != nil {
		return Image{}, err
	}
	image := Image{Kind: r.kind, Major: major, Tag: Prefix + r.kind + ":" + major, Current: true, Built: true}
	opts.step("building %s", image.Tag)
	image.ID, err = r.assemble(ctx, engine, root, assembly{
		tag: image.Tag, major: major, recipe: version, initdb: strings.Join(opts.InitdbArgs, " "),
	})
	if err == nil {
		removeUntagged(ctx, engine, r.kind)
	}
	return image, err
}

// removeUntagged removes the images that a newer one of the same tag has replaced. One that a container still uses stays
// until the next time.
func removeUntagged(ctx context.Context, engine *client.Client, kind string) {
	list, err := engine.ImageList(ctx, client.ImageListOptions{
		Filters: make(client.Filters).Add("label", LabelKind+"="+kind).Add("dangling", "true"),
	})
	if err != nil {
		return
	}
	for _, old := range list.Items {
		_, _ = engine.ImageRemove(ctx, old.ID, client.ImageRemoveOptions{PruneChildren: true})
	}
}
