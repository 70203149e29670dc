package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// gitTimeout bounds all questions to git together. A tree that takes longer is recorded as dirty without a digest.
const gitTimeout = 30 * time.Second

// diffFlags make the diff independent of the user's configuration, so that equal states have equal digests.
var diffFlags = []string{
	"--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative",
	"--no-indent-heuristic", "--diff-algorithm=myers", "--unified=3", "--inter-hunk-context=0", "--submodule=short",
	"--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/",
}

var (
	errNoGit        = errors.New("git is not on PATH")
	errNoRepository = errors.New("not in a git repository")
)

// tree is what git says of a working tree.
type tree struct {
	sha    string // of HEAD; empty before the first commit
	branch string // empty when HEAD is detached
	tag    string // that stands exactly on HEAD
	dirty  bool
	digest string // of the uncommitted changes; empty when clean or unknown
	note   string // what could not be found out
}

// repository runs git in a folder.
type repository struct {
	git string // path of the program
	dir string
	env []string
}

// openRepository finds git and the root of the working tree around the environment's folder.
func openRepository(ctx context.Context, e Environment) (repository, error) {
	git := findProgram("git", e.variable("PATH"))
	if git == "" {
		return repository{}, errNoGit
	}
	r := repository{git: git, dir: e.Dir, env: gitEnvironment(e.Environ)}
	root, err := r.line(ctx, "rev-parse", "--show-toplevel")
	switch {
	case err != nil && strings.Contains(err.Error(), "not a git repository"):
		return repository{}, errNoRepository
	case err != nil:
		return repository{}, err
	case root == "":
		return repository{}, errNoRepository // bare: there is no working tree
	}
	r.dir = root
	return r, nil
}

// findProgram returns the first executable of that name in the folders of path.
func findProgram(name, path string) string {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found
		}
	}
	return ""
}

// gitEnvironment drops the GIT_* variables, which would point git elsewhere when brunt runs inside a hook, and makes git
// read-only, silent and English.
func gitEnvironment(environ []string) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		return strings.HasPrefix(entry, "GIT_") || strings.HasPrefix(entry, "LC_") || strings.HasPrefix(entry, "LANGUAGE=")
	})
	return append(env, "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
}

// command prepares git without programs that the repository's own configuration could name.
func (r repository) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.git, append([]string{"-c", "core.fsmonitor=false", "-c", "core.quotePath=true"}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = r.env
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// output streams what git prints into w.
func (r repository) output(ctx context.Context, w io.Writer, args ...string) error {
	cmd := r.command(ctx, args...)
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		first, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
		return fmt.Errorf("git %s: %w: %s", args[0], err, first)
	}
	return nil
}

// line returns what git prints, without the newline at its end.
func (r repository) line(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	err := r.output(ctx, &out, args...)
	return strings.TrimRight(out.String(), "\r\n"), err
}

// readTree asks git for the state of the working tree.
func readTree(ctx context.Context, e Environment) (tree, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	r, err := openRepository(ctx, e)
	if err != nil {
		return tree{}, err
	}
	var t tree
	against := "HEAD"
	if t.sha, err = r.line(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		t.sha, t.note = "", "no commit yet"
		if against, err = r.line(ctx, "hash-object", "-t", "tree", os.DevNull); err != nil {
			return tree{}, err
		}
	}
	// Both exit 1 where there is no such thing.
	t.branch, _ = r.line(ctx, "symbolic-ref", "--quiet", "--short", "HEAD")
	t.tag, _ = r.line(ctx, "describe", "--tags", "--exact-match", "HEAD")
	t.digest, err = r.digest(ctx, against, e.Ignore)
	t.dirty = err != nil || t.digest != ""
	if err != nil {
		t.note = "whether the tree is dirty could not be found out, so it counts as dirty: " + err.Error()
	}
	return t, nil
}

