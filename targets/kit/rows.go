package kit

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Querier is what can be asked for rows: a pool, a connection, or what a target puts before one.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
}

// Select runs a query and returns its rows, whose columns are the exported fields of T in their order. Without rows it is empty,
// and not nil.
func Select[T any](ctx context.Context, q Querier, sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// SelectOne is Select for a query of one row; where there is none, its error is ErrNoRow.
func SelectOne[T any](ctx context.Context, q Querier, sql string, args ...any) (row T, err error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return row, err
	}
	return pgx.CollectOneRow(rows, pgx.RowToStructByPos[T])
}
