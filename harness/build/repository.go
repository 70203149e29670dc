package build

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

	"github.com/devcraft-studio/brunt/results"
)

// Repository is a git repository out of which other builds than the one that is checked out are made.
type Repository struct {
	Dir     string   // in its working tree
	Environ []string // of git; variables that would point it elsewhere are dropped
}

// firstParent is the commit before, and of a merge what it was merged into.
const firstParent = "HEAD^1"

// UnknownRefError says that a ref names no commit here.
type UnknownRefError struct {
	Ref     string
	Shallow bool   // the repository holds only its latest commits, so that the ref may well exist
	Fetch   string // the command that brings it, where one may
}

func (e *UnknownRefError) Error() string {
	switch {
	case e.Shallow:
		return fmt.Sprintf("%s is no commit of this repository, which is a shallow clone", e.Ref)
	case e.Ref == firstParent:
		return "there is no commit before the one that is checked out"
	}
	return e.Ref + " is no commit of this repository"
}

// ErrNoRepository says that there is no git repository to build from.
var ErrNoRepository = errors.New("another build is made from a git ref, and this is no git repository")

// Root is the top of the working tree.
func (r Repository) Root(ctx context.Context) (string, error) {
	root, err := r.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil || root == "" {
		return "", ErrNoRepository
	}
	return root, nil
}

// Resolve is the commit that a ref names.
func (r Repository) Resolve(ctx context.Context, ref string) (sha string, err error) {
	if _, err := r.Root(ctx); err != nil {
		return "", err
	}
	if strings.HasPrefix(ref, "-") {
		return "", &UnknownRefError{Ref: ref}
	}
	sha, err = r.git(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	switch {
	case err == nil:
		return sha, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	unknown := &UnknownRefError{Ref: ref, Shallow: r.shallow(ctx)}
	if unknown.Shallow {
		unknown.Fetch = r.fetch(ctx, ref)
	}
	return "", unknown
}

func (r Repository) shallow(ctx context.Context) bool {
	answer, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return err == nil && answer == "true"
}

// fetch is the command that brings a ref to a shallow clone. What is named by its way from another commit needs the history
// between the two.
func (r Repository) fetch(ctx context.Context, ref string) string {
	remote := r.remote(ctx)
	name, tracked := strings.CutPrefix(ref, remote+"/")
	switch {
	case ref == firstParent:
		if head, err := r.git(ctx, "rev-parse", "HEAD"); err == nil {
			return fmt.Sprintf("git fetch --depth=2 %s %s", remote, head)
		}
	case strings.ContainsAny(ref, "^~@:"):
		return "git fetch --unshallow " + remote
	case tracked:
		return fmt.Sprintf("git fetch --depth=1 %s +refs/heads/%s:refs/remotes/%s", remote, name, ref)
	case strings.Trim(ref, "0123456789abcdef") == "" && len(ref) == 40:
		return fmt.Sprintf("git fetch --depth=1 %s %s", remote, ref)
	case strings.Trim(ref, "0123456789abcdef") == "" && len(ref) >= 7:
		return "git fetch --unshallow " + remote
	}
	return fmt.Sprintf("git fetch --depth=1 %s %s:%s", remote, ref, ref)
}

// remote is the repository's origin, or the first of its remotes.
func (r Repository) remote(ctx context.Context) string {
	remote := "origin"
	if all, err := r.git(ctx, "remote"); err == nil && all != "" && !slices.Contains(strings.Fields(all), remote) {
		remote, _, _ = strings.Cut(all, "\n")
	}
	return remote
}

// Baseline is what a build is compared against unless something else is said: of the trial merge of a pull request its first
// parent, which is what the pull request would be merged into; of a merge queue's what the queue builds on; otherwise the last
// commit that it has in common with the branch that it is to be merged into, the default branch if nothing else is known; and of a
// commit of that branch itself, the one before. why says which. What CI says counts when it was started for what is checked out. With
// changes that are not committed it is that commit itself, except in CI, where nobody edits: there they are what a step of the job wrote.
func (r Repository) Baseline(ctx context.Context, candidate results.Build, ci *results.CI) (ref, why string, err error) {
	head, err := r.Resolve(ctx, "HEAD")
	if err != nil {
		return "", "", err
	}
	automated := ci != nil
	if ci == nil || head != ci.SHA && head != candidate.HeadSHA {
		ci = &results.CI{}
	}
	switch {
	case candidate.MergeSHA != "" && candidate.MergeSHA == head:
		return firstParent, "what the pull request is merged into", nil
	case ci.BaseSHA != "":
		return ci.BaseSHA, "what the merge queue builds on", nil
	case ci.ForkSHA != "" && ci.ForkSHA != head:
		return ci.ForkSHA, "the last commit in common with " + ci.BaseBranch, nil
	}
	branch, err := r.mergedInto(ctx, ci.BaseBranch)
	if err != nil {
		return "", "", err
	}
	base, err := r.git(ctx, "merge-base", "HEAD", branch)
	switch {
	case err != nil && r.shallow(ctx):
		return "", "", &UnknownRefError{Ref: "the last commit in common with " + branch, Shallow: true, Fetch: "git fetch --unshallow " + r.remote(ctx)}
	case err != nil:
		return "", "", &UnknownRefError{Ref: "the last commit in common with " + branch}
	case base == head && (automated || !candidate.Dirty):
		if _, err := r.Resolve(ctx, firstParent); err != nil && candidate.Dirty && !r.shallow(ctx) {
			break // it is the first commit of all
		}
		return firstParent, "the commit before, as this one is on " + branch, nil
	}
	return base, "the last commit in common with " + branch, nil
}

// mergedInto is the branch of a name as the remote has it; without a name, the default branch.
func (r Repository) mergedInto(ctx context.Context, name string) (string, error) {
	if name == "" {
		return r.defaultBranch(ctx)
	}
	remote := r.remote(ctx)
	tracked := remote + "/" + name
	if _, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "refs/remotes/"+tracked+"^{commit}"); err == nil {
		return tracked, nil
	}
	unknown := &UnknownRefError{Ref: tracked, Shallow: r.shallow(ctx)}
	deep := ""
	if unknown.Shallow {
		deep = "--unshallow "
	}
	unknown.Fetch = fmt.Sprintf("git fetch %s%s +refs/heads/%s:refs/remotes/%s", deep, remote, name, tracked)
	return "", unknown
}

// defaultBranch is that of the remote, or what is mostly called so.
func (r Repository) defaultBranch(ctx context.Context) (string, error) {
	if name, err := r.git(ctx, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"); err == nil {
		return name, nil
	}
	for _, name := range []string{"origin/main", "origin/master", "main", "master"} {
		if _, err := r.git(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}"); err == nil {
			return name, nil
		}
	}
	unknown := &UnknownRefError{Ref: "origin/HEAD", Shallow: r.shallow(ctx)}
	if unknown.Shallow {
		unknown.Fetch = "git fetch --unshallow origin && git remote set-head origin --auto"
	}
	return "", unknown
}

