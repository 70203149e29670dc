package dependency

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// errNotHeld refuses to hold what only a database can.
var errNotHeld = errors.New("redis has no transaction that could be held open")

// holdName is how the session that holds a transaction calls itself to the server.
func holdName(name string) string { return "brunt hold " + name }

func (s postgresSession) hold(ctx context.Context, name string, words []string, limit time.Duration) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("postgres: begin: %w", err)
	}
	// The server's own clock ends it when nobody here can.
	for setting, value := range map[string]string{
		"application_name":                    holdName(name),
		"idle_in_transaction_session_timeout": fmt.Sprint(max(limit.Milliseconds(), 1)),
	} {
		if _, err := tx.Exec(ctx, "SELECT set_config($1, $2, true)", setting, value); err != nil {
			return fmt.Errorf("postgres: set %s: %w", setting, err)
		}
	}
	if _, err := tx.Exec(ctx, strings.Join(words, " ")); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

func (s postgresSession) holds(ctx context.Context, name string) (bool, error) {
	var open bool
	err := s.conn.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in transaction%')`,
		holdName(name)).Scan(&open)
	if err != nil {
		return false, fmt.Errorf("postgres: look for the open transaction: %w", err)
	}
	return open, nil
}

func (s postgresSession) release(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, "ROLLBACK")
	if err != nil && s.conn.IsClosed() && ctx.Err() == nil {
		return nil // the server closed it, and has rolled back
	}
	if err != nil {
		return fmt.Errorf("postgres: roll back: %w", err)
	}
	return nil
}

func (redisSession) hold(context.Context, string, []string, time.Duration) error { return errNotHeld }

func (redisSession) holds(context.Context, string) (bool, error) { return false, errNotHeld }

func (redisSession) release(context.Context) error { return errNotHeld }
