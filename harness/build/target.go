// Package build turns a reference into something that can be started.
//
// So far that is one thing: the binary of the reference targets, out of brunt's own source. Git refs, images and
// Dockerfiles of two builds side by side come with the gate.
package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
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
	root, ok := moduleRoot(t.Dir)
	if !ok {
		root, ok = moduleRoot(filepath.Dir(t.Exe))
	}
	if !ok {
		beside := filepath.Join(filepath.Dir(t.Exe), "target")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
		return "", ErrNoTargets
	}
	goos := "linux"
	if local {
		goos = runtime.GOOS
	}
	if err := os.MkdirAll(t.Cache, 0o755); err != nil {
		return "", fmt.Errorf("keep the target binary: %w", err)
	}
	binary := filepath.Join(t.Cache, "target-"+goos+"-"+runtime.GOARCH)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./targets/cmd/target")
	cmd.Dir = root
	cmd.Env = append(append([]string{}, t.Environ...), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+runtime.GOARCH)
	if t.Work != "" {
		if err := os.MkdirAll(t.Work, 0o755); err != nil {
			return "", fmt.Errorf("build the reference targets: %w", err)
		}
		defer os.RemoveAll(t.Work)
		cmd.Env = append(cmd.Env, "GOTMPDIR="+t.Work)
	}
	// Compilers do not end with the go command that started them; a group of their own ends at once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the reference targets: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return binary, nil
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
