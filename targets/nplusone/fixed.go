package nplusone

import (
	"context"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	// The lateral join takes the first comments of each post by the index, as the naive query does for one.
	fixedCommentsSQL = `SELECT c.id, c.post_id, c.author_id, c.text FROM unnest($1::bigint[]) AS p (id)
	CROSS JOIN LATERAL (SELECT id, post_id, author_id, text FROM comments WHERE post_id = p.id ORDER BY id LIMIT $2) AS c`
	fixedUsersSQL = `SELECT id, name FROM users WHERE id = ANY ($1::bigint[])`
)

func fixedStatements() []string { return []string{fixedCommentsSQL, fixedUsersSQL} }

// fixed notes what the fields of a level need, and asks for all of it at once: once for the comments of 70 posts, once for the
// authors of 1,960 comments. It lives as long as one request, so that nothing in it grows stale.
type fixed struct {
	db      *database
	replies map[int]*batch[comment] // by how many of each post are asked for
	users   batch[user]
}

func beginFixed(db *database) page {
	f := &fixed{db: db, replies: map[int]*batch[comment]{}}
	f.users = batch[user]{key: func(u user) int64 { return u.ID }, load: func(ctx context.Context, ids []int64) ([]user, error) {
		return kit.Select[user](ctx, db, fixedUsersSQL, ids)
	}}
	return f
}

func (f *fixed) comments(ctx context.Context, of post, first int) (any, error) {
	if f.replies[first] == nil {
		f.replies[first] = &batch[comment]{key: func(c comment) int64 { return c.PostID }, load: func(ctx context.Context, posts []int64) ([]comment, error) {
			return kit.Select[comment](ctx, f.db, fixedCommentsSQL, posts, first)
		}}
	}
	found := f.replies[first].want(of.ID)
	return func() (any, error) { return found(ctx) }, nil
}

func (f *fixed) author(ctx context.Context, of comment) (any, error) {
	found := f.users.want(of.AuthorID)
	return func() (any, error) { return only(found(ctx)) }, nil
}

// batch collects keys and looks all of them up when the first of them is needed. It is for one goroutine.
type batch[T any] struct {
	key    func(T) int64
	load   func(ctx context.Context, keys []int64) ([]T, error)
	wanted []int64       // not looked up yet
	found  map[int64][]T // also of keys that are wanted, which have none yet
	err    error
}

// want notes a key and returns what gives its values.
func (b *batch[T]) want(key int64) func(ctx context.Context) ([]T, error) {
	if b.found == nil {
		b.found = map[int64][]T{}
	}
	if _, known := b.found[key]; !known {
		b.found[key] = []T{}
		b.wanted = append(b.wanted, key)
	}
	return func(ctx context.Context) ([]T, error) {
		if len(b.wanted) > 0 && b.err == nil { // after a failure nothing more is asked
			var values []T
			values, b.err = b.load(ctx, b.wanted)
			b.wanted = nil
			for _, v := range values {
				b.found[b.key(v)] = append(b.found[b.key(v)], v)
			}
		}
		return b.found[key], b.err
	}
}
