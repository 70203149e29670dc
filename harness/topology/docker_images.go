package topology

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// noBuildVariable forbids brunt, with the value 1, to build images of its own accord.
const noBuildVariable = "BRUNT_NO_IMAGE_BUILD"

// Bounds of a pull: it ends when nothing arrives for pullSilence, and at the latest after pullLimit.
const (
	pullSilence = 30 * time.Second
	pullLimit   = 15 * time.Minute
)

// ImageError says that the image of a node can't be had.
type ImageError struct {
	Node  string
	Image string
	Known bool // of a known dependency, for which `brunt images` makes a substitute
	Err   error
}

func (e *ImageError) Error() string {
	return fmt.Sprintf("the image %s of %s can't be had: %v", e.Image, e.Node, e.Err)
}

func (e *ImageError) Unwrap() error { return e.Err }

// imageUse is the image that a node starts from.
type imageUse struct {
	ref    string // what it is called
	id     string // of the image here
	digest string // at its registry; the id where it has none
	ours   bool   // made by brunt from packages
}

// BuildImages builds the images of the known dependencies from the packages of this Debian or Ubuntu, unless they are there
// already, and returns their tags. Its error is an *EngineError where no engine answers, and an *images.NoPackagesError where
// the packages can't be had.
func BuildImages(ctx context.Context, progress func(string)) ([]string, error) {
	engine, _, err := connectEngine(ctx)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	built, err := images.Build(ctx, engine, images.Options{Progress: progress, InitdbArgs: dependency.InitdbArgs()})
	var tags []string
	for _, image := range built {
		if image.Tag != "" {
			tags = append(tags, image.Tag)
		}
	}
	return tags, err
}

// prepareImages finds, pulls or builds the image of every node, all at once.
func (d *docker) prepareImages(ctx context.Context, p plan) error {
	err := together(ctx, len(p.dependencies)+len(p.services), func(ctx context.Context, i int) error {
		var name string
		var use imageUse
		var err error
		if i < len(p.dependencies) {
			name = p.dependencies[i].Name
			use, err = d.dependencyImage(ctx, p.dependencies[i])
		} else {
			service := p.services[i-len(p.dependencies)]
			name = service.Name
			use, err = d.serviceImage(ctx, service)
		}
		if err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.images[name] = use
		return nil
	})
	if err == nil && slices.ContainsFunc(p.services, func(s servicePlan) bool { return s.Build != nil }) {
		d.pruneBuilds(ctx)
	}
	return err
}

func (d *docker) dependencyImage(ctx context.Context, p depPlan) (imageUse, error) {
	if p.Server == nil {
		return d.anyImage(ctx, p.Name, p.Image)
	}
	ref := p.Server.Image(p.Dependency, d.opts.lookup)
	use, err := d.anyImage(ctx, p.Name, ref)
	var missing *ImageError
	if err == nil || !errors.As(err, &missing) {
		return use, err
	}
	missing.Known = true
	repository, asked := splitReference(ref)
	if repository != p.Server.Repository && repository != images.Prefix+p.Kind {
		return imageUse{}, missing // an image of the user's own, for which ours is no substitute
	}
	ours, err := d.ourImage(ctx, p, asked)
	if err != nil {
		missing.Err = errors.Join(missing.Err, err)
		return imageUse{}, missing
	}
	d.opts.step(fmt.Sprintf("%s: %s can't be pulled (%s); using %s, built from this system's packages",
		p.Name, ref, firstLine(missing.Err), ours.Tag))
	// The caller compares what the experiment asks for with what runs. It can't for a version that nobody wrote down.
	if p.Version == "" && asked != "" && !sameVersion(ours.Major, asked) && !sameVersion(asked, ours.Major) {
		d.opts.warn(fmt.Sprintf("%s: %s could not be pulled; %s is another major version", p.Name, ref, ours.Tag))
	}
	use, err = d.inspectImage(ctx, ours.Tag)
	use.ours = true
	return use, err
}

// splitReference splits postgres:17-alpine into its repository, with the default registry left away, and its tag.
func splitReference(ref string) (repository, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	repository = ref
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		repository, tag = ref[:i], ref[i+1:]
	}
	for _, prefix := range []string{"docker.io/", "library/"} {
		repository = strings.TrimPrefix(repository, prefix)
	}
	return repository, tag
}

