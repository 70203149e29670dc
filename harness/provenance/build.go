package provenance

import (
	"context"
	"errors"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// Build says what is checked out around the environment's folder: commit, ref, and whether and how the tree differs from
// the commit. On a pull request or merge request, HeadSHA is the head commit and MergeSHA the trial merge that CI made of
// it, while SHA stays what is really checked out (workflows may check out either).
//
// Outside a repository, without git, or where git refuses, the commit is taken from the CI variables, or left empty, and
// Note says so. The image digest and the variant are the caller's to fill in. The error is the context's.
func Build(ctx context.Context, e Environment) (results.Build, error) {
	t, err := readTree(ctx, e)
	if ctx.Err() != nil {
		return results.Build{}, ctx.Err()
	}
	return compose(t, err, detect(e)), nil
}

// compose makes a build of what git says, unless it could not, and of what CI says.
func compose(t tree, err error, ci detection) results.Build {
	b := results.Build{SHA: t.sha, Dirty: t.dirty, DiffDigest: t.digest, Ref: t.branch, Note: t.note}
	if err != nil {
		b.Note = err.Error()
		if ci.sha != "" && !errors.Is(err, errNoRepository) {
			b.SHA = ci.sha
			b.Note = "commit as CI says it: " + b.Note
		}
	}
	if b.SHA != "" && ci.speaksOf(b.SHA) {
		b.HeadSHA, b.MergeSHA = ci.headSHA, ci.mergeSHA
		if b.Ref == "" {
			b.Ref = ci.ref
		}
	}
	if b.Ref == "" {
		b.Ref = t.tag
	}
	if ci.note != "" {
		b.Note = strings.TrimPrefix(b.Note+"; "+ci.note, "; ")
	}
	return b
}
