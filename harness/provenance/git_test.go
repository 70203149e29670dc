package provenance

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// checkout is a git repository to test on.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	c.git("init", "--quiet", "--initial-branch=main")
	return c
}

// git runs git without the configuration of whoever runs the test.
func (c checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = c.dir
	cmd.Env = append(c.environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b",
		"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) environ(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(c.dir, ".git"), "GIT_CONFIG_NOSYSTEM=1"}, more...)
}

func (c checkout) write(name, content string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
		c.t.Fatal(err)
	}
}

// commit makes a commit of two files and returns its SHA.
func (c checkout) commit() string {
	c.t.Helper()
	c.write("a.txt", "one\ntwo\nthree\n")
	c.write(".gitignore", "ignored\n")
	c.git("add", ".")
	c.git("commit", "--quiet", "--message", "first")
	return c.git("rev-parse", "HEAD")
}

func (c checkout) build(variables ...string) results.Build {
	c.t.Helper()
	b, err := Build(c.t.Context(), Environment{Dir: c.dir, Environ: c.environ(variables...)})
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func TestBuildSeesEveryWayInWhichATreeIsDirty(t *testing.T) {
	rows := []struct {
		name   string
		change func(c checkout)
		dirty  bool
	}{
		{"nothing", func(checkout) {}, false},
		{"a file touched but not changed", func(c checkout) { c.write("a.txt", "one\ntwo\nthree\n") }, false},
		{"an ignored file", func(c checkout) { c.write("ignored", "x") }, false},
		{"a changed file", func(c checkout) { c.write("a.txt", "one\n2\nthree\n") }, true},
		{"a staged change", func(c checkout) { c.write("a.txt", "one\n22\nthree\n"); c.git("add", "a.txt") }, true},
		{"a removed file", func(c checkout) { os.Remove(filepath.Join(c.dir, "a.txt")) }, true},
		{"a changed mode", func(c checkout) { os.Chmod(filepath.Join(c.dir, "a.txt"), 0o777) }, true},
		{"a binary change", func(c checkout) { c.write("a.txt", "\x00\x01") }, true},
		{"an untracked file", func(c checkout) { c.write("new.txt", "x") }, true},
		{"an untracked file of another name", func(c checkout) { c.write("new2.txt", "x") }, true},
		{"an untracked file of another content", func(c checkout) { c.write("new.txt", "y") }, true},
		{"an empty untracked file", func(c checkout) { c.write("new.txt", "") }, true},
		{"an untracked link", func(c checkout) { os.Symlink("x", filepath.Join(c.dir, "new.txt")) }, true},
		{"an untracked file with a strange name in a folder", func(c checkout) { c.write("sub/ü \"q\"\n.txt", "x") }, true},
	}
	digests := map[string]string{}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var again results.Build
			for range 2 { // in two repositories: equal states, equal digests
				c := newCheckout(t)
				sha := c.commit()
				row.change(c)
				b := c.build()
				if b.SHA != sha || b.Ref != "main" || b.Dirty != row.dirty || b.Note != "" || (b.DiffDigest != "") != row.dirty {
					t.Fatalf("%+v", b)
				}
				if again.SHA != "" && again.DiffDigest != b.DiffDigest {
					t.Error("equal states have different digests")
				}
				again = b
			}
			if other, seen := digests[again.DiffDigest]; row.dirty && seen {
				t.Errorf("the digest is that of %q", other)
			}
			digests[again.DiffDigest] = row.name
		})
	}
}

// TestTheDigestHoldsWhatIsInASubmodule, and in one of that, where git's own diff says but that it is dirty.
func TestTheDigestHoldsWhatIsInASubmodule(t *testing.T) {
	c := newCheckout(t)
	c.commit()
	at := c.dir
	for _, name := range []string{"sub", "sub/deeper"} {
		in := newCheckout(t)
		in.commit()
		within := c
		within.dir = filepath.Dir(filepath.Join(at, name))
		within.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", in.dir, filepath.Base(name))
		within.git("commit", "--quiet", "-m", "a submodule")
	}
	c.git("commit", "--quiet", "--all", "-m", "its submodule")
	if b := c.build(); b.Dirty {
		t.Fatalf("%+v", b)
	}
	seen := map[string]string{"": "nothing"}
	for _, change := range [][2]string{
		{"sub/a.txt", "changed"}, {"sub/a.txt", "otherwise"}, {"sub/new.txt", "x"}, {"sub/new.txt", "y"}, {"sub/deeper/a.txt", "changed"}, {"sub/deeper/new.txt", "x"},
	} {
		c.write(change[0], change[1])
		b := c.build()
		if other, twice := seen[b.DiffDigest]; !b.Dirty || twice || b.Note != "" {
			t.Errorf("%s %s: the digest is that of %s: %+v", change[0], change[1], other, b)
		}
		seen[b.DiffDigest] = change[0] + " " + change[1]
	}
}

