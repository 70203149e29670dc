package images

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// root is a root file system of unpacked packages. Names in it are slash-separated without a leading slash, and /bin, /sbin
// and /lib* are under usr.
type root struct {
	dir  string // where it stands
	debs string // the packages it was made of
}

// unpackAll downloads and unpacks the packages of the recipes into the folder work.
func unpackAll(ctx context.Context, work string, recipes []recipe, opts Options) (root, error) {
	if err := Able(); err != nil {
		return root{}, err
	}
	a, err := newApt(filepath.Join(work, "apt"))
	if err != nil {
		return root{}, err
	}
	var asked []string
	for _, r := range recipes {
		asked = append(asked, r.packages...)
	}
	opts.step("asking apt for %s (nothing is installed on this host)", strings.Join(asked, ", "))
	if err := a.download(ctx, append(asked, shellPackages...), opts.step); err != nil {
		return root{}, err
	}
	to := root{dir: filepath.Join(work, "root"), debs: filepath.Join(a.dir, "debs")}
	if err := os.MkdirAll(to.dir, 0o755); err != nil {
		return root{}, err
	}
	packages, err := filepath.Glob(filepath.Join(to.debs, "*.deb"))
	if err != nil {
		return root{}, err
	}
	opts.step("unpacking %d packages", len(packages))
	for _, p := range packages {
		if err := to.unpack(ctx, p); err != nil {
			return root{}, fmt.Errorf("unpack %s: %w", filepath.Base(p), err)
		}
	}
	return to, nil
}

// unpack adds the files of a package.
func (r root) unpack(ctx context.Context, deb string) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = r.add(tar.NewReader(out))
	if err != nil {
		_, _ = io.Copy(io.Discard, out)
	}
	return errors.Join(err, cmd.Wait())
}

func (r root) add(files *tar.Reader) error {
	inside, err := os.OpenRoot(r.dir)
	if err != nil {
		return err
	}
	defer inside.Close()
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := merged(h.Name)
		if name == "" || unwanted(name) {
			continue
		}
		if err := addEntry(inside, name, h, files); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

func addEntry(inside *os.Root, name string, h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return inside.MkdirAll(name, 0o755)
	}
	if err := inside.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeReg:
		f, err := inside.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600|fs.FileMode(h.Mode)&0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	case tar.TypeSymlink:
		if err := inside.Symlink(h.Linkname, name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil // a link from /usr/bin to /bin and what it points to are one name here
	case tar.TypeLink:
		return inside.Link(merged(h.Linkname), name)
	}
	return nil // device nodes and the like do not occur in these packages
}

// merged is the name of a file in a system whose /bin, /sbin and /lib* are links into /usr.
func merged(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	first, _, _ := strings.Cut(name, "/")
	if first == "bin" || first == "sbin" || strings.HasPrefix(first, "lib") {
		return "usr/" + name
	}
	return name
}

func unwanted(name string) bool {
	if strings.HasSuffix(name, ".bc") || strings.HasSuffix(name, ".a") {
		return true // LLVM's form of the server, and archives for linking
	}
	return slices.ContainsFunc([]string{
		"usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/", "usr/share/lintian/", "usr/include/", "usr/share/bug/", "usr/share/perl",
		"usr/lib/python", "usr/share/i18n/", "usr/share/zsh/", "usr/share/bash-completion/", "usr/lib/systemd/",
	}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// glob are the names that match pattern, sorted.
func (r root) glob(pattern string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(r.dir, filepath.FromSlash(pattern)))
	for i, f := range found {
		rel, relErr := filepath.Rel(r.dir, f)
		if relErr != nil {
			return nil, relErr
		}
		found[i] = filepath.ToSlash(rel)
	}
	return found, err
}

// one is the only name that matches pattern.
func (r root) one(pattern string) (string, error) {
	found, err := r.glob(pattern)
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the packages hold /%s %d times, not once", pattern, len(found))
	}
	return found[0], nil
}

// follow returns the names one meets from name through symbolic links to a file, that file last. Its error wraps
// fs.ErrNotExist when a link leads nowhere.
func (r root) follow(name string) ([]string, error) {
	var chain []string
	for range 16 {
		chain = append(chain, name)
		info, err := os.Lstat(filepath.Join(r.dir, name))
		if err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return chain, nil
		}
		target, err := os.Readlink(filepath.Join(r.dir, name))
		if err != nil {
			return nil, err
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		name = merged(target)
	}
	return nil, fmt.Errorf("%s: too many symbolic links", chain[0])
}
