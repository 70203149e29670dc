// Package build turns a git ref into something that can be started: the tree of a commit, for what is built by a Dockerfile or
// started as a command, and the binary of the reference targets, out of brunt's own source as it is checked out or as it was
// at a commit.
//
// A tree is a clone in a folder of its own that shares the repository's objects: the repository itself, its index and its
// list of working trees are left as they are. Its submodules are not fetched.
package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"

	"github.com/devcraft-studio/brunt/results"
)

// module is the module that holds the reference targets.
const module = "github.com/devcraft-studio/brunt"

// ErrNoTargets says that the reference targets can't be built here: brunt's own source is not at hand, and no target
// binary stands beside brunt's.
var ErrNoTargets = errors.New("the reference targets are built from brunt's own source, which is not here")

// Targets knows where to find the reference targets.
type Targets struct {
	Dir     string   // where to begin to look for brunt's module, upwards
	Exe     string   // brunt's own binary; a file `target` beside it serves where there is no source
	Environ []string // for the Go toolchain
	Cache   string   // folder that keeps the binary; created
	// Work is a folder for the toolchain's own temporary files, made and removed again. In Cache it lets the binary appear
	// there by a rename, so that it is whole or not there; empty is the system's folder for temporary files.
	Work string
}

// Binary returns the path of a static binary of the reference targets for Linux or, where local is true, for this
// machine. Go's own build cache makes an unchanged one cheap.
func (t Targets) Binary(ctx context.Context, local bool) (string, error) {
	root, ok := t.Root()
	if !ok {
		beside := filepath.Join(filepath.Dir(t.Exe), "target")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
		return "", ErrNoTargets
	}
	if err := os.MkdirAll(t.Cache, 0o755); err != nil {
		return "", fmt.Errorf("keep the target binary: %w", err)
	}
	goos := platform(local)
	binary := filepath.Join(t.Cache, "target-"+goos+"-"+runtime.GOARCH)
	defer t.clear()
	return binary, t.build(ctx, root, goos, binary)
}

// clear removes the folder for temporary files.
func (t Targets) clear() {
	if t.Work != "" {
		_ = os.RemoveAll(t.Work) // in a cache; the next build makes its own
	}
}

// BinaryAt is Binary of brunt's source as it was at a commit of its repository. What was built of a commit once, by the same
// toolchain in the same environment, is kept.
func (t Targets) BinaryAt(ctx context.Context, sha string, local bool) (string, error) {
	module, ok := t.Root()
	if !ok {
		return "", ErrNoTargets
	}
	repository := Repository{Dir: module, Environ: t.Environ}
	root, err := repository.Root(ctx)
	if err != nil {
		return "", err
	}
	below, err := filepath.Rel(root, module)
	if err != nil {
		return "", fmt.Errorf("build the reference targets of %s: %w", results.ShortSHA(sha), err)
	}
	goos := platform(local)
	toolchain, err := t.toolchain(ctx, module, goos)
	if err != nil {
		return "", err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s/%s", sha, below, strings.Join(recipe(), " "), toolchain, goos, runtime.GOARCH))
	dir := filepath.Join(t.Cache, hex.EncodeToString(key[:16]))
	binary := filepath.Join(dir, "target")
	if info, err := os.Stat(binary); err == nil && info.Mode().IsRegular() {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep the target binary: %w", err)
	}
	defer t.clear()
	tree, err := t.temporary("tree-")
	if err != nil {
		return "", fmt.Errorf("build the reference targets of %s: %w", results.ShortSHA(sha), err)
	}
	defer os.RemoveAll(tree)
	if err := repository.Tree(ctx, sha, tree); err != nil {
		return "", err
	}
	made := filepath.Join(tree, ".git", "target")
	if err := t.build(ctx, filepath.Join(tree, below), goos, made); err != nil {
		return "", fmt.Errorf("%s: %w", results.ShortSHA(sha), err)
	}
	if err := keep(made, binary); err != nil {
		return "", err
	}
	t.prune()
	return binary, nil
}

// mostKept is how many binaries of commits stay, of the 15 MB that each takes.
const mostKept = 8

// kept is the folder of one of them.
var kept = regexp.MustCompile(`^[0-9a-f]{32}$`)

// prune removes the oldest of them. What can't be removed goes the next time.
func (t Targets) prune() {
	entries, err := os.ReadDir(t.Cache)
	if err != nil {
		return
	}
	var folders []os.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && kept.MatchString(e.Name()) {
			folders = append(folders, info)
		}
	}
	slices.SortFunc(folders, func(a, b os.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, old := range folders[min(len(folders), mostKept):] {
		_ = os.RemoveAll(filepath.Join(t.Cache, old.Name()))
	}
}

// keep copies a binary so that it is whole where it is kept, or not there.
func keep(made, binary string) error {
	text, err := os.ReadFile(made)
	if err == nil {
		err = renameio.WriteFile(binary, text, 0o755)
	}
	if err != nil {
		return fmt.Errorf("keep the target binary: %w", err)
	}
	return nil
}

// Root is the folder of brunt's module, and whether it is here.
func (t Targets) Root() (string, bool) {
	if root, ok := moduleRoot(t.Dir); ok {
		return root, true
	}
	return moduleRoot(filepath.Dir(t.Exe))
}

// platform is the operating system to build for.
func platform(local bool) string {
	if local {
		return runtime.GOOS
	}
	return "linux"
}

// recipe is how the reference targets are built, but for where the binary goes.
func recipe() []string {
	return []string{"build", "-trimpath", "-ldflags=-s -w", "./targets/cmd/target"}
}

// decides are the variables of Go, its version among them, that decide what becomes of the same source.
func decides() []string {
	return []string{
		"GOVERSION", "GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOEXPERIMENT", "GOFIPS140",
		"GOFLAGS", "CGO_ENABLED",
	}
}

// toolchain is the version of Go that builds in a folder, and all else that decides about the binary, a line each.
func (t Targets) toolchain(ctx context.Context, dir, goos string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"env"}, decides()...)...)
	cmd.Dir, cmd.Env = dir, t.environ(goos)
	said, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build the reference targets: go env: %w", err)
	}
	return strings.TrimSpace(string(said)), nil
}

// temporary is a new folder in Work.
func (t Targets) temporary(prefix string) (string, error) {
	if t.Work != "" {
		if err := os.MkdirAll(t.Work, 0o755); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(t.Work, prefix)
}

// environ is that of the toolchain when it builds for an operating system.
func (t Targets) environ(goos string) []string {
	return append(slices.Clone(t.Environ), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+runtime.GOARCH)
}

// build makes the binary of the module in a folder.
func (t Targets) build(ctx context.Context, root, goos, binary string) error {
	args := recipe()
	cmd := exec.CommandContext(ctx, "go", slices.Insert(args, len(args)-1, "-o", binary)...)
	cmd.Dir = root
	cmd.Env = t.environ(goos)
	if t.Work != "" {
		temporary, err := t.temporary("go-")
		if err != nil {
			return fmt.Errorf("build the reference targets: %w", err)
		}
		cmd.Env = append(cmd.Env, "GOTMPDIR="+temporary)
	}
	// Compilers do not end with the go command that started them; a group of their own ends at once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the reference targets: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// moduleRoot is the folder at or above dir that holds brunt's own go.mod.
func moduleRoot(dir string) (string, bool) {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module "+module+"\n") {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
