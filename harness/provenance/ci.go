package provenance

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// eventLimit bounds what is read of an event file; GitHub's own payloads end at 25 MB.
const eventLimit = 32 << 20

// CI returns what the surrounding CI says of itself, nil outside of CI. It knows GitHub Actions (and what imitates it),
// GitLab CI, and anything that sets CI to something true.
func CI(e Environment) *results.CI {
	d := detect(e)
	if d.ci.Name == "" {
		return nil
	}
	d.ci.SHA = d.sha
	return &d.ci
}

// detection is what the CI variables say, including what they say of the commit.
type detection struct {
	ci       results.CI
	sha      string // the commit that CI believes it checked out
	headSHA  string // of a pull request, the head of its branch
	mergeSHA string // of a pull request, the trial merge with its base
	ref      string
	note     string
}

// speaksOf says whether what CI knows concerns this commit: brunt may be measuring another repository than the one CI
// was started for.
func (d detection) speaksOf(sha string) bool {
	return sha == d.sha || sha == d.headSHA || sha == d.mergeSHA
}

func detect(e Environment) detection {
	switch {
	case truthy(e.variable("GITHUB_ACTIONS")):
		return detectGitHub(e)
	case truthy(e.variable("GITLAB_CI")):
		return detectGitLab(e)
	case truthy(e.variable("CI")):
		return detection{ci: results.CI{Name: "generic"}}
	}
	return detection{}
}

func truthy(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// githubEvent is the part of the event file that is read. On `pull_request` GITHUB_SHA is the trial merge and the head
// stands only here; on `pull_request_target` GITHUB_SHA is the base and both stand only here.
// On `merge_group` the commit that the queue builds on does.
type githubEvent struct {
	PullRequest *struct {
		Number int     `json:"number"`
		Merge  *string `json:"merge_commit_sha"` // null until GitHub has tried to merge
		Head   struct {
			SHA string `json:"sha"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	} `json:"pull_request"`
	MergeGroup *struct {
		Base string `json:"base_sha"`
		Ref  string `json:"base_ref"`
	} `json:"merge_group"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
}

func detectGitHub(e Environment) detection {
	d := detection{
		ci: results.CI{
			Name:     "github",
			Pipeline: e.variable("GITHUB_RUN_ID"),
			Event:    e.variable("GITHUB_EVENT_NAME"),
		},
		sha: e.variable("GITHUB_SHA"),
		ref: shortRef(e.variable("GITHUB_REF")),
	}
	server, repository := e.variable("GITHUB_SERVER_URL"), e.variable("GITHUB_REPOSITORY")
	if server != "" && repository != "" && d.ci.Pipeline != "" {
		d.ci.URL = server + "/" + repository + "/actions/runs/" + d.ci.Pipeline
	}
	path := e.variable("GITHUB_EVENT_PATH")
	if path == "" {
		return d
	}
	event, err := readEvent(path)
	if err != nil {
		d.note = err.Error()
		return d
	}
	d.ci.BaseBranch = event.Repository.DefaultBranch
	if event.MergeGroup != nil {
		d.ci.BaseSHA, d.ci.BaseBranch = event.MergeGroup.Base, shortRef(event.MergeGroup.Ref)
	}
	if event.PullRequest == nil {
		return d
	}
	d.ci.PullRequest, d.ci.BaseBranch = event.PullRequest.Number, event.PullRequest.Base.Ref
	d.headSHA = event.PullRequest.Head.SHA
	if event.PullRequest.Merge != nil {
		d.mergeSHA = *event.PullRequest.Merge
	}
	// The event's merge commit may be that of an earlier push; on pull_request GITHUB_SHA is the one of this push.
	if d.ci.Event == "pull_request" && d.sha != "" && d.sha != d.headSHA {
		d.mergeSHA = d.sha
	}
	return d
}

func readEvent(path string) (githubEvent, error) {
	f, err := os.Open(path)
	if err != nil {
		return githubEvent{}, fmt.Errorf("event file of CI: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	var event githubEvent
	if err := json.NewDecoder(io.LimitReader(f, eventLimit)).Decode(&event); err != nil {
		return githubEvent{}, fmt.Errorf("event file of CI %s: %w", path, err)
	}
	return event, nil
}

func detectGitLab(e Environment) detection {
	d := detection{
		ci: results.CI{
			Name:     "gitlab",
			Pipeline: e.variable("CI_PIPELINE_ID"),
			Event:    e.variable("CI_PIPELINE_SOURCE"),
			URL:      e.variable("CI_JOB_URL"),

			BaseBranch: e.variable("CI_DEFAULT_BRANCH"),
		},
		sha: e.variable("CI_COMMIT_SHA"),
		ref: e.variable("CI_COMMIT_REF_NAME"),
	}
	if d.ci.URL == "" {
		d.ci.URL = e.variable("CI_PIPELINE_URL")
	}
	number, err := strconv.Atoi(e.variable("CI_MERGE_REQUEST_IID"))
	if err != nil {
		return d
	}
	d.ci.PullRequest = number
	d.ci.BaseBranch, d.ci.ForkSHA = e.variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"), e.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA")
	if path := e.variable("CI_MERGE_REQUEST_REF_PATH"); path != "" {
		d.ref = shortRef(path)
	}
	// Set only where the pipeline runs on the trial merge; elsewhere it runs on the head itself.
	d.headSHA = e.variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
	if d.headSHA == "" {
		d.headSHA = d.sha
	} else {
		d.mergeSHA = d.sha
	}
	return d
}

// shortRef drops what all refs of a kind share: refs/heads/main is main, refs/pull/12/merge is pull/12/merge. The name of
// a pull request's branch is not used as ref: a fork's may be called main as well.
func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/"} {
		if short, ok := strings.CutPrefix(ref, prefix); ok {
			return short
		}
	}
	return ref
}
