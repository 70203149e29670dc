package dependency

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLError is a statement of a file that failed.
type SQLError struct {
	File string
	Line int // where PostgreSQL saw the mistake, else where the statement begins
	Err  error
}

func (e *SQLError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *SQLError) Unwrap() error { return e.Err }

// RunSQL executes the statements of a file, one by one on one connection, as psql does with ON_ERROR_STOP: each commits by
// itself unless the file says BEGIN. The rows of COPY … FROM stdin are understood, psql's own commands are not. file names
// the text in errors, which are *SQLError once the server has been reached.
func (i Instance) RunSQL(ctx context.Context, file, text string) error {
	if i.Kind != Postgres {
		return fmt.Errorf("%s: %w", file, errNoSQL)
	}
	statements, err := splitSQL(text)
	if err != nil {
		var at *lineError
		if errors.As(err, &at) {
			return &SQLError{file, at.line, at.err}
		}
		return err
	}
	conn, err := dialPostgres(ctx, i)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, s := range statements {
		if err := runStatement(ctx, conn.PgConn(), s); err != nil {
			return &SQLError{file, s.line + linesBefore(s.text, err), err}
		}
	}
	return nil
}

func runStatement(ctx context.Context, conn *pgconn.PgConn, s statement) error {
	if s.copy {
		_, err := conn.CopyFrom(ctx, strings.NewReader(s.data), s.text)
		return err
	}
	return conn.Exec(ctx, s.text).Close()
}

// linesBefore counts the lines of a statement before the place that PostgreSQL's error points at.
func linesBefore(statement string, err error) int {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Position <= 0 {
		return 0
	}
	lines, seen := 0, int32(1) // Position counts characters from 1
	for i := 0; i < len(statement) && seen < pg.Position; seen++ {
		if statement[i] == '\n' {
			lines++
		}
		_, size := utf8.DecodeRuneInString(statement[i:])
		i += size
	}
	return lines
}

// Settle brings a freshly filled server to rest, so that the first trial does not measure the aftermath of loading: for
// postgres hint bits, statistics and a checkpoint, for redis nothing.
func (i Instance) Settle(ctx context.Context) error {
	if i.Kind != Postgres {
		return nil
	}
	conn, err := dialPostgres(ctx, i)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, s := range []string{"VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("postgres: %s: %w", s, err)
		}
	}
	return nil
}

// AssignPassword gives the instance's user its password, over a Unix socket in socketDir that trusts everybody who can
// open it. A data directory made beforehand can so have another password in every run. It also is a readiness check.
func (i Instance) AssignPassword(ctx context.Context, socketDir string) error {
	_, port, err := net.SplitHostPort(i.Address)
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%s sslmode=disable", socketDir, port))
	if err != nil {
		return fmt.Errorf("postgres socket %s: %w", socketDir, withoutURL(err))
	}
	config.User, config.Database = i.Params[ParamUser], i.Params[ParamDatabase]
	config.ConnectTimeout = dialTimeout
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("postgres does not answer on its socket: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// ALTER ROLE takes no parameters; format(%I, %L) quotes them in the server.
	var alter string
	err = conn.QueryRow(ctx, "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)",
		i.Params[ParamUser], i.Params[ParamPassword]).Scan(&alter)
	if err == nil {
		_, err = conn.Exec(ctx, alter)
	}
	if err != nil {
		return fmt.Errorf("postgres: assign the password: %w", err)
	}
	return nil
}
