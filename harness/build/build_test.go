package build_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/results"
)

// checkout is a git repository with three commits of a program on main, each of which prints another word.
type checkout struct {
	*testing.T
	dir     string
	commits []string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{T: t, dir: t.TempDir()}
	c.git("init", "--quiet", "--initial-branch=main")
	c.write("go.mod", "module github.com/devcraft-studio/brunt\n\ngo 1.24\n")
	for _, word := range []string{"one", "two", "three"} {
		c.commit(word)
	}
	return c
}

func (c *checkout) git(args ...string) string {
	c.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c *checkout) write(name, text string) {
	c.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.Fatal(err)
	}
}

// commit makes the program print a word.
func (c *checkout) commit(word string) {
	c.Helper()
	c.write("targets/cmd/target/main.go", "package main\n\nfunc main() { print(\""+word+"\") }\n")
	c.git("add", ".")
	c.git("commit", "--quiet", "-m", word)
	c.commits = append(c.commits, c.git("rev-parse", "HEAD"))
}

func (c *checkout) repository() build.Repository {
	return build.Repository{Dir: c.dir, Environ: os.Environ()}
}

// shallow is a clone that has the last commit alone.
func (c *checkout) shallow() *checkout {
	c.Helper()
	clone := &checkout{T: c.T, dir: filepath.Join(c.TempDir(), "clone")}
	c.git("clone", "--quiet", "--depth=1", "file://"+c.dir, clone.dir)
	return clone
}

func TestARefIsBuiltAsItWas(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.write("targets/cmd/target/main.go", "package main\n\nfunc main() { print(\"changed\") }\n")
	before := c.git("status", "--porcelain")
	targets := build.Targets{Dir: c.dir, Exe: "/nowhere", Environ: os.Environ(), Cache: t.TempDir(), Work: filepath.Join(t.TempDir(), "work")}
	for at, want := range map[string]string{c.commits[0]: "one", c.commits[1]: "two"} {
		binary, err := targets.BinaryAt(t.Context(), at, true)
		if err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(binary).CombinedOutput(); err != nil || string(said) != want {
			t.Errorf("the program at %s says %q (%v), not %q", at, said, err, want)
		}
	}
	if _, err := os.Stat(targets.Work); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder for temporary files was left behind: %v", err)
	}
	if after := c.git("status", "--porcelain"); after != before || c.git("worktree", "list", "--porcelain") == "" {
		t.Errorf("the repository was changed: %q before, %q after", before, after)
	}
}

