package images

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/moby/moby/client"
)

// assembly is a recipe's last step.
type assembly struct {
	tag    string
	major  string
	recipe string // version of the recipe
	initdb string
}

// assemble draws the closure, packs it and has the engine build the image. It returns the image's id.
func (r recipe) assemble(ctx context.Context, engine *client.Client, root root, a assembly) (string, error) {
	names, err := r.files(root)
	if err != nil {
		return "", err
	}
	archive := filepath.Join(filepath.Dir(root.dir), r.kind+".tar")
	if err := r.pack(archive, root, names); err != nil {
		return "", fmt.Errorf("pack: %w", err)
	}
	dockerfile, err := recipeFiles.ReadFile("recipe/" + r.kind + ".Dockerfile")
	if err != nil {
		return "", err
	}
	return Make(ctx, engine, Spec{
		Tag: a.tag,
		Labels: map[string]string{
			LabelRecipe: a.recipe, LabelKind: r.kind, LabelMajor: a.major,
		},
		Arguments: map[string]string{"MAJOR": a.major, "INITDB_ARGS": a.initdb},
		Context: func(w *tar.Writer) error {
			if err := addBytes(w, "Dockerfile", dockerfile, 0o644); err != nil {
				return err
			}
			return AddFile(w, "root.tar", archive, 0o644)
		},
	})
}

// pack writes the files of the image, owned by root, and what every system has, into an archive. The same packages give the
// same bytes.
func (r recipe) pack(file string, root root, names []string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := &packer{w: tar.NewWriter(f), root: root, made: map[string]bool{}}
	if err := r.packSystem(p); err != nil {
		return err
	}
	for _, name := range names {
		if err := p.file(name); err != nil {
			return fmt.Errorf("/%s: %w", name, err)
		}
	}
	return p.w.Close()
}

func (r recipe) packSystem(p *packer) error {
	for _, top := range []string{"bin", "sbin", "lib", "lib64"} {
		p.folder(folder{"usr/" + top, 0o755}, 0)
		p.link(top, "usr/"+top)
	}
	p.link("usr/bin/sh", "bash")
	p.folder(folder{"tmp", 0o1777}, 0)
	p.folder(folder{"root", 0o700}, 0)
	p.folder(folder{"usr/local/bin", 0o755}, 0)
	for _, f := range r.folders {
		p.folder(f, r.account.id)
	}
	who := r.account
	p.text("etc/passwd", 0o644, fmt.Sprintf("root:x:0:0:root:/root:/bin/bash\n%s:x:%d:%d::%s:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n",
		who.name, who.id, who.id, who.home))
	p.text("etc/group", 0o644, fmt.Sprintf("root:x:0:\n%s:x:%d:\nnogroup:x:65534:\n", who.name, who.id))
	p.text("etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
	entrypoint, err := recipeFiles.ReadFile("recipe/" + r.kind + "-entrypoint.sh")
	if err != nil {
		return err
	}
	p.text("usr/local/bin/docker-entrypoint.sh", 0o755, string(entrypoint))
	return p.err
}

// packer writes an archive in which each folder comes before its files. The first error is kept.
type packer struct {
	w    *tar.Writer
	root root
	made map[string]bool
	err  error
}

// packed is the time of every file in an archive: a fixed one, so that it depends on the content alone.
var packed = time.Unix(1, 0)

func (p *packer) header(h *tar.Header) {
	if p.err != nil || p.made[h.Name] {
		return
	}
	p.made[h.Name] = true
	h.ModTime, h.Format = packed, tar.FormatPAX
	p.err = p.w.WriteHeader(h)
}

func (p *packer) parents(name string) {
	if dir := path.Dir(name); dir != "." {
		p.folder(folder{dir, 0o755}, 0)
	}
}

func (p *packer) folder(f folder, owner int) {
	if p.made[f.name] {
		return
	}
	p.parents(f.name)
	p.header(&tar.Header{Typeflag: tar.TypeDir, Name: f.name, Mode: f.mode, Uid: owner, Gid: owner})
}

func (p *packer) link(name, target string) {
	p.parents(name)
	p.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

func (p *packer) text(name string, mode int64, text string) {
	p.parents(name)
	p.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text))})
	if p.err == nil {
		_, p.err = io.WriteString(p.w, text)
	}
}

// file copies a file or link of the root.
func (p *packer) file(name string) error {
	if p.made[name] {
		return p.err
	}
	full := filepath.Join(p.root.dir, name)
	info, err := os.Lstat(full)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(full)
		if err != nil {
			return err
		}
		p.link(name, target)
		return p.err
	}
	p.parents(name)
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	p.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size()})
	if p.err != nil {
		return p.err
	}
	from, err := os.Open(full)
	if err != nil {
		return err
	}
	defer from.Close()
	_, p.err = io.Copy(p.w, from)
	return p.err
}
