package images

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// closure is the set of names that go into an image.
type closure struct {
	root  root
	paths []string // where the loader looks
	names map[string]bool
}

// files are the names of everything that the recipe puts into the image, sorted.
func (r recipe) files(root root) ([]string, error) {
	c := &closure{root: root, names: map[string]bool{}}
	libc, err := root.one("usr/lib/*/libc.so.6")
	if err != nil {
		return nil, err
	}
	c.paths = []string{path.Dir(libc), "usr/lib", "usr/lib64"}
	if _, err := root.one(r.server); err != nil {
		return nil, err
	}
	for _, pattern := range append(shellPrograms(), r.programs...) {
		if err := c.addPrograms(pattern); err != nil {
			return nil, err
		}
	}
	for _, pattern := range r.optional {
		if err := c.addOptional(pattern); err != nil {
			return nil, err
		}
	}
	for _, pattern := range r.data {
		if err := c.addData(pattern, r.without); err != nil {
			return nil, err
		}
	}
	names := make([]string, 0, len(c.names))
	for name := range c.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (c *closure) addPrograms(pattern string) error {
	found, err := c.root.glob(pattern)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("the packages hold no /%s", pattern)
	}
	for _, name := range found {
		needed, err := c.needs(name)
		if err != nil {
			return err
		}
		c.addAll(needed)
	}
	return nil
}

// addOptional adds libraries whose own libraries are all there: a server's module for LLVM or Perl stays out with them.
func (c *closure) addOptional(pattern string) error {
	found, err := c.root.glob(pattern)
	if err != nil {
		return err
	}
	for _, name := range found {
		needed, err := c.needs(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		c.addAll(needed)
	}
	return nil
}

func (c *closure) addData(pattern string, without []string) error {
	found, err := c.root.glob(pattern)
	if err != nil {
		return err
	}
	left := func(name string) bool {
		return slices.ContainsFunc(without, func(p string) bool { ok, _ := path.Match(p, name); return ok })
	}
	for _, top := range found {
		err := filepath.WalkDir(filepath.Join(c.root.dir, top), func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(c.root.dir, file)
			if err != nil {
				return err
			}
			name := filepath.ToSlash(rel)
			switch {
			case left(name) && d.IsDir():
				return fs.SkipDir
			case !left(name) && !d.IsDir():
				c.names[name] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *closure) addAll(names []string) {
	for _, n := range names {
		c.names[n] = true
	}
}

// needs are the names of a program or library, of the loader and of every library it loads, with the links that lead there.
// Its error wraps fs.ErrNotExist when one is missing.
func (c *closure) needs(name string) ([]string, error) {
	seen := map[string]bool{}
	var all []string
	queue := []string{name}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		chain, err := c.root.follow(next)
		if err != nil {
			return nil, err
		}
		all = append(all, chain...)
		loads, err := c.loads(chain[len(chain)-1])
		if err != nil {
			return nil, fmt.Errorf("/%s: %w", next, err)
		}
		queue = append(queue, loads...)
	}
	return all, nil
}

// loads are the names that one file asks the loader for. A script asks for none.
func (c *closure) loads(name string) ([]string, error) {
	file, err := elf.Open(filepath.Join(c.root.dir, name))
	var format *elf.FormatError
	if errors.As(err, &format) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var names []string
	if loader := interpreter(file); loader != "" {
		names = append(names, merged(loader))
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return nil, err
	}
	for _, library := range libraries {
		found, err := c.find(library, searchPaths(file, path.Dir(name)))
		if err != nil {
			return nil, err
		}
		names = append(names, found)
	}
	return names, nil
}

func (c *closure) find(library string, own []string) (string, error) {
	for _, dir := range slices.Concat(own, c.paths) {
		name := path.Join(dir, library)
		if _, err := os.Lstat(filepath.Join(c.root.dir, name)); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("library %s: %w", library, fs.ErrNotExist)
}

// searchPaths are the folders that a file itself names for its libraries.
func searchPaths(file *elf.File, origin string) []string {
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		values, err := file.DynString(tag)
		if err != nil {
			continue
		}
		for _, value := range values {
			for dir := range strings.SplitSeq(value, ":") {
				dirs = append(dirs, merged(strings.NewReplacer("$ORIGIN", "/"+origin, "${ORIGIN}", "/"+origin).Replace(dir)))
			}
		}
	}
	return dirs
}

func interpreter(file *elf.File) string {
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			text := make([]byte, p.Filesz)
			if _, err := p.ReadAt(text, 0); err == nil {
				return strings.TrimRight(string(text), "\x00")
			}
		}
	}
	return ""
}
