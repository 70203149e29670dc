package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// NoPackagesError says that this host cannot provide the packages that images are built from.
type NoPackagesError struct{ Reason error }

func (e *NoPackagesError) Error() string {
	return fmt.Sprintf("images can be built from the packages of Debian or Ubuntu, which can't be had here: %v", e.Reason)
}

func (e *NoPackagesError) Unwrap() error { return e.Reason }

// Able says, as an error, why no image can be built on this host. Nil does not promise that the packages can be downloaded.
func Able() error {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return &NoPackagesError{Reason: err}
		}
	}
	return nil
}

// apt asks apt for packages as if nothing were installed, without touching what the host's own apt knows.
type apt struct {
	dir   string // scratch folder
	lists bool   // with package lists of our own, because the host's are missing or too old
}

func newApt(dir string) (apt, error) {
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return apt{}, err
		}
	}
	return apt{dir: dir}, os.WriteFile(filepath.Join(dir, "status"), nil, 0o644)
}

func (a apt) run(ctx context.Context, args ...string) (string, error) {
	options := []string{
		"-qq", "-y",
		"-o", "Dir::State::status=" + filepath.Join(a.dir, "status"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"-o", "Debug::NoLocking=1",
		// The scratch folder belongs to whoever runs brunt, not to apt's download user.
		"-o", "APT::Sandbox::User=root",
		"-o", "APT::Install-Recommends=0", "-o", "APT::Install-Suggests=0",
		"-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=15",
	}
	if a.lists {
		options = append(options, "-o", "Dir::State::lists="+filepath.Join(a.dir, "state/lists"))
	}
	cmd := exec.CommandContext(ctx, "apt-get", append(options, args...)...)
	cmd.Dir = filepath.Join(a.dir, "debs")
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("apt-get %s: %w: %s", args[0], err, firstLines(errs.String(), 3))
	}
	return out.String(), nil
}

// download fetches what the named packages need on an empty system into the folder debs, without the skipped ones.
func (a *apt) download(ctx context.Context, packages []string, progress func(string, ...any)) error {
	err := a.fetch(ctx, packages, progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	// The host's lists may never have been fetched, or name packages that the mirror no longer has.
	progress("refreshing the package lists")
	a.lists = true
	if _, updateErr := a.run(ctx, "update"); updateErr != nil {
		// One source of several that fails is an error to apt and none to us, if the packages can be had.
		progress("refreshing the package lists: %v", updateErr)
	}
	if again := a.fetch(ctx, packages, progress); again != nil {
		return &NoPackagesError{Reason: errors.Join(err, again)}
	}
	return nil
}

func (a *apt) fetch(ctx context.Context, packages []string, progress func(string, ...any)) error {
	out, err := a.run(ctx, append([]string{"install", "--print-uris"}, packages...)...)
	if err != nil {
		return err
	}
	names := wantedPackages(out)
	if len(names) == 0 {
		return fmt.Errorf("apt names no packages for %s", strings.Join(packages, ", "))
	}
	progress("downloading %d packages", len(names))
	_, err = a.run(ctx, append([]string{"download"}, names...)...)
	return err
}

// wantedPackages reads apt's list of downloads, lines such as 'http://…/bash_5.2_amd64.deb' bash_5.2_amd64.deb 1490652 MD5Sum:…
func wantedPackages(uris string) []string {
	var names []string
	for line := range strings.Lines(uris) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "'") {
			continue
		}
		name, _, ok := strings.Cut(fields[1], "_")
		if ok && !slices.ContainsFunc(skippedPackages, func(s string) bool { return strings.HasPrefix(name, s) }) &&
			!(strings.HasPrefix(name, "lib") && strings.HasSuffix(name, "-perl")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func firstLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(n, len(lines))], "; ")
}