// ourImage is the image that brunt built of a kind: in the version asked for if there is one, else the current one. Without
// any it is built, where that is possible and allowed.
func (d *docker) ourImage(ctx context.Context, p depPlan, asked string) (images.Image, error) {
	d.making.Lock() // two nodes of one kind must not build it twice
	defer d.making.Unlock()
	present, err := images.Present(ctx, d.engine, p.Kind)
	if err != nil {
		return images.Image{}, err
	}
	if i := slices.IndexFunc(present, func(i images.Image) bool { return sameVersion(i.Major, asked) }); i >= 0 && present[i].Current {
		return present[i], nil
	}
	if len(present) > 0 && present[0].Current {
		return present[0], nil
	}
	var refused error
	if forbidden, _ := d.opts.lookup(noBuildVariable); forbidden == "1" {
		refused = fmt.Errorf("%s=1 forbids to build it", noBuildVariable)
	} else {
		refused = images.Able()
	}
	if refused == nil {
		d.opts.step(fmt.Sprintf("%s: no image of %s can be pulled; building one from this system's packages, once", p.Name, p.Kind))
		built, err := images.Build(ctx, d.engine, images.Options{
			Kinds: []string{p.Kind}, Progress: d.opts.Progress, InitdbArgs: dependency.InitdbArgs(),
		})
		if err == nil {
			return built[0], nil
		}
		refused = err
	}
	if len(present) > 0 && ctx.Err() == nil {
		return present[0], nil // of an older recipe, which is better than none
	}
	return images.Image{}, refused
}

func (d *docker) serviceImage(ctx context.Context, p servicePlan) (imageUse, error) {
	switch {
	case p.Reference != "":
		return d.targetImage(ctx)
	case p.Build != nil:
		return d.builtImage(ctx, p)
	case p.Image != "":
		return d.anyImage(ctx, p.Name, p.Image)
	}
	return imageUse{}, nil // a command
}

// anyImage is the image ref: from this engine, or pulled. Its error is an *ImageError.
func (d *docker) anyImage(ctx context.Context, node, ref string) (imageUse, error) {
	use, err := d.inspectImage(ctx, ref)
	if err == nil {
		return use, nil
	}
	if !errdefs.IsNotFound(err) {
		return imageUse{}, &ImageError{Node: node, Image: ref, Err: err}
	}
	if strings.HasPrefix(ref, images.Prefix) {
		return imageUse{}, &ImageError{Node: node, Image: ref, Err: errors.New("brunt makes it itself and it is not here")}
	}
	d.opts.step(fmt.Sprintf("%s: pulling %s", node, ref))
	if err := pull(ctx, d.engine, ref); err != nil {
		if ctx.Err() != nil {
			return imageUse{}, ctx.Err()
		}
		return imageUse{}, &ImageError{Node: node, Image: ref, Err: err}
	}
	if use, err = d.inspectImage(ctx, ref); err != nil {
		return imageUse{}, &ImageError{Node: node, Image: ref, Err: err}
	}
	return use, nil
}

func (d *docker) inspectImage(ctx context.Context, ref string) (imageUse, error) {
	found, err := d.engine.ImageInspect(ctx, ref)
	if err != nil {
		return imageUse{}, err
	}
	use := imageUse{ref: ref, id: found.ID, digest: found.ID}
	for _, full := range slices.Sorted(slices.Values(found.RepoDigests)) {
		if _, digest, ok := strings.Cut(full, "@"); ok {
			use.digest = digest
			break
		}
	}
	return use, nil
}

// pull asks the engine to pull ref, with the bounds above.
func pull(ctx context.Context, engine *client.Client, ref string) error {
	ctx, cancel := context.WithTimeout(ctx, pullLimit)
	defer cancel()
	quiet := time.AfterFunc(pullSilence, cancel)
	defer quiet.Stop()
	arriving, err := engine.ImagePull(ctx, ref, client.ImagePullOptions{})
	if err != nil {
		return err
	}
	for message, err := range arriving.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		quiet.Reset(pullSilence)
	}
	return ctx.Err()
}

