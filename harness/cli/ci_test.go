package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/harness/topology"
)

// forge is a repository as a forge keeps it: a main branch, a pull request from a fork whose basket costs a query more, the trial merge
// of both, and what a merge queue makes of one that costs nothing. Everything stands below load/checkout, as in the pages of help.
type forge struct {
	*bakery
	root string // the working tree in which it was made; its .git is what is cloned

	fork, main      string // where the pull request left main, and main as it is
	head, merge     string // of the pull request
	queued, release string // what the queue tests; a branch that is not the default one
}

const (
	pullRequest = "refs/pull/7/merge"
	queueBranch = "gh-readonly-queue/main/pr-8"
)

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{bakery: &bakery{place: newPlace(t, topology.ProviderLocal)}}
	f.root = filepath.Join(f.place.dir, "forge")
	f.dir = filepath.Join(f.root, "load", "checkout")
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f.git("init", "--quiet", "--initial-branch=main", f.root)
	f.git("config", "uploadpack.allowAnySHA1InWant", "true") // as both forges have it
	f.put("experiment.yaml", basketExperiment)
	f.costs("2")
	f.commit("a basket costs two queries in " + f.dir)
	f.put("README", "first")
	f.fork = f.commit("say what it is")
	f.git("branch", "release")
	f.put("README", "second")
	f.main = f.commit("say more")

	f.git("checkout", "--quiet", "-b", "of-a-fork", f.fork)
	f.costs("3")
	f.head = f.commit("look up the price")
	f.git("checkout", "--quiet", "--detach", "main")
	f.git("merge", "--quiet", "--no-ff", "-m", "trial merge", "of-a-fork")
	f.merge = f.sha("HEAD")
	f.git("update-ref", pullRequest, f.merge)
	f.git("update-ref", "refs/pull/7/head", f.head)
	f.git("update-ref", "refs/merge-requests/7/merge", f.merge)
	f.git("update-ref", "refs/merge-requests/7/head", f.head)

	f.git("checkout", "--quiet", "-b", queueBranch, "main")
	f.put("README", "third")
	f.commit("one of the queue")
	f.put("README", "fourth")
	f.queued = f.commit("another of the queue")
	f.git("checkout", "--quiet", "release")
	f.put("README", "fifth")
	f.release = f.commit("only of the release")
	f.git("checkout", "--quiet", "main")
	f.git("branch", "--quiet", "-D", "of-a-fork") // the forge has it as a pull request alone
	return f
}

func (f *forge) commit(message string) string {
	f.Helper()
	f.git("add", ".")
	f.git("commit", "--quiet", "-m", message)
	return f.sha("HEAD")
}

