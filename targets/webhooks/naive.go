package webhooks

import (
	"context"
	"net/http"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	retries        = 3 // at once
	insertNaiveSQL = `INSERT INTO orders (id, endpoint_id, total_cents, created_at) VALUES ($1, $2, $3, $4)
	RETURNING (SELECT url FROM endpoints WHERE id = endpoint_id)`
)

// acceptNaive tells the endpoint while the request, the transaction and its connection wait.
func acceptNaive(ctx context.Context, db *kit.Pool, o Order) error {
	return kit.Transaction(ctx, db, func(tx kit.Tx) error {
		var url string
		if err := tx.QueryRow(ctx, insertNaiveSQL, o.ID, o.Endpoint, o.TotalCents, o.At).Scan(&url); err != nil {
			return err
		}
		err := tell(ctx, url, o)
		for i := 0; i < retries && err != nil; i++ {
			err = tell(ctx, url, o)
		}
		return err
	})
}

// workersNaive have nothing to do: the request did it.
func workersNaive(context.Context, kit.Environment) (kit.Service, error) {
	return kit.Service{Handler: http.NotFoundHandler(), Close: func() {}}, nil
}