// targetImage is the image of the reference targets: nothing but their binary, named by its content.
func (d *docker) targetImage(ctx context.Context) (imageUse, error) {
	d.making.Lock()
	defer d.making.Unlock()
	if d.target.ref != "" {
		return d.target, nil
	}
	if d.opts.TargetBinary == nil {
		return imageUse{}, errors.New("no binary of the reference targets is given")
	}
	binary, err := d.opts.TargetBinary(ctx)
	if err != nil {
		return imageUse{}, fmt.Errorf("build the reference targets: %w", err)
	}
	sum, err := staticDigest(binary)
	if err != nil {
		return imageUse{}, err
	}
	tag := images.Prefix + "target:" + sum[:16]
	if d.target, err = d.inspectImage(ctx, tag); err == nil {
		return d.target, nil
	}
	_, err = images.Make(ctx, d.engine, images.Spec{
		Tag: tag, Labels: map[string]string{images.LabelKind: "target"},
		Context: func(w *tar.Writer) error {
			if err := images.AddText(w, "Dockerfile", "FROM scratch\nCOPY target /target\nENTRYPOINT [\"/target\"]\n"); err != nil {
				return err
			}
			return images.AddFile(w, "target", binary, 0o755)
		},
	})
	if err != nil {
		return imageUse{}, fmt.Errorf("image of the reference targets: %w", err)
	}
	d.pruneTargets(ctx, tag)
	d.target, err = d.inspectImage(ctx, tag)
	return d.target, err
}

// keepTargets is how many images of the reference targets stay for builds that come back.
const keepTargets = 4

// pruneTargets removes the oldest images of the reference targets. One that is in use refuses, and goes the next time.
func (d *docker) pruneTargets(ctx context.Context, current string) {
	list, err := d.engine.ImageList(ctx, client.ImageListOptions{
		Filters: make(client.Filters).Add("label", images.LabelKind+"=target"),
	})
	if err != nil {
		return
	}
	slices.SortFunc(list.Items, func(a, b image.Summary) int { return cmp.Compare(b.Created, a.Created) })
	for _, old := range list.Items[min(len(list.Items), keepTargets):] {
		if !slices.Contains(old.RepoTags, current) {
			_, _ = d.engine.ImageRemove(ctx, old.ID, client.ImageRemoveOptions{PruneChildren: true})
		}
	}
}

// staticDigest is the SHA-256 of a program that needs nothing beside itself: in an image made from nothing there is no loader.
func staticDigest(binary string) (string, error) {
	program, err := elf.Open(binary)
	if err != nil {
		return "", fmt.Errorf("%s is no Linux program: %w", binary, err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s is linked dynamically and can't run in an image without libraries: build it with CGO_ENABLED=0", binary)
		}
	}
	f, err := os.Open(binary)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// builtImage builds the user's Dockerfile. What has not changed comes out of the engine's cache.
func (d *docker) builtImage(ctx context.Context, p servicePlan) (imageUse, error) {
	d.opts.step(fmt.Sprintf("%s: building %s", p.Name, p.Build.Context))
	request := testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		Context: p.Build.Context, Dockerfile: p.Build.Dockerfile,
	}}
	archive, err := request.GetContext() // leaves out what .dockerignore names
	if err != nil {
		return imageUse{}, fmt.Errorf("service %s: read the build context %s: %w", p.Name, p.Build.Context, err)
	}
	sum := sha256.Sum256([]byte(d.opts.lasting(p.Build.Context) + "\x00" + p.Build.Dockerfile))
	tag := buildTag + hex.EncodeToString(sum[:8])
	if _, err := images.Make(ctx, d.engine, images.Spec{
		Tag: tag, Dockerfile: request.GetDockerfile(), Archive: archive, Labels: map[string]string{images.LabelKind: "build"},
	}); err != nil {
		return imageUse{}, fmt.Errorf("service %s: %w", p.Name, err)
	}
	use, err := d.inspectImage(ctx, tag)
	if err != nil {
		return imageUse{}, err
	}
	if err := d.stock.use(use.id); err != nil {
		d.opts.logWarning("the use of an image was not noted", err)
	}
	return use, nil
}
