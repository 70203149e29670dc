package nplusone

import (
	"context"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	naiveCommentsSQL = `SELECT id, post_id, author_id, text FROM comments WHERE post_id = $1 ORDER BY id LIMIT $2`
	naiveUsersSQL    = `SELECT id, name FROM users WHERE id = $1`
)

func naiveStatements() []string { return []string{naiveCommentsSQL, naiveUsersSQL} }

// naive asks for each field by itself, as it comes: 70 times for the comments of a post, 1,960 times for the author of a comment.
type naive struct{ db *database }

func beginNaive(db *database) page { return naive{db} }

func (n naive) comments(ctx context.Context, of post, first int) (any, error) {
	return kit.Select[comment](ctx, n.db, naiveCommentsSQL, of.ID, first)
}

func (n naive) author(ctx context.Context, of comment) (any, error) {
	return only(kit.Select[user](ctx, n.db, naiveUsersSQL, of.AuthorID))
}
