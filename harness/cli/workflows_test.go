package cli_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/devcraft-studio/brunt/results/proof"
)

// workflow is as much of one of GitHub's as is played. What is not known is an error, so that nothing of the page is passed over.
type workflow struct {
	Name        string            `yaml:"name"`
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		If     string `yaml:"if"`
		RunsOn string `yaml:"runs-on"`
		Steps  []step `yaml:"steps"`
	} `yaml:"jobs"`
}

type step struct {
	Uses            string            `yaml:"uses"`
	With            map[string]string `yaml:"with"`
	If              string            `yaml:"if"`
	Run             string            `yaml:"run"`
	Env             map[string]string `yaml:"env"`
	ContinueOnError bool              `yaml:"continue-on-error"`
}

// pipeline is as much of one of GitLab's as is played.
type pipeline struct {
	Image        string              `yaml:"image"`
	Rules        []map[string]string `yaml:"rules"`
	Variables    map[string]string   `yaml:"variables"`
	BeforeScript []string            `yaml:"before_script"`
	Script       []string            `yaml:"script"`
	AllowFailure struct {
		ExitCodes []int `yaml:"exit_codes"`
	} `yaml:"allow_failure"`
	Artifacts struct {
		When    string            `yaml:"when"`
		Paths   []string          `yaml:"paths"`
		Reports map[string]string `yaml:"reports"`
	} `yaml:"artifacts"`
}

// shownFile is a file of a page: its name stands in the first line of its block.
var shownFile = regexp.MustCompile("(?ms)^```yaml\n# (\\S+)\n(.*?)^```$")

// shownInHelp reads a file out of `brunt help ci`.
func shownInHelp(t *testing.T, name string, into any) {
	t.Helper()
	page, err := os.ReadFile("help/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range shownFile.FindAllStringSubmatch(string(page), -1) {
		if m[1] != name {
			continue
		}
		decoder := yaml.NewDecoder(strings.NewReader(m[2]))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return
	}
	t.Fatalf("the page shows no %s", name)
}

// stoodIn are the commands that can't be run without a network: brunt is on the PATH already, and so are the servers.
var stoodIn = regexp.MustCompile(`^(go install github\.com/devcraft-studio/brunt/harness/cmd/brunt@latest|apt-get update && apt-get install -y .*)$`)

// played is what became of a job.
type played struct {
	code      int // of the first step that failed and was not let pass; 0: all is green
	said      string
	artifacts map[string][]string // the files that were uploaded, by the artifact's name
}

// shell runs a command as both CIs do, and returns its exit code.
func (c checkedOut) shell(command string, env ...string) (code int, said string) {
	c.Helper()
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", command)
	cmd.Dir = c.dir
	cmd.Env = slices.Concat(withoutCI(c.place.env), c.env, []string{"BRUNT_PROVIDER=" + c.provider}, env)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		c.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// play runs a job of one of GitHub's workflows step by step. In place of actions/checkout there is the clone, which the caller made as
// the step asks for; in place of the steps that set up Go, nothing; artifacts are noted.
func (c checkedOut) play(w workflow, job string) played {
	c.Helper()
	p := played{artifacts: map[string][]string{}}
	for _, s := range w.Jobs[job].Steps {
		action, _, _ := strings.Cut(s.Uses, "@")
		if s.If != "" && s.If != "always()" {
			c.Fatalf("a step has the condition %s, which nobody here understands", s.If)
		}
		if p.code != 0 && s.If != "always()" {
			continue
		}
		switch {
		case action == "actions/checkout" || action == "actions/setup-go" || action == "actions/download-artifact":
		case action == "actions/upload-artifact":
			p.artifacts[s.With["name"]] = strings.Fields(s.With["path"])
		case action != "":
			c.Fatalf("a step uses %s, which nobody here understands", s.Uses)
		case stoodIn.MatchString(s.Run):
		default:
			code, said := c.shell(s.Run, pairs(s.Env)...)
			p.said += said
			if !s.ContinueOnError {
				p.code = code
			}
		}
	}
	return p
}

// pairs are variables as the environment has them.
func pairs(env map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, name+"="+env[name])
	}
	return all
}

// depthOf is how deep a workflow's checkout is.
func depthOf(t *testing.T, w workflow, job string) (depth int) {
	t.Helper()
	s := w.Jobs[job].Steps[0]
	if !strings.HasPrefix(s.Uses, "actions/checkout@") {
		t.Fatalf("the first step uses %q", s.Uses)
	}
	if _, err := fmt.Sscan(s.With["fetch-depth"], &depth); err != nil {
		t.Fatal(err)
	}
	return depth
}

