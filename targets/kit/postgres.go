package kit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolSize is the number of Postgres connections of a target that has no reason for another.
const PoolSize = 20

// Pool is a pool of Postgres connections.
type Pool = pgxpool.Pool

// Rows are the rows that a query returned.
type Rows = pgx.Rows

// Row is the one row that a query returned.
type Row = pgx.Row

// Conn is a single Postgres connection.
type Conn = pgx.Conn

// ErrNoRow says that a query for one row found none.
var ErrNoRow = pgx.ErrNoRows

// PlannedAnew stands before the arguments of a query that is planned for them, each time it is asked. One that is prepared is planned
// once for all arguments after five times, where that looks as good.
const PlannedAnew = pgx.QueryExecModeExec

// OpenPool makes a pool of size connections to DATABASE_URL and exports its state as metrics. It connects in the
// background, and prepares the statements on each connection, so that a request which meets a fresh one pays one round
// trip and not seven.
func OpenPool(ctx context.Context, env Environment, size int32, statements ...string) (*Pool, error) {
	url, err := env.Require("DATABASE_URL")
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	config.MaxConns, config.MinConns = size, size
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return prepare(ctx, conn, statements) }
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the Postgres pool: %w", err)
	}
	return pool, errors.Join(
		env.Gauge("db_pool_acquired_connections", "Connections in use.", func() float64 { return float64(pool.Stat().AcquiredConns()) }),
		env.Gauge("db_pool_total_connections", "Connections open or being opened.", func() float64 { return float64(pool.Stat().TotalConns()) }),
		env.Counter("db_pool_waits_total", "Acquisitions that had to wait for a connection.", func() float64 { return float64(pool.Stat().EmptyAcquireCount()) }),
		env.Counter("db_pool_wait_seconds_total", "Time that acquisitions waited for a connection.", func() float64 { return pool.Stat().EmptyAcquireWaitTime().Seconds() }),
	)
}

// prepare makes the statements known to the server under their own text, which is how a query finds them. What the server
// refuses, such as a table that is not there yet, is for the query to say.
func prepare(ctx context.Context, conn *pgx.Conn, statements []string) error {
	for _, sql := range statements {
		var refused *pgconn.PgError
		if _, err := conn.Prepare(ctx, sql, sql); err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("prepare a statement: %w", err)
		}
	}
	return nil
}

// Dial opens one connection to DATABASE_URL outside any pool.
func Dial(ctx context.Context, env Environment) (*Conn, error) {
	url, err := env.Require("DATABASE_URL")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("dial Postgres: %w", err)
	}
	return conn, nil
}
