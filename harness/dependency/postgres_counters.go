package dependency

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ownDatabase is where our own questions are asked, so that what pg_stat_database says of the others does not hold them.
const ownDatabase = "postgres"

// withInfo is the first version that has pg_stat_statements_info.
const withInfo = 140000

// postgresCounting asks a server over one connection, whose own statements pg_stat_statements leaves out.
type postgresCounting struct {
	conn    *pgx.Conn
	shared  bool    // the services' database is the one that we are in
	asked   float64 // transactions of ours
	version int     // server_version_num
	schema  string  // of pg_stat_statements, quoted; empty: it is not there
	lacks   string  // why it is not

	entries, evicted float64 // of pg_stat_statements, when the marks below were looked up
	marks            []int64 // ids of the statements that begin and end transactions
}

func (p postgres) count(ctx context.Context, i Instance) (counting, error) {
	conn, err := dialCounting(ctx, i, ownDatabase)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "3D000" { // there is no such database
		conn, err = dialCounting(ctx, i, i.Params[ParamDatabase])
	}
	if err != nil {
		return nil, err
	}
	c := &postgresCounting{conn: conn, shared: conn.Config().Database == i.Params[ParamDatabase]}
	if err := c.prepare(ctx); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		c.close(ctx)
		return nil, err
	}
	return c, nil
}

func dialCounting(ctx context.Context, i Instance, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(i.URL(i.Address, i.Params))
	if err != nil {
		return nil, fmt.Errorf("postgres at %s: %w", i.Address, withoutURL(err))
	}
	config.ConnectTimeout, config.Database = tallied, database
	config.RuntimeParams["application_name"] = ownName
	config.RuntimeParams["pg_stat_statements.track"] = "none"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres at %s does not answer: %w", i.Address, err)
	}
	return conn, nil
}

func (c *postgresCounting) close(ctx context.Context) { _ = c.conn.Close(ctx) }

const queryStatementsSchema = `
SELECT current_setting('server_version_num')::int, coalesce((
	SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'), '')`

// prepare finds pg_stat_statements, and makes it where only its library is loaded.
func (c *postgresCounting) prepare(ctx context.Context) error {
	_, made := c.conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	if err := c.conn.QueryRow(ctx, queryStatementsSchema).Scan(&c.version, &c.schema); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if c.schema == "" {
		c.lacks = fmt.Sprintf("pg_stat_statements is not installed, so that queries, rows and buffers are not known (%v)", told(made))
		return nil
	}
	if _, err := c.conn.Exec(ctx, "SELECT count(*) FROM "+c.schema+".pg_stat_statements(false)"); err != nil {
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			return fmt.Errorf("postgres: %w", err)
		}
		c.schema = ""
		c.lacks = fmt.Sprintf("pg_stat_statements does not work, so that queries, rows and buffers are not known (%v); start the server with "+
			"-c shared_preload_libraries=pg_stat_statements", told(err))
	}
	return nil
}

// told is what the server itself said of an error.
func told(err error) string {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return refused.Message
	case err == nil:
		return "the server gives no reason"
	}
	return err.Error()
}

const queryServer = `
SELECT pg_postmaster_start_time()::text, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
	d.transactions::float8, d.deadlocks::float8, d.temp_bytes::float8, a.clients::float8, s.bytes::float8
FROM (SELECT coalesce(sum(xact_commit + xact_rollback), 0) AS transactions, coalesce(sum(deadlocks), 0) AS deadlocks,
		coalesce(sum(temp_bytes), 0) AS temp_bytes
	FROM pg_stat_database WHERE datname <> current_database() OR $1) d,
	(SELECT count(*) AS clients FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> '` + ownName + `') a,
	(SELECT coalesce(sum(pg_database_size(oid)), 0) AS bytes
	FROM pg_database WHERE NOT datistemplate AND (datname <> current_database() OR $1) AND has_database_privilege(oid, 'CONNECT')) s`

func (c *postgresCounting) read(ctx context.Context) (reading, error) {
	r := reading{lacks: c.lacks, told: map[string]float64{}}
	if err := c.statements(ctx, &r); err != nil {
		return reading{}, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	var wal, transactions, deadlocks, temp, clients, bytes float64
	err := c.conn.QueryRow(ctx, queryServer, c.shared).Scan(&r.epoch, &wal, &transactions, &deadlocks, &temp, &clients, &bytes)
	if err != nil {
		return reading{}, fmt.Errorf("postgres: read its statistics: %w", err)
	}
	r.tell("postgres_wal_bytes_total", wal)
	if c.shared {
		transactions -= c.asked
		c.asked += 2 // this question and that after the statements
	}
	r.tell("postgres_transactions_total", transactions)
	r.tell("postgres_deadlocks_total", deadlocks)
	r.tell("postgres_temp_bytes_total", temp)
	r.tell("postgres_connections", clients)
	r.tell("postgres_relation_bytes", bytes)
	return r, nil
}

// statements tells the sums over all statements of all databases. Statements are known by their ids alone, so that their texts
// need not be read each time.
func (c *postgresCounting) statements(ctx context.Context, r *reading) error {
	if c.schema == "" {
		return nil
	}
	evicted := "0"
	if c.version >= withInfo {
		evicted = "(SELECT dealloc FROM " + c.schema + ".pg_stat_statements_info)"
	}
	query := `SELECT coalesce(sum(calls) FILTER (WHERE queryid <> ALL ($1::bigint[])), 0)::float8, coalesce(sum(rows), 0)::float8,
	coalesce(sum(shared_blks_hit), 0)::float8, coalesce(sum(shared_blks_read), 0)::float8, count(*)::float8, ` + evicted + `::float8
FROM ` + c.schema + `.pg_stat_statements(false)`
	var queries, rows, hit, read, entries, dropped float64
	for {
		if err := c.conn.QueryRow(ctx, query, c.marks).Scan(&queries, &rows, &hit, &read, &entries, &dropped); err != nil {
			return err
		}
		if c.marks != nil && entries == c.entries && dropped == c.evicted {
			break
		}
		if err := c.mark(ctx); err != nil {
			return err
		}
		c.entries, c.evicted = entries, dropped
	}
	r.tell("postgres_queries_total", queries)
	r.tell("postgres_rows_total", rows)
	r.tell("postgres_buffers_total", hit+read)
	r.tell("postgres_buffers_read_total", read)
	r.tell("postgres_statements_evicted_total", dropped)
	return nil
}

// mark looks up which statements only begin and end transactions.
func (c *postgresCounting) mark(ctx context.Context) error {
	rows, err := c.conn.Query(ctx, `SELECT DISTINCT queryid FROM `+c.schema+`.pg_stat_statements(true) WHERE queryid IS NOT NULL AND query ~* '^\s*(/\*[^*]*\*/\s*)*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\y'`)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	c.marks = append([]int64{}, ids...)
	return nil
}