func (f *forge) sha(ref string) string {
	f.Helper()
	out, err := exec.Command("git", "-C", f.dir, "rev-parse", ref).Output()
	if err != nil {
		f.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// checkout is a clone as a CI makes it, and what the CI says in the environment.
type checkedOut struct {
	*forge
	dir string
	env []string // NAME=VALUE, without that of this process
}

// gitIn runs git in a folder.
func (f *forge) gitIn(dir string, args ...string) {
	f.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// github does what actions/checkout does: an empty repository with a remote, one fetch of what is asked for, and a checkout of it. depth 0
// is everything, all branches included.
func (f *forge) github(event, ref, sha string, depth int, payload map[string]any) checkedOut {
	f.Helper()
	c := checkedOut{forge: f, dir: f.TempDir()}
	f.gitIn(c.dir, "init", "--quiet")
	f.gitIn(c.dir, "remote", "add", "origin", "file://"+f.root)
	tracked := strings.Replace(strings.Replace(ref, "refs/heads/", "refs/remotes/origin/", 1), "refs/pull/", "refs/remotes/pull/", 1)
	fetch := []string{"fetch", "--quiet", "--prune", "--no-recurse-submodules"}
	if depth > 0 {
		fetch = append(fetch, "--no-tags", fmt.Sprint("--depth=", depth), "origin")
	} else {
		fetch = append(fetch, "origin", "+refs/heads/*:refs/remotes/origin/*")
	}
	if depth > 0 || !strings.HasPrefix(ref, "refs/heads/") {
		fetch = append(fetch, "+"+sha+":"+tracked)
	}
	f.gitIn(c.dir, fetch...)
	f.gitIn(c.dir, "checkout", "--quiet", "--force", tracked)

	payload["repository"] = map[string]any{"default_branch": "main"}
	text, err := json.Marshal(payload)
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "event.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		f.Fatal(err)
	}
	c.env = []string{
		"CI=true", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=" + event, "GITHUB_EVENT_PATH=" + file, "GITHUB_SHA=" + sha, "GITHUB_REF=" + ref,
		"GITHUB_SERVER_URL=https://github.example", "GITHUB_REPOSITORY=shop/shop", "GITHUB_RUN_ID=77",
		"GITHUB_STEP_SUMMARY=" + filepath.Join(filepath.Dir(file), "summary.md"),
	}
	return c
}

// ofThePullRequest is the event of the pull request, against a branch.
func (f *forge) ofThePullRequest(base string) map[string]any {
	return map[string]any{"number": 7, "pull_request": map[string]any{
		"number": 7, "merge_commit_sha": f.merge, "head": map[string]any{"sha": f.head, "ref": "main"}, "base": map[string]any{"ref": base},
	}}
}

// ofTheQueue is the event of the merge queue.
func (f *forge) ofTheQueue() map[string]any {
	return map[string]any{"merge_group": map[string]any{"head_sha": f.queued, "base_sha": f.main, "base_ref": "refs/heads/main"}}
}

// gitlab does what GitLab's runner does: it fetches the ref of the pipeline, and no branch.
func (f *forge) gitlab(ref, sha string, depth int, more ...string) checkedOut {
	f.Helper()
	c := checkedOut{forge: f, dir: f.TempDir()}
	f.gitIn(c.dir, "init", "--quiet")
	f.gitIn(c.dir, "remote", "add", "origin", "file://"+f.root)
	args := []string{"fetch", "--quiet", "--prune", "origin", "+" + ref + ":refs/pipelines/9"}
	if depth > 0 {
		args = append(args, fmt.Sprint("--depth=", depth))
	}
	f.gitIn(c.dir, args...)
	f.gitIn(c.dir, "checkout", "--quiet", "--force", "--detach", sha)
	c.env = append([]string{
		"CI=true", "GITLAB_CI=true", "CI_PIPELINE_ID=9", "CI_COMMIT_SHA=" + sha, "CI_DEFAULT_BRANCH=main", "CI_JOB_URL=https://gitlab.example/j/1",
	}, more...)
	return c
}

// ofTheMergeRequest is what GitLab says of one.
func (f *forge) ofTheMergeRequest() []string {
	return []string{"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_REF_PATH=refs/merge-requests/7/head",
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + f.fork}
}

// withoutCI is an environment without what the CI says in which these tests may run themselves.
func withoutCI(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool {
		return slices.ContainsFunc([]string{"CI=", "CI_", "GITHUB_", "GITLAB_"}, func(prefix string) bool { return strings.HasPrefix(e, prefix) })
	})
}

// baseline is what a build in the clone is compared against, and the command that was needed to have it.
func (c checkedOut) baseline() (sha, fetched string) {
	c.Helper()
	repository := build.Repository{Dir: c.dir, Environ: os.Environ()}
	where := provenance.Environment{Dir: c.dir, Environ: slices.Concat(withoutCI(os.Environ()), c.env)}
	for range 3 {
		candidate, err := provenance.Build(c.Context(), where)
		if err != nil {
			c.Fatal(err)
		}
		ref, _, err := repository.Baseline(c.Context(), candidate, provenance.CI(where))
		if err == nil {
			sha, err = repository.Resolve(c.Context(), ref)
		}
		var unknown *build.UnknownRefError
		if !errors.As(err, &unknown) || unknown.Fetch == "" {
			if err != nil {
				c.Fatalf("%v, and no command that helps", err)
			}
			return sha, fetched
		}
		fetched += unknown.Fetch + "\n"
		for command := range strings.SplitSeq(unknown.Fetch, " && ") {
			c.gitIn(c.dir, strings.Fields(command)[1:]...)
		}
	}
	c.Fatalf("still not there after:\n%s", fetched)
	return "", ""
}

// TestTheBaselineIsRightInEveryCI clones as GitHub and GitLab do, for all kinds of events, as shallow as they do and in full. What is
// missing has to be there after the command that is named.
func TestTheBaselineIsRightInEveryCI(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	mergeRequest := f.ofTheMergeRequest()
	push := map[string]any{"ref": "refs/heads/main"}
	for _, row := range []struct {
		name    string
		clone   checkedOut
		want    string
		fetched string // how the commands that were needed begin; "": none was
	}{
		{"a pull request of a fork, two deep", f.github("pull_request", pullRequest, f.merge, 2, f.ofThePullRequest("main")), f.main, ""},
		{"one deep", f.github("pull_request", pullRequest, f.merge, 1, f.ofThePullRequest("main")), f.main, "git fetch --depth=2 origin " + f.merge},
		{"in full", f.github("pull_request", pullRequest, f.merge, 0, f.ofThePullRequest("main")), f.main, ""},
		{"its head, in full", f.github("pull_request", "refs/pull/7/head", f.head, 0, f.ofThePullRequest("main")), f.fork, ""},
		{"its head, one deep", f.github("pull_request", "refs/pull/7/head", f.head, 1, f.ofThePullRequest("main")), f.fork, "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"},
		{"its head, into another branch", f.github("pull_request", "refs/pull/7/head", f.head, 0, f.ofThePullRequest("release")), f.fork, ""},
		{"the merge queue, in full", f.github("merge_group", "refs/heads/"+queueBranch, f.queued, 0, f.ofTheQueue()), f.main, ""},
		{"the merge queue, one deep", f.github("merge_group", "refs/heads/"+queueBranch, f.queued, 1, f.ofTheQueue()), f.main, "git fetch --depth=1 origin " + f.main},
		{"a push to main, in full", f.github("push", "refs/heads/main", f.main, 0, push), f.fork, ""},
		{"a push to main, one deep", f.github("push", "refs/heads/main", f.main, 1, push), f.fork, "git fetch --depth=2 origin " + f.main},
		{"a push to another branch, in full", f.github("push", "refs/heads/release", f.release, 0, push), f.fork, ""},
		{"a push to another branch, one deep", f.github("push", "refs/heads/release", f.release, 1, push), f.fork, "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"},
		{"GitLab, the head, in full", f.gitlab("refs/merge-requests/7/head", f.head, 0, mergeRequest...), f.fork, ""},
		{"GitLab, the head, one deep", f.gitlab("refs/merge-requests/7/head", f.head, 1, mergeRequest...), f.fork, "git fetch --depth=1 origin " + f.fork},
		{"GitLab, the merge", f.gitlab("refs/merge-requests/7/merge", f.merge, 20, append(mergeRequest, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="+f.head)...), f.main, ""},
		{"GitLab, the merge, one deep", f.gitlab("refs/merge-requests/7/merge", f.merge, 1, append(mergeRequest, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="+f.head)...), f.main, "git fetch --depth=2 origin " + f.merge},
		{"GitLab, main, twenty deep", f.gitlab("refs/heads/main", f.main, 20, "CI_PIPELINE_SOURCE=push"), f.fork, ""},
		{"GitLab, main, one deep", f.gitlab("refs/heads/main", f.main, 1, "CI_PIPELINE_SOURCE=push"), f.fork, "git fetch --depth=2 origin " + f.main},
		{"GitLab, another branch, twenty deep", f.gitlab("refs/heads/release", f.release, 20, "CI_PIPELINE_SOURCE=push"), f.fork, "git fetch origin +refs/heads/main:refs/remotes/origin/main"},
	} {
		got, fetched := row.clone.baseline()
		if got != row.want || !strings.HasPrefix(fetched, row.fetched) || row.fetched == "" && fetched != "" {
			t.Errorf("%s: the baseline is %s, not %s, after %q, not %q", row.name, got, row.want, fetched, row.fetched)
		}
	}
}
