package topology

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// keepSnapshots is how many data directories the cache holds; those used longest ago go first. The reference targets together
// need about a dozen, and none of them should be filled anew because the others ran in between.
const keepSnapshots = 16

// staleAfter is when the remains of a copy that was never finished may be removed.
const staleAfter = time.Hour

// cache keeps data directories between runs, each under a digest of what it was made from. An entry appears by a rename, so
// it is whole or not there.
type cache struct {
	dir      string                  // empty: nothing is kept
	register func(path string) error // of what is not whole yet; may be nil
}

func newCache(opts Options) *cache {
	c := &cache{dir: cacheFolder(opts.CacheDir, "local")}
	if opts.Registrar != nil {
		c.register = opts.Registrar.Path
	}
	return c
}

// cacheFolder is a folder of the cache dir; without one of brunt's in the user's cache directory. It is empty where the user has none.
func cacheFolder(dir, name string) string {
	if dir == "" {
		users, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(users, "brunt")
	}
	return filepath.Join(dir, name)
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// restore copies the entry into the new directory to, owned by a. False means that there is none, or none that can be read.
func (c *cache) restore(ctx context.Context, key, to string, a *account) bool {
	if c.dir == "" {
		return false
	}
	from := filepath.Join(c.dir, key)
	now := time.Now()
	// Its time says when it was last used. That it can't be set means that the entry is not there.
	if err := os.Chtimes(from, now, now); err != nil {
		return false
	}
	if err := copyTree(ctx, from, to, a); err != nil {
		_ = os.RemoveAll(to) // what was copied so far is of no use
		return false
	}
	return true
}

// keep stores a copy of the directory from under key and removes what the cache has too much of.
func (c *cache) keep(ctx context.Context, key, from string) error {
	if c.dir == "" {
		return errors.New("this user has no cache directory")
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	part, err := os.MkdirTemp(c.dir, "part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if c.register != nil {
		if err := c.register(part); err != nil {
			return err
		}
	}
	whole := filepath.Join(part, "data")
	if err := copyTree(ctx, from, whole, nil); err != nil {
		return err
	}
	if err := os.Rename(whole, filepath.Join(c.dir, key)); err != nil && !errors.Is(err, fs.ErrExist) && !notEmpty(err) {
		return err
	}
	c.prune()
	return nil
}

// notEmpty says that a rename met a directory with files in it: another run has kept the same thing a moment before.
func notEmpty(err error) bool { return strings.Contains(err.Error(), "not empty") }

// prune removes the entries used longest ago, beyond keepSnapshots, and the remains of copies that were never finished. It
// is best effort: what it cannot remove now it will meet again.
func (c *cache) prune() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	used := map[string]time.Time{}
	var whole []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		if strings.HasPrefix(e.Name(), "part-") {
			if time.Since(info.ModTime()) > staleAfter {
				_ = os.RemoveAll(filepath.Join(c.dir, e.Name()))
			}
			continue
		}
		used[e.Name()] = info.ModTime()
		whole = append(whole, e.Name())
	}
	slices.SortFunc(whole, func(a, b string) int { return used[b].Compare(used[a]) })
	for _, name := range whole[min(len(whole), keepSnapshots):] {
		_ = os.RemoveAll(filepath.Join(c.dir, name))
	}
}

// copyWorkers is how many files are copied at once. A data directory is a thousand small files, so that the time goes into
// system calls and not into bytes.
const copyWorkers = 4

const copyBuffer = 256 << 10 // bytes

// copyTree copies a directory of plain files and folders, with their modes, and gives the copy to a.
func copyTree(ctx context.Context, from, to string, a *account) error {
	files := make(chan string, 256)
	var (
		workers sync.WaitGroup
		once    sync.Once
		failed  error
	)
	fail := func(err error) {
		if err != nil {
			once.Do(func() { failed = err })
		}
	}
	for range copyWorkers {
		workers.Go(func() {
			buffer := make([]byte, copyBuffer)
			for name := range files {
				fail(copyFile(filepath.Join(from, name), filepath.Join(to, name), a, buffer))
			}
		})
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			target := filepath.Join(to, name)
			if err := os.Mkdir(target, 0o700); err != nil {
				return err
			}
			return a.own(target)
		case d.Type().IsRegular():
			files <- name
			return nil
		}
		return fmt.Errorf("%s is neither a file nor a folder", path)
	})
	close(files)
	workers.Wait()
	fail(err)
	return failed
}

func copyFile(from, to string, a *account, buffer []byte) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// Plain reads and writes: copy_file_range does nothing across file systems but to ask first.
	if _, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buffer); err != nil {
		_ = out.Close()
		return err
	}
	if a != nil {
		if err := out.Chown(a.uid, a.gid); err != nil {
			_ = out.Close()
			return err
		}
	}
	return out.Close()
}
