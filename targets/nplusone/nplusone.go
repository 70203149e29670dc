// Package nplusone is a forum behind GraphQL that asks its database once for each thing it shows.
//
// What happened: a page shows 70 posts, each with its author and 28 comments, each with its author. Every resolver is right
// and fast by itself: it asks for the comments of its post, for the author of its comment. Together they make 1 + 70 + 70 × 28 =
// 2,031 queries, one after another. It befalls whoever puts an object mapper or a graph over a relational database.
//
// How it looks from outside: on the developer's machine, beside its database, a page takes half a second. Two milliseconds of
// network between the two, as between any two zones of a cloud, and it takes five; no query of the database's log is slow.
//
// What mends it: resolvers say what they need, and the request asks for all of it at once, level by level: 3 queries, however
// many posts there are.
//
//	POST /graphql   {"query": "…", "variables": {…}}
//
//	type Query   { posts(first: Int!, after: Int): [Post] }       by id, beyond after
//	type Post    { id: ID, title: String, author: User, comments(first: Int!): [Comment] }
//	type Comment { id: ID, text: String, author: User }
//	type User    { id: ID, name: String }
//
// It reads DATABASE_URL and works on the tables of scenarios/nplusone/schema.sql. Posts come with their authors in both variants,
// by a join: the one relation that somebody thought of. graphql_page_queries tells how many queries the last page took.
package nplusone

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/graphql-go/graphql"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	mostRows     = 100      // that one field may ask for
	longestInput = 64 << 10 // bytes of a request's body
	postsSQL     = `SELECT p.id, p.title, u.id, u.name FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id > $1 ORDER BY p.id LIMIT $2`
)

type (
	post struct {
		ID         int64
		Title      string
		AuthorID   int64
		AuthorName string
	}
	comment struct {
		ID, PostID, AuthorID int64
		Text                 string
	}
	user struct {
		ID   int64
		Name string
	}
)

// page is what the variants differ in: how the fields of one request get their values. A field is given its value, or a
// func() (any, error) that is called when all fields of its level have been asked for.
type page interface {
	comments(ctx context.Context, of post, first int) (any, error) // []comment, by id
	author(ctx context.Context, of comment) (any, error)           // user
}

// database is the pool as one request sees it.
type database struct {
	*kit.Pool
	queries atomic.Int64
}

// Query asks the pool and counts.
func (d *database) Query(ctx context.Context, sql string, args ...any) (kit.Rows, error) {
	d.queries.Add(1)
	return d.Pool.Query(ctx, sql, args...)
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "nplusone", About: "a forum behind GraphQL", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	begin, statements := beginFixed, fixedStatements()
	if env.Variant == kit.Naive {
		begin, statements = beginNaive, naiveStatements()
	}
	pool, err := kit.OpenPool(ctx, env, kit.PoolSize, append(statements, postsSQL)...)
	if err != nil {
		return kit.Service{}, err
	}
	a := &api{pool: pool, begin: begin, logger: env.Logger, queries: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "graphql_page_queries", Help: "Queries that the last page took.",
	})}
	if err := env.Registry.Register(a.queries); err != nil {
		return kit.Service{}, err
	}
	if a.schema, err = schema(); err != nil {
		return kit.Service{}, fmt.Errorf("the GraphQL schema: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /graphql", a.answer)
	return kit.Service{Handler: mux, Dependencies: []kit.Dependency{{Name: "postgres", Ping: pool.Ping}}, Close: pool.Close}, nil
}

// api turns HTTP into GraphQL; it is the same for both variants.
type api struct {
	pool    *kit.Pool
	begin   func(*database) page
	schema  graphql.Schema
	queries prometheus.Gauge
	logger  *slog.Logger
}

func (a *api) answer(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestInput)).Decode(&asked); err != nil {
		http.Error(w, "the body is not a GraphQL request: "+err.Error(), http.StatusBadRequest)
		return
	}
	db := &database{Pool: a.pool}
	result := graphql.Do(graphql.Params{
		Schema: a.schema, Context: r.Context(), RequestString: asked.Query, VariableValues: asked.Variables,
		RootObject: map[string]any{"db": db, "page": a.begin(db)},
	})
	code := http.StatusOK
	switch {
	case result.Data == nil: // it was refused, and nothing was asked of the database
		code = http.StatusBadRequest
	case result.HasErrors():
		a.logger.Error("a page has gaps", "errors", len(result.Errors), "first", result.Errors[0].Message)
	default:
		a.queries.Set(float64(db.queries.Load()))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(result) // a client that left is no concern of ours
}

func schema() (graphql.Schema, error) {
	first, after := &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.Int)}, &graphql.ArgumentConfig{Type: graphql.Int, DefaultValue: 0}
	object := func(name string, fields graphql.Fields) *graphql.Object {
		return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: fields})
	}
	users := object("User", graphql.Fields{
		"id": field(graphql.ID, func(u user) any { return u.ID }), "name": field(graphql.String, func(u user) any { return u.Name }),
	})
	comments := object("Comment", graphql.Fields{
		"id": field(graphql.ID, func(c comment) any { return c.ID }), "text": field(graphql.String, func(c comment) any { return c.Text }),
		"author": {Type: users, Resolve: author},
	})
	posts := object("Post", graphql.Fields{
		"id": field(graphql.ID, func(p post) any { return p.ID }), "title": field(graphql.String, func(p post) any { return p.Title }),
		"author":   field(users, func(p post) any { return user{p.AuthorID, p.AuthorName} }),
		"comments": {Type: graphql.NewList(comments), Args: graphql.FieldConfigArgument{"first": first}, Resolve: list},
	})
	return graphql.NewSchema(graphql.SchemaConfig{Query: object("Query", graphql.Fields{
		"posts": {Type: graphql.NewList(posts), Args: graphql.FieldConfigArgument{"first": first, "after": after}, Resolve: list},
	})})
}

// field is one whose value its parent, a T, has already.
func field[T any](of graphql.Output, value func(T) any) *graphql.Field {
	return &graphql.Field{Type: of, Resolve: func(p graphql.ResolveParams) (any, error) { return value(p.Source.(T)), nil }}
}

func author(p graphql.ResolveParams) (any, error) {
	return p.Info.RootValue.(map[string]any)["page"].(page).author(p.Context, p.Source.(comment)) // answer put it there
}

// list is the comments of a post, or posts.
func list(p graphql.ResolveParams) (any, error) {
	request, first := p.Info.RootValue.(map[string]any), p.Args["first"].(int) // the schema requires it
	if first < 1 || first > mostRows {
		return nil, fmt.Errorf("first is a number from 1 to %d", mostRows)
	}
	if of, ok := p.Source.(post); ok {
		return request["page"].(page).comments(p.Context, of, first)
	}
	return kit.Select[post](p.Context, request["db"].(*database), postsSQL, p.Args["after"], first)
}

// only is the one user that a query found, or null.
func only(users []user, err error) (any, error) {
	if err != nil || len(users) == 0 {
		return nil, err
	}
	return users[0], nil
}
