package kit

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Tx is a transaction.
type Tx = pgx.Tx

// Transaction runs do in a transaction, which is committed when do returns nil, and rolled back otherwise.
func Transaction(ctx context.Context, pool *Pool, do func(Tx) error) error {
	return pgx.BeginFunc(ctx, pool, do)
}