// digest is the SHA-256 of all that differs from the commit: the diff of tracked files, and name, kind and content of
// each untracked file that is not ignored. It is empty when nothing differs.
func (r repository) digest(ctx context.Context, against string, ignore []string) (string, error) {
	paths := r.but(ignore)
	sum := sha256.New()
	counted := &counter{w: sum}
	diff := slices.Concat([]string{"diff"}, diffFlags, []string{against}, paths)
	if err := r.output(ctx, counted, diff...); err != nil {
		return "", err
	}
	if counted.n > 0 {
		if err := r.addSubmodules(ctx, sum, against, paths); err != nil {
			return "", err
		}
	}
	untracked, err := r.names(ctx, slices.Concat(others, paths)...)
	if err != nil {
		return "", err
	}
	for _, name := range untracked {
		if err := addUntracked(ctx, sum, r.dir, name); err != nil {
			return "", err
		}
	}
	if counted.n == 0 && len(untracked) == 0 {
		return "", nil
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addSubmodules adds what is not committed in the submodules that differ: the diff says but that something is.
func (r repository) addSubmodules(ctx context.Context, sum hash.Hash, against string, paths []string) error {
	var list bytes.Buffer
	raw := slices.Concat([]string{"diff", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-relative", "--ignore-submodules=none", against}, paths)
	if err := r.output(ctx, &list, raw...); err != nil {
		return err
	}
	fields := strings.Split(list.String(), "\x00") // in turn what has changed of a path, and the path
	for i := 0; i+1 < len(fields); i += 2 {
		kinds := strings.Fields(fields[i])
		if len(kinds) < 2 || kinds[1] != submodule {
			continue
		}
		inner := r
		inner.dir = filepath.Join(r.dir, filepath.FromSlash(fields[i+1]))
		if _, err := os.Lstat(filepath.Join(inner.dir, ".git")); errors.Is(err, fs.ErrNotExist) {
			continue // it is not checked out
		}
		digest, err := inner.digest(ctx, "HEAD", nil)
		if err != nil {
			return fmt.Errorf("submodule %s: %w", fields[i+1], err)
		}
		addSized(sum, []byte(fields[i+1]))
		addSized(sum, []byte(digest))
	}
	return nil
}

// submodule is the mode of one, of what is there now.
const submodule = "160000"

// others lists the files that git neither tracks nor ignores.
var others = []string{"ls-files", "--others", "--exclude-standard", "-z"}

// but are the arguments that name all of the working tree but for what is ignored.
func (r repository) but(ignore []string) []string {
	paths := []string{"--", ":/"}
	for _, p := range ignore {
		if p = r.below(p); p != "" {
			paths = append(paths, ":(top,exclude,literal)"+p)
		}
	}
	return paths
}

// names are those that git prints with a zero byte after each, sorted.
func (r repository) names(ctx context.Context, args ...string) ([]string, error) {
	all, err := r.line(ctx, args...)
	if err != nil {
		return nil, err
	}
	names := strings.FieldsFunc(all, func(c rune) bool { return c == 0 })
	slices.Sort(names)
	return names, nil
}

// ChangedSince are those of the files that are not committed as they are which have changed since then, as far as they can be told.
func ChangedSince(ctx context.Context, e Environment, since time.Time) (changed []string) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	r, err := openRepository(ctx, e)
	if err != nil {
		return nil
	}
	tracked, _ := r.names(ctx, slices.Concat([]string{"diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative", "-z", "HEAD"}, r.but(e.Ignore))...)
	untracked, _ := r.names(ctx, slices.Concat(others, r.but(e.Ignore))...)
	since = since.Add(-100 * time.Millisecond) // the times of files may lag
	for _, name := range slices.Concat(tracked, untracked) {
		info, err := os.Lstat(filepath.Join(r.dir, filepath.FromSlash(name)))
		if err != nil || info.ModTime().After(since) {
			changed = append(changed, name)
		}
	}
	return changed
}

// below is a path relative to the root of the working tree, as git takes it; "" where it is outside.
func (r repository) below(path string) string {
	if !filepath.IsAbs(path) {
		return filepath.ToSlash(path)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil { // as the root is
		path = filepath.Join(dir, filepath.Base(path))
	}
	relative, err := filepath.Rel(r.dir, path)
	if err != nil || !filepath.IsLocal(relative) || relative == "." {
		return ""
	}
	return filepath.ToSlash(relative)
}

// addUntracked adds one untracked file. Name and content carry their lengths, so that no two states look alike.
func addUntracked(ctx context.Context, sum hash.Hash, root, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	addSized(sum, []byte(name))
	path := filepath.Join(root, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("untracked file: %w", err)
	}
	addSized(sum, []byte(info.Mode().Type().String()))
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return fmt.Errorf("untracked file: %w", err)
		}
		addSized(sum, []byte(target))
	case info.Mode().IsRegular():
		content := sha256.New()
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("untracked file: %w", err)
		}
		defer func() { _ = f.Close() }() // only read from
		if _, err := io.Copy(content, contextReader{ctx, f}); err != nil {
			return fmt.Errorf("untracked file: %w", err)
		}
		sum.Write(content.Sum(nil))
	}
	return nil
}

func addSized(sum hash.Hash, b []byte) {
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	sum.Write(b)
}

// counter counts the bytes that pass.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}

// contextReader ends reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
