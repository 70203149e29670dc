package provenance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

const (
	head  = "1111111111111111111111111111111111111111"
	merge = "2222222222222222222222222222222222222222"
	stale = "3333333333333333333333333333333333333333"
	base  = "4444444444444444444444444444444444444444"
)

func eventFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return "GITHUB_EVENT_PATH=" + path
}

func TestCISaysOfItselfWhatItKnows(t *testing.T) {
	rows := []struct {
		name      string
		variables []string
		want      *results.CI
	}{
		{"none", []string{"HOME=/root"}, nil},
		{"one that is switched off", []string{"CI=false", "GITHUB_ACTIONS="}, nil},
		{"any", []string{"CI=1"}, &results.CI{Name: "generic"}},
		{"a push on GitHub", []string{"CI=true", "GITHUB_ACTIONS=true", "GITHUB_RUN_ID=77", "GITHUB_EVENT_NAME=push", "GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=o/r", "GITHUB_SHA=" + head, eventFile(t, `{"ref": "refs/heads/main", "repository": {"default_branch": "trunk"}}`)},
			&results.CI{Name: "github", Pipeline: "77", Event: "push", SHA: head, BaseBranch: "trunk", URL: "https://github.com/o/r/actions/runs/77"}},
		{"a pull request on GitHub", []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", eventFile(t, `{"number": 12, "pull_request": {"number": 12, "merge_commit_sha": null, "head": {"sha": "x"}, "base": {"ref": "release/2"}}, "repository": {"default_branch": "main"}}`)},
			&results.CI{Name: "github", Event: "pull_request", PullRequest: 12, BaseBranch: "release/2"}},
		{"a merge queue on GitHub", []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=merge_group", eventFile(t, `{"merge_group": {"head_sha": "`+head+`", "base_sha": "`+base+`", "base_ref": "refs/heads/main"}}`)},
			&results.CI{Name: "github", Event: "merge_group", BaseSHA: base, BaseBranch: "main"}},
		{"a branch on GitLab", []string{"GITLAB_CI=true", "CI=true", "CI_PIPELINE_ID=9", "CI_PIPELINE_SOURCE=push", "CI_PIPELINE_URL=https://gitlab/p/9"},
			&results.CI{Name: "gitlab", Pipeline: "9", Event: "push", URL: "https://gitlab/p/9"}},
		{"a merge request on GitLab", []string{"GITLAB_CI=true", "CI_MERGE_REQUEST_IID=5", "CI_PIPELINE_SOURCE=merge_request_event", "CI_JOB_URL=https://gitlab/j/1",
			"CI_COMMIT_SHA=" + head, "CI_DEFAULT_BRANCH=main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=release", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + base},
			&results.CI{Name: "gitlab", Event: "merge_request_event", PullRequest: 5, SHA: head, BaseBranch: "release", ForkSHA: base, URL: "https://gitlab/j/1"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, CI(Environment{Environ: row.variables})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOnAPullRequestHeadAndMergeAreBothKept(t *testing.T) {
	event := eventFile(t, `{"number": 12, "pull_request": {"number": 12, "merge_commit_sha": "`+stale+`", "head": {"sha": "`+head+`"}}}`)
	noMerge := eventFile(t, `{"pull_request": {"number": 12, "merge_commit_sha": null, "head": {"sha": "`+head+`"}}}`)
	github := []string{"GITHUB_ACTIONS=true", "GITHUB_REF=refs/pull/12/merge", "GITHUB_HEAD_REF=main"}
	gitlab := []string{"GITLAB_CI=true", "CI_MERGE_REQUEST_IID=5", "CI_COMMIT_REF_NAME=feature", "CI_MERGE_REQUEST_REF_PATH=refs/merge-requests/5/head"}
	rows := []struct {
		name      string
		variables []string
		sha       string // checked out
		want      results.Build
	}{
		{"GitHub, the merge checked out: GITHUB_SHA is newer than the event's merge",
			append(github, "GITHUB_EVENT_NAME=pull_request", "GITHUB_SHA="+merge, event), merge,
			results.Build{SHA: merge, HeadSHA: head, MergeSHA: merge, Ref: "pull/12/merge"}},
		{"GitHub, the head checked out",
			append(github, "GITHUB_EVENT_NAME=pull_request", "GITHUB_SHA="+merge, event), head,
			results.Build{SHA: head, HeadSHA: head, MergeSHA: merge, Ref: "pull/12/merge"}},
		{"GitHub, pull_request_target: GITHUB_SHA is the base, the merge stands in the event only",
			append(github, "GITHUB_EVENT_NAME=pull_request_target", "GITHUB_SHA="+base, event), head,
			results.Build{SHA: head, HeadSHA: head, MergeSHA: stale, Ref: "pull/12/merge"}},
		{"GitHub, not merged yet",
			append(github, "GITHUB_EVENT_NAME=pull_request_target", "GITHUB_SHA="+base, noMerge), head,
			results.Build{SHA: head, HeadSHA: head, Ref: "pull/12/merge"}},
		{"GitHub, another repository than CI's",
			append(github, "GITHUB_EVENT_NAME=pull_request", "GITHUB_SHA="+merge, event), base,
			results.Build{SHA: base}},
		{"GitLab, a pipeline of the head",
			append(gitlab, "CI_COMMIT_SHA="+head), head,
			results.Build{SHA: head, HeadSHA: head, Ref: "merge-requests/5/head"}},
		{"GitLab, a pipeline of the merge",
			append(gitlab, "CI_COMMIT_SHA="+merge, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="+head), merge,
			results.Build{SHA: merge, HeadSHA: head, MergeSHA: merge, Ref: "merge-requests/5/head"}},
		{"GitLab, a branch",
			[]string{"GITLAB_CI=true", "CI_COMMIT_REF_NAME=main", "CI_COMMIT_SHA=" + base}, base,
			results.Build{SHA: base, Ref: "main"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := compose(tree{sha: row.sha}, nil, detect(Environment{Environ: row.variables}))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAnUnreadableEventFileIsANoteNotAnError(t *testing.T) {
	for _, file := range []string{eventFile(t, "{"), eventFile(t, `{"pull_request": 7}`), "GITHUB_EVENT_PATH=/nonexistent/event.json"} {
		got := compose(tree{sha: merge}, nil, detect(Environment{Environ: []string{"GITHUB_ACTIONS=true", "GITHUB_SHA=" + merge, file}}))
		if got.SHA != merge || !strings.HasPrefix(got.Note, "event file of CI") {
			t.Errorf("%+v", got)
		}
	}
}

func TestABranchInTheTreeOutranksTheRefOfCI(t *testing.T) {
	d := detect(Environment{Environ: []string{"GITHUB_ACTIONS=true", "GITHUB_SHA=" + merge, "GITHUB_REF=refs/heads/main"}})
	if got := compose(tree{sha: merge, branch: "other", tag: "v1"}, nil, d); got.Ref != "other" {
		t.Errorf("%+v", got)
	}
	if got := compose(tree{sha: merge, tag: "v1"}, nil, d); got.Ref != "main" {
		t.Errorf("%+v", got)
	}
}