// TestWhatWasBuiltOfACommitIsKept changes what is kept, which a second build would put right.
func TestWhatWasBuiltOfACommitIsKept(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	targets := build.Targets{Dir: c.dir, Exe: "/nowhere", Environ: os.Environ(), Cache: t.TempDir()}
	first, err := targets.BinaryAt(t.Context(), c.commits[0], true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(first, []byte("kept"), 0o755); err != nil {
		t.Fatal(err)
	}
	again, err := targets.BinaryAt(t.Context(), c.commits[0], true)
	if text, _ := os.ReadFile(again); err != nil || again != first || string(text) != "kept" {
		t.Errorf("the second time %s was built anew (%v)", again, err)
	}
	if other, err := targets.BinaryAt(t.Context(), c.commits[1], true); err != nil || other == first {
		t.Errorf("another commit has the same binary %s (%v)", other, err)
	}
	targets.Environ = append(os.Environ(), "GOFLAGS=-tags=another")
	if other, err := targets.BinaryAt(t.Context(), c.commits[0], true); err != nil || other == first {
		t.Errorf("what is built in another way is the same binary %s (%v)", other, err)
	}
}

// TestTheOldestThatWereKeptGo has more in the cache than are kept, and something that is none of them.
func TestTheOldestThatWereKeptGo(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	targets := build.Targets{Dir: c.dir, Exe: "/nowhere", Environ: os.Environ(), Cache: t.TempDir()}
	at := time.Now().Add(-time.Hour)
	for i := range 12 {
		dir := filepath.Join(targets.Cache, fmt.Sprintf("%032x", i))
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Chtimes(dir, at, at.Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(targets.Cache, "work-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	binary, err := targets.BinaryAt(t.Context(), c.commits[0], true)
	if err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(targets.Cache, "*"))
	if len(left) != 9 || !slices.Contains(left, filepath.Dir(binary)) || !slices.Contains(left, filepath.Join(targets.Cache, "work-1")) ||
		slices.Contains(left, filepath.Join(targets.Cache, fmt.Sprintf("%032x", 4))) || !slices.Contains(left, filepath.Join(targets.Cache, fmt.Sprintf("%032x", 5))) {
		t.Errorf("left are %v", left)
	}
}

func TestATreeIsThatOfACommit(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for name, from := range map[string]*checkout{"a whole clone": c, "a shallow clone": c.shallow()} {
		dir := filepath.Join(t.TempDir(), "tree")
		if err := from.repository().Tree(t.Context(), c.commits[2], dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "targets/cmd/target/main.go"))
		if err != nil || !strings.Contains(string(text), "three") {
			t.Errorf("%s: the tree holds %q (%v)", name, text, err)
		}
	}
}

// TestWhatATreeLacksIsSaid has a submodule, and a file that Git LFS keeps: of both there is only the name.
func TestWhatATreeLacksIsSaid(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if lacks, err := c.repository().Lacks(t.Context(), c.commits[2]); err != nil || len(lacks) > 0 {
		t.Errorf("it lacks %q (%v)", lacks, err)
	}
	c.write("data/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
	c.write("data/items.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")
	c.git("add", ".")
	c.git("update-index", "--add", "--cacheinfo", "160000,"+c.commits[0]+",libs/prices")
	c.git("commit", "--quiet", "-m", "what is kept elsewhere")
	sha := c.git("rev-parse", "HEAD")
	lacks, err := c.repository().Lacks(t.Context(), sha)
	if err != nil || len(lacks) != 2 || !strings.Contains(lacks[0], "lacks its submodules, which brunt does not fetch: libs/prices") ||
		!strings.Contains(lacks[1], "in place of what Git LFS keeps by data/.gitattributes") {
		t.Errorf("it lacks %q (%v)", lacks, err)
	}
	dir := filepath.Join(t.TempDir(), "tree")
	if err := c.repository().Tree(t.Context(), sha, dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "data/items.bin")); err != nil || !strings.HasPrefix(string(text), "version https://git-lfs") {
		t.Errorf("the file that is kept elsewhere is %q (%v)", text, err)
	}
}

func TestAnUnknownRefSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.git("tag", "v1", c.commits[0])
	shallow := c.shallow()
	for _, row := range []struct {
		name, ref string
		in        *checkout
		fetch     string // "": nothing brings it
	}{
		{"a name that is nowhere", "nothing", c, ""},
		{"a flag", "--all", c, ""},
		{"a tag that a shallow clone lacks", "v1", shallow, "git fetch --depth=1 origin v1:v1"},
		{"a commit that a shallow clone lacks", c.commits[1], shallow, "git fetch --depth=1 origin " + c.commits[1]},
		{"a parent that a shallow clone lacks", "HEAD^1", shallow, "git fetch --depth=2 origin " + c.commits[2]},
		{"a way to a commit that a shallow clone lacks", "HEAD~2", shallow, "git fetch --unshallow origin"},
	} {
		_, err := row.in.repository().Resolve(t.Context(), row.ref)
		var unknown *build.UnknownRefError
		if !errors.As(err, &unknown) || unknown.Fetch != row.fetch {
			t.Errorf("%s: %+v (%v), not a hint to %q", row.name, unknown, err, row.fetch)
		}
		if row.fetch == "" || row.ref == c.commits[1] { // this server refuses commits that no ref names
			continue
		}
		shallow.git(strings.Fields(row.fetch)[1:]...)
		if sha, err := shallow.repository().Resolve(t.Context(), row.ref); err != nil || !slices.Contains(c.commits, sha) {
			t.Errorf("%s: after the fetch it is %q (%v)", row.name, sha, err)
		}
	}
	if _, err := (build.Repository{Dir: t.TempDir(), Environ: os.Environ()}).Resolve(t.Context(), "HEAD"); !errors.Is(err, build.ErrNoRepository) {
		t.Errorf("outside of a repository: %v", err)
	}
}

func TestTheBaselineThatNobodyNamed(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.git("checkout", "--quiet", "-b", "feature", c.commits[1])
	c.commit("mine")
	feature := c.commits[3]
	c.git("checkout", "--quiet", "main")
	c.git("checkout", "--quiet", "--detach")
	c.git("merge", "--quiet", "--no-ff", "-s", "ours", "-m", "trial merge", feature)
	merged := c.git("rev-parse", "HEAD")

	for _, row := range []struct {
		name, at string
		build    results.Build
		ci       *results.CI
		want     string
	}{
		{"a trial merge", merged, results.Build{MergeSHA: merged}, nil, c.commits[2]},
		{"the head of a pull request", feature, results.Build{MergeSHA: merged}, nil, c.commits[1]},
		{"a merge queue", merged, results.Build{}, &results.CI{SHA: merged, BaseSHA: c.commits[1]}, c.commits[1]},
		{"a merge queue of another repository", feature, results.Build{}, &results.CI{SHA: "0", BaseSHA: c.commits[0]}, c.commits[1]},
		{"a merge request of GitLab", feature, results.Build{HeadSHA: feature}, &results.CI{SHA: feature, ForkSHA: c.commits[0], BaseBranch: "main"}, c.commits[0]},
		{"a branch", feature, results.Build{}, nil, c.commits[1]},
		{"the default branch", c.commits[2], results.Build{}, nil, c.commits[1]},
		{"the default branch with changes", c.commits[2], results.Build{Dirty: true}, nil, c.commits[2]},
		{"the default branch with what a step of a job wrote", c.commits[2], results.Build{Dirty: true}, &results.CI{SHA: c.commits[2]}, c.commits[1]},
		{"the first commit with what a step of a job wrote", c.commits[0], results.Build{Dirty: true}, &results.CI{Name: "generic"}, c.commits[0]},
		{"the same in another CI", c.commits[2], results.Build{Dirty: true}, &results.CI{Name: "generic"}, c.commits[1]},
	} {
		c.git("checkout", "--quiet", "--detach", row.at)
		ref, why, err := c.repository().Baseline(t.Context(), row.build, row.ci)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if sha, err := c.repository().Resolve(context.Background(), ref); sha != row.want || why == "" {
			t.Errorf("%s: %s (%s, %v), not %s", row.name, sha, why, err, row.want)
		}
	}
}