// has checks that a file of the clone, or one by its whole path, holds a text.
func (c checkedOut) has(file, text string) {
	c.Helper()
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.dir, file)
	}
	got, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(got), text) {
		c.Errorf("%s does not hold %q (%v):\n%s", file, text, err, got)
	}
}

const costsMore = "+1 query"

// TestTheRequiredCheckOfTheHelpPageWorks plays it and the comment that follows, for a pull request; the other workflows are played by
// make proof.
func TestTheRequiredCheckOfTheHelpPageWorks(t *testing.T) {
	t.Parallel()
	newForge(t).requiredAndCommented()
}

// TestProofTheWorkflowsOfTheHelpPageWork plays the others for events as they come.
func TestProofTheWorkflowsOfTheHelpPageWork(t *testing.T) {
	file := proof.File(t)
	f := newForge(t)
	for _, w := range []struct {
		name string
		play func(*forge)
	}{
		{"GitHub, advice", (*forge).advised},
		{"GitHub, a merge queue", (*forge).queuedUp},
		{"GitLab", (*forge).mergeRequested},
	} {
		t.Run(w.name, func(t *testing.T) {
			row := proof.Row{File: file, What: "the workflow of the help page: " + w.name, Provider: f.provider}
			if row.There(t) {
				return
			}
			if w.play(f.with(t)); !t.Failed() {
				row.Add(t, "every step ends as the page says")
			}
		})
	}
}

// with is the forge for a part of the test.
func (f *forge) with(t *testing.T) *forge {
	place := *f.place
	place.T = t
	of := *f
	of.bakery = &bakery{place: &place, dir: f.dir}
	return &of
}

func (f *forge) requiredAndCommented() {
	var w workflow
	shownInHelp(f.T, ".github/workflows/costs.yml", &w)
	c := f.github("pull_request", pullRequest, f.merge, depthOf(f.T, w, "gate"), f.ofThePullRequest("main"))
	p := c.play(w, "gate")
	if p.code != 1 {
		f.Errorf("the check ends with %d:\n%s", p.code, p.said)
	}
	c.has("comment.md", costsMore)
	c.has("junit.xml", `<failure message="costs of GET /basket`)
	c.has("gate.json", `"verdict": "fail"`)
	_, summary, _ := strings.Cut(c.env[slices.IndexFunc(c.env, func(e string) bool { return strings.HasPrefix(e, "GITHUB_STEP_SUMMARY=") })], "=")
	c.has(summary, "**FAIL** baskets @ "+f.merge[:7]+" against "+f.main[:7]+": "+costsMore)
	run := f.runs()[0]
	if b := run.Builds; len(b) != 2 || b[0].SHA != f.main || b[1].SHA != f.merge || b[1].HeadSHA != f.head || b[1].Dirty {
		f.Errorf("the builds are %+v", b)
	}
	f.commented(c, p.artifacts["gate"], w.Name)
}

