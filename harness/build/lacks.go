package build

import (
	"context"
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// Lacks says, in a sentence each, what a commit names and its Tree does not hold: submodules, which are other repositories, and the
// files that Git LFS keeps elsewhere, of which there are pointers.
func (r Repository) Lacks(ctx context.Context, sha string) ([]string, error) {
	listed, err := r.git(ctx, "ls-tree", "-r", "-z", sha)
	if err != nil {
		return nil, err
	}
	var lacks, submodules []string
	var attributes []string
	for entry := range strings.SplitSeq(listed, "\x00") {
		about, path, _ := strings.Cut(entry, "\t")
		switch {
		case strings.HasPrefix(about, "160000 "):
			submodules = append(submodules, path)
		case path == ".gitattributes" || strings.HasSuffix(path, "/.gitattributes"):
			attributes = append(attributes, path)
		}
	}
	if len(submodules) > 0 {
		lacks = append(lacks, fmt.Sprintf("the tree of %s lacks its submodules, which brunt does not fetch: %s", results.ShortSHA(sha), strings.Join(submodules, ", ")))
	}
	for _, path := range attributes {
		text, err := r.git(ctx, "cat-file", "blob", sha+":"+path)
		if err != nil {
			return nil, err
		}
		if strings.Contains(text, "filter=lfs") {
			lacks = append(lacks, fmt.Sprintf("the tree of %s has pointers in place of what Git LFS keeps by %s, which brunt does not fetch", results.ShortSHA(sha), path))
		}
	}
	return lacks, nil
}
