package results

// Build is what was measured.
type Build struct {
	SHA         string `json:"sha"`
	Dirty       bool   `json:"dirty"`
	DiffDigest  string `json:"diff_digest,omitempty"` // SHA-256 of the uncommitted diff
	Ref         string `json:"ref"`
	HeadSHA     string `json:"head_sha,omitempty"`  // on a pull request: the head commit; SHA is the commit checked out, head or merge
	MergeSHA    string `json:"merge_sha,omitempty"` // on a pull request: the trial merge with its base
	ImageDigest string `json:"image_digest"`
	Variant     string `json:"variant"`
	Alternative string `json:"alternative,omitempty"` // of those that the experiment declares beside its variants
	Note        string `json:"note,omitempty"`        // what could not be found out, such as "not in a git repository"
}

// Called tells the builds of one experiment apart: the alternative where there is one, else the variant.
func (b Build) Called() string {
	if b.Alternative != "" {
		return b.Alternative
	}
	return b.Variant
}

// shortSHA is how many digits of a commit people are shown: as many as git shows where no more are needed.
const shortSHA = 7

// ShortSHA is a commit as people are shown it. Commands that take a commit take this as well.
func ShortSHA(sha string) string { return sha[:min(len(sha), shortSHA)] }

// CI is what the surrounding CI says of itself.
type CI struct {
	Name        string `json:"name"` // github, gitlab, generic
	Pipeline    string `json:"pipeline,omitempty"`
	Event       string `json:"event,omitempty"`
	PullRequest int    `json:"pull_request,omitempty"`
	SHA         string `json:"sha,omitempty"`      // the commit that it was started for
	BaseSHA     string `json:"base_sha,omitempty"` // of a merge queue: the commit that it builds on
	// BaseBranch is what the commit is to be merged into: of a pull request the branch that it names, else the default branch. ForkSHA
	// is the last commit in common with it, where CI says it.
	BaseBranch string `json:"base_branch,omitempty"`
	ForkSHA    string `json:"fork_sha,omitempty"`
	URL        string `json:"url,omitempty"`
}

// Host is the machine that measured, so that results from different machines are not mistaken for comparable ones.
type Host struct {
	Fingerprint string            `json:"fingerprint"` // stable digest of the facts below but the name and the tools
	Name        string            `json:"name"`
	OS          string            `json:"os"`
	Kernel      string            `json:"kernel"`
	Arch        string            `json:"arch"`
	CPU         string            `json:"cpu"`
	Cores       int               `json:"cores"`
	MemoryBytes int64             `json:"memory_bytes"`
	Tools       map[string]string `json:"tools"` // brunt, go, k6, toxiproxy, docker: versions
}