// Tree makes dir, which must not exist, a clone that shares the repository's objects, with a commit checked out. It works of a
// shallow repository, too, which `git clone --shared` does not. Lacks says what is not in it.
func (r Repository) Tree(ctx context.Context, sha, dir string) error {
	objects, err := r.path(ctx, "objects")
	if err != nil {
		return err
	}
	clone := Repository{Dir: dir, Environ: r.Environ}
	if _, err := r.git(ctx, "init", "--quiet", dir); err != nil {
		return err
	}
	alternates := filepath.Join(dir, ".git", "objects", "info", "alternates")
	if err := os.MkdirAll(filepath.Dir(alternates), 0o755); err != nil {
		return fmt.Errorf("clone %s: %w", results.ShortSHA(sha), err)
	}
	if err := os.WriteFile(alternates, []byte(objects+"\n"), 0o644); err != nil {
		return fmt.Errorf("clone %s: %w", results.ShortSHA(sha), err)
	}
	if edge, err := r.path(ctx, "shallow"); err == nil {
		if cut, err := os.ReadFile(edge); err == nil {
			if err := os.WriteFile(filepath.Join(dir, ".git", "shallow"), cut, 0o644); err != nil {
				return fmt.Errorf("clone %s: %w", results.ShortSHA(sha), err)
			}
		}
	}
	_, err = clone.git(ctx, "checkout", "--quiet", "--detach", sha)
	return err
}

// path is where git keeps something of the repository.
func (r Repository) path(ctx context.Context, what string) (string, error) {
	p, err := r.git(ctx, "rev-parse", "--git-path", what)
	if err == nil && !filepath.IsAbs(p) {
		p = filepath.Join(r.Dir, p)
	}
	return p, err
}

// git runs git in the repository's folder, without its hooks, and returns what it prints.
func (r Repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Dir = r.Dir
	cmd.Env = append(slices.DeleteFunc(slices.Clone(r.Environ), func(entry string) bool {
		return strings.HasPrefix(entry, "GIT_")
	}), "GIT_TERMINAL_PROMPT=0", "GIT_LFS_SKIP_SMUDGE=1", "LC_ALL=C")
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(said.String()), nil
}