// commented plays the second workflow of the pair, of which gh is stood in for by a program that notes what it is asked.
func (f *forge) commented(c checkedOut, artifact []string, of string) {
	var w workflow
	shownInHelp(f.T, ".github/workflows/costs-comment.yml", &w)
	on, _ := w.On.(map[string]any)
	if got := fmt.Sprint(on["workflow_run"]); !strings.Contains(got, "["+of+"]") || !slices.Contains(artifact, "comment.md") {
		f.Errorf("it runs after %s, and not after %s with %v", got, of, artifact)
	}
	if w.Permissions["pull-requests"] != "write" {
		f.Errorf("it may not comment: %v", w.Permissions)
	}
	if w.Jobs["comment"].If != "github.event.workflow_run.event == 'pull_request'" {
		f.Errorf("it runs if %s", w.Jobs["comment"].If)
	}
	bin := f.TempDir()
	program := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>" + filepath.Join(bin, "asked") + "\n[ \"$1\" != api ] || echo 7\n"
	if err := os.WriteFile(filepath.Join(bin, "gh"), []byte(program), 0o755); err != nil {
		f.Fatal(err)
	}
	// A branch of a fork may be called anything: what it is called is never run.
	known := map[string]string{
		"github.token": "secret", "github.repository": "shop/shop", "github.event.workflow_run.id": "77",
		"github.event.workflow_run.head_repository.owner.login": "ann", "github.event.workflow_run.head_branch": "$(touch run)",
	}
	steps := w.Jobs["comment"].Steps
	for i, s := range steps {
		if strings.Contains(s.Run, "${{") {
			f.Errorf("the event is put into a command: %s", s.Run)
		}
		for name, value := range s.Env {
			steps[i].Env[name] = regexp.MustCompile(`\$\{\{ (\S+) \}\}`).ReplaceAllStringFunc(value, func(e string) string {
				text, ok := known[strings.Trim(e, "${} ")]
				if !ok {
					f.Errorf("nobody knows %s", e)
				}
				return text
			})
		}
	}
	c.env = append(c.env, "PATH="+bin+":"+os.Getenv("PATH"))
	if p := c.play(w, "comment"); p.code != 0 {
		f.Errorf("the comment ends with %d:\n%s", p.code, p.said)
	}
	c.has(filepath.Join(bin, "asked"), "api --method GET repos/shop/shop/pulls -f state=open -f head=ann:$(touch run) --jq .[0].number\n"+
		"pr comment 7 --repo shop/shop --body-file comment.md --edit-last --create-if-none\n")
	if _, err := os.Stat(filepath.Join(c.dir, "run")); err == nil {
		f.Error("the name of the branch was run")
	}
}

func (f *forge) advised() {
	var w workflow
	shownInHelp(f.T, ".github/workflows/costs-advice.yml", &w)
	c := f.github("pull_request", pullRequest, f.merge, depthOf(f.T, w, "gate"), f.ofThePullRequest("main"))
	if p := c.play(w, "gate"); p.code != 0 || !strings.Contains(p.said, "FAIL baskets") {
		f.Errorf("the job ends with %d:\n%s", p.code, p.said)
	}
	c.has("comment.md", costsMore)
}

func (f *forge) queuedUp() {
	var w workflow
	shownInHelp(f.T, ".github/workflows/costs-queue.yml", &w)
	if w.On != "merge_group" {
		f.Errorf("it runs on %v", w.On)
	}
	c := f.github("merge_group", "refs/heads/"+queueBranch, f.queued, depthOf(f.T, w, "gate"), f.ofTheQueue())
	if p := c.play(w, "gate"); p.code != 0 || !strings.Contains(p.said, "PASS baskets") {
		f.Errorf("the check ends with %d:\n%s", p.code, p.said)
	}
	if run := f.runs()[0]; run.Builds[0].SHA != f.main || run.Builds[1].SHA != f.queued {
		f.Errorf("the builds are %+v", run.Builds)
	}
}

// mergeRequested plays GitLab for the merge request, and then for one into a branch where no answer comes at all, so that nothing can
// be told of it: that is yellow.
func (f *forge) mergeRequested() {
	var jobs map[string]pipeline
	shownInHelp(f.T, ".gitlab-ci.yml", &jobs)
	job := jobs["costs"]
	f.gitlabJob(job, f.gitlab("refs/merge-requests/7/head", f.head, 0, f.ofTheMergeRequest()...), 1, costsMore)

	f.git("checkout", "--quiet", "--detach", f.fork)
	f.put("serve", "#!/bin/sh\nDATABASE_URL=postgres://nobody@127.0.0.1:1/none exec server -redis \"$CACHE\" -basket 2\n")
	f.put("experiment.yaml", strings.ReplaceAll(basketExperiment, "    - {name: hot, path: /redis/seq/2}\n", ""))
	base := f.commit("answer nothing")
	f.put("README", "sixth")
	head := f.commit("say more of it")
	f.git("update-ref", "refs/merge-requests/8/head", head)
	f.git("checkout", "--quiet", "main")
	c := f.gitlab("refs/merge-requests/8/head", head, 0, "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=8",
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=down", "CI_MERGE_REQUEST_DIFF_BASE_SHA="+base)
	f.gitlabJob(job, c, 4, "every answer of the baseline failed")
	if !slices.Contains(job.AllowFailure.ExitCodes, 4) || slices.Contains(job.AllowFailure.ExitCodes, 1) {
		f.Errorf("let pass are %v", job.AllowFailure.ExitCodes)
	}
}

func (f *forge) gitlabJob(job pipeline, c checkedOut, want int, says string) {
	f.Helper()
	if job.Variables["GIT_DEPTH"] != "0" {
		f.Errorf("the clone is %q deep", job.Variables["GIT_DEPTH"])
	}
	for _, command := range slices.Concat(job.BeforeScript, job.Script) {
		if stoodIn.MatchString(command) {
			continue
		}
		if code, said := c.shell(command, pairs(job.Variables)...); code != want || !strings.Contains(said, says) {
			f.Errorf("%s ends with %d, not %d, and says:\n%s", command, code, want, said)
		}
	}
	c.has(job.Artifacts.Paths[0], says)
	c.has(job.Artifacts.Reports["junit"], "<testsuites")
}
