package dependency

import (
	"bufio"
	"fmt"
	"strconv"
	"time"
)

// A forum in three data sets, which fit one another at the sizes that they name.
const (
	forumUsers   = 5000 // who wrote the posts and comments: as many rows of users there must be
	forumReplies = 28   // comments on each post: comments 1 to 28 are on post 1, so that n posts have 28 n comments
)

// forumDatasets are users (name), posts (by a user) and comments (on a post, by a user).
func forumDatasets() []Dataset {
	return []Dataset{{
		Name: "users", Table: "users",
		Schema: `CREATE TABLE IF NOT EXISTS users (
	id   bigint PRIMARY KEY,
	name text NOT NULL
)`,
		Copy: "COPY users (id, name) FROM STDIN",
		row:  userRow,
	}, {
		Name: "posts", Table: "posts",
		Schema: `CREATE TABLE IF NOT EXISTS posts (
	id         bigint PRIMARY KEY,
	author_id  bigint NOT NULL,
	title      text NOT NULL,
	created_at timestamptz NOT NULL
)`,
		Copy: "COPY posts (id, author_id, title, created_at) FROM STDIN",
		row:  postRow,
	}, {
		Name: "comments", Table: "comments",
		Schema: `CREATE TABLE IF NOT EXISTS comments (
	id        bigint PRIMARY KEY,
	post_id   bigint NOT NULL,
	author_id bigint NOT NULL,
	text      text NOT NULL
)`,
		Copy: "COPY comments (id, post_id, author_id, text) FROM STDIN",
		row:  commentRow,
	}}
}

func userRow(w *bufio.Writer, id int, r *generator) {
	fmt.Fprintf(w, "%d\t%s %s %d\n", id, adjectives[r.below(len(adjectives))], things[r.below(len(things))], id)
}

func postRow(w *bufio.Writer, id int, r *generator) {
	fmt.Fprintf(w, "%d\t%d\t", id, 1+r.below(forumUsers))
	writeWords(w, r, 4+r.below(5))
	fmt.Fprintf(w, "\t%s\n", epoch.Add(time.Duration(id)*time.Minute).Format("2006-01-02 15:04:05+00"))
}

func commentRow(w *bufio.Writer, id int, r *generator) {
	fmt.Fprintf(w, "%d\t%d\t%d\t", id, 1+(id-1)/forumReplies, 1+r.below(forumUsers))
	writeWords(w, r, 6+r.below(10))
	_ = w.WriteByte('\n')
}

// writeWords writes n words of prose.
func writeWords(w *bufio.Writer, r *generator, n int) {
	for i := range n {
		if i > 0 {
			_ = w.WriteByte(' ')
		}
		_, _ = w.WriteString(prose[r.below(len(prose))])
	}
}

// writeInt writes a whole number.
func writeInt(w *bufio.Writer, n int64) {
	var digits [20]byte
	_, _ = w.Write(strconv.AppendInt(digits[:0], n, 10))
}
