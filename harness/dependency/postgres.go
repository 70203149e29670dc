package dependency

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ownName is the application name of our own connections.
const ownName = "brunt"

type postgres struct{}

func (postgres) url(address string, params map[string]string) string {
	u := url.URL{
		Scheme: "postgres", Host: address, Path: "/" + params[ParamDatabase],
		User: url.UserPassword(params[ParamUser], params[ParamPassword]), RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (p postgres) open(ctx context.Context, i Instance) (session, error) {
	conn, err := dialPostgres(ctx, i)
	if err != nil {
		return nil, err
	}
	return postgresSession{conn}, nil
}

func dialPostgres(ctx context.Context, i Instance) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(i.URL(i.Address, i.Params))
	if err != nil {
		return nil, fmt.Errorf("postgres at %s: %w", i.Address, withoutURL(err))
	}
	config.ConnectTimeout = dialTimeout
	config.RuntimeParams["application_name"] = ownName
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres at %s does not answer: %w", i.Address, err)
	}
	return conn, nil
}

// withoutURL keeps a connection string out of an error, since it holds the password.
func withoutURL(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("its connection URL cannot be parsed")
	}
	return err
}

type postgresSession struct{ conn *pgx.Conn }

func (s postgresSession) version(ctx context.Context) (string, error) {
	var version string
	if err := s.conn.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", fmt.Errorf("postgres does not answer a query: %w", err)
	}
	number, _, _ := strings.Cut(version, " ") // Debian adds its package: "15.18 (Debian 15.18-0+deb12u1)"
	return number, nil
}

func (s postgresSession) command(ctx context.Context, words []string) (string, error) {
	tag, err := s.conn.Exec(ctx, strings.Join(words, " "))
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	return tag.String(), nil
}

const queryOwnTables = `
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1`

func (s postgresSession) reset(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, queryOwnTables)
	if err != nil {
		return fmt.Errorf("postgres: list tables: %w", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("postgres: list tables: %w", err)
	}
	if len(tables) == 0 {
		return nil
	}
	// The names are quoted by the server; one statement, so that foreign keys among them do not matter.
	if _, err := s.conn.Exec(ctx, "TRUNCATE "+strings.Join(tables, ", ")+" RESTART IDENTITY CASCADE"); err != nil {
		return fmt.Errorf("postgres: truncate: %w", err)
	}
	return nil
}

func (s postgresSession) close(ctx context.Context) { _ = s.conn.Close(ctx) }