func TestTheDigestDependsOnTheTreeAlone(t *testing.T) {
	c := newCheckout(t)
	c.commit()
	c.write("a.txt", "one\n2\nthree\n")
	c.write("sub/new.txt", "x")
	want := c.build()

	sub := c
	sub.dir = filepath.Join(c.dir, "sub")
	if diff := cmp.Diff(want, sub.build()); diff != "" {
		t.Errorf("from a folder inside the tree (-root +folder)\n%s", diff)
	}
	for _, setting := range [][2]string{
		{"diff.noprefix", "true"}, {"diff.mnemonicPrefix", "true"}, {"diff.context", "0"}, {"diff.algorithm", "patience"}, {"color.ui", "always"},
		{"core.quotePath", "false"}, {"diff.relative", "true"}, {"diff.external", "/bin/false"}, {"core.fsmonitor", "/bin/false"}, {"status.showUntrackedFiles", "no"},
	} {
		c.git("config", setting[0], setting[1])
	}
	if diff := cmp.Diff(want, c.build()); diff != "" {
		t.Errorf("under another configuration (-before +after)\n%s", diff)
	}
	elsewhere := newCheckout(t)
	hook := []string{"GIT_DIR=" + filepath.Join(elsewhere.dir, ".git"), "GIT_WORK_TREE=" + elsewhere.dir, "GIT_INDEX_FILE=/nowhere", "LC_ALL=de_DE.UTF-8"}
	if diff := cmp.Diff(want, c.build(hook...)); diff != "" {
		t.Errorf("inside another repository's hook (-before +after)\n%s", diff)
	}
}

func TestTheStoreDoesNotMakeTheTreeDirty(t *testing.T) {
	c := newCheckout(t)
	c.commit()
	c.write("results/data/brunt.db", "x")
	e := Environment{Dir: c.dir, Environ: c.environ(), Ignore: []string{"results/data"}}
	if b, err := Build(t.Context(), e); err != nil || b.Dirty {
		t.Errorf("%+v, %v", b, err)
	}
	e.Ignore = []string{filepath.Join(c.dir, "results", "data"), filepath.Dir(c.dir), c.dir, "/elsewhere/brunt.db"}
	if b, err := Build(t.Context(), e); err != nil || b.Dirty {
		t.Errorf("by an absolute path: %+v, %v", b, err)
	}
	c.write("results/other", "x")
	if b, err := Build(t.Context(), e); err != nil || !b.Dirty {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestBuildNamesTheRef(t *testing.T) {
	c := newCheckout(t)
	c.commit()
	c.git("tag", "v1.2.3")
	if b := c.build(); b.Ref != "main" {
		t.Errorf("on a branch: %+v", b)
	}
	c.git("checkout", "--quiet", "-b", "feature/x")
	if b := c.build(); b.Ref != "feature/x" {
		t.Errorf("on another branch: %+v", b)
	}
	c.git("checkout", "--quiet", "--detach")
	if b := c.build(); b.Ref != "v1.2.3" {
		t.Errorf("on a tag: %+v", b)
	}
	c.git("tag", "--delete", "v1.2.3")
	if b := c.build(); b.Ref != "" {
		t.Errorf("on nothing: %+v", b)
	}
}

func TestBuildWithoutACommitSaysWhatIsMissing(t *testing.T) {
	outside := checkout{t, t.TempDir()}
	if diff := cmp.Diff(results.Build{Note: "not in a git repository"}, outside.build()); diff != "" {
		t.Errorf("outside a repository (-want +got)\n%s", diff)
	}
	fresh := newCheckout(t)
	if diff := cmp.Diff(results.Build{Ref: "main", Note: "no commit yet"}, fresh.build()); diff != "" {
		t.Errorf("before the first commit (-want +got)\n%s", diff)
	}
	fresh.write("a.txt", "x")
	if b := fresh.build(); !b.Dirty || b.DiffDigest == "" {
		t.Errorf("before the first commit, with a file: %+v", b)
	}
	if diff := cmp.Diff(results.Build{Note: "git is not on PATH"}, fresh.build("PATH=/nonexistent")); diff != "" {
		t.Errorf("without git (-want +got)\n%s", diff)
	}
	inCI := fresh.build("PATH=/nonexistent", "GITHUB_ACTIONS=true", "GITHUB_SHA=abc", "GITHUB_REF=refs/heads/main")
	want := results.Build{SHA: "abc", Ref: "main", Note: "commit as CI says it: git is not on PATH"}
	if diff := cmp.Diff(want, inCI); diff != "" {
		t.Errorf("without git, in CI (-want +got)\n%s", diff)
	}
	outsideInCI := outside.build("GITHUB_ACTIONS=true", "GITHUB_SHA=abc")
	if outsideInCI.SHA != "" {
		t.Errorf("what is outside of CI's checkout is not CI's commit: %+v", outsideInCI)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	c := newCheckout(t)
	c.commit()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, Environment{Dir: c.dir, Environ: c.environ()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestATreeThatGitCannotReadCountsAsDirty(t *testing.T) {
	c := newCheckout(t)
	sha := c.commit()
	c.write(".git/index", "this is no index")
	b := c.build()
	if b.SHA != sha || !b.Dirty || b.DiffDigest != "" || !strings.Contains(b.Note, "counts as dirty") {
		t.Errorf("%+v", b)
	}
}
