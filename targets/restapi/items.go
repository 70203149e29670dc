package restapi

import (
	"context"
	"fmt"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	selectItemSQL = `SELECT id, name, price_cents, stock, description, created_at FROM items WHERE id = $1`
	selectPageSQL = `SELECT id, name, price_cents, stock, description, created_at FROM items ORDER BY id LIMIT $1 OFFSET $2`
	insertItemSQL = `INSERT INTO items (name, price_cents, stock, description) VALUES ($1, $2, $3, $4) RETURNING id, created_at`
)

// statements are those that every connection of a pool knows.
func statements() []string { return []string{selectItemSQL, selectPageSQL, insertItemSQL} }

// querier is a pool or a single connection.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (kit.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) kit.Row
}

func selectItem(ctx context.Context, q querier, id int64) (Item, error) {
	var i Item
	err := q.QueryRow(ctx, selectItemSQL, id).Scan(&i.ID, &i.Name, &i.PriceCents, &i.Stock, &i.Description, &i.CreatedAt)
	if err != nil {
		return Item{}, fmt.Errorf("select item %d: %w", id, err)
	}
	return i, nil
}

func selectPage(ctx context.Context, q querier, number int) ([]Item, error) {
	rows, err := q.Query(ctx, selectPageSQL, pageSize, (number-1)*pageSize)
	if err != nil {
		return nil, fmt.Errorf("select page %d: %w", number, err)
	}
	defer rows.Close()
	items := make([]Item, 0, pageSize)
	for rows.Next() {
		var i Item
		if err := rows.Scan(&i.ID, &i.Name, &i.PriceCents, &i.Stock, &i.Description, &i.CreatedAt); err != nil {
			return nil, fmt.Errorf("read page %d: %w", number, err)
		}
		items = append(items, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read page %d: %w", number, err)
	}
	return items, nil
}

func insertItem(ctx context.Context, q querier, i Item) (Item, error) {
	err := q.QueryRow(ctx, insertItemSQL, i.Name, i.PriceCents, i.Stock, i.Description).Scan(&i.ID, &i.CreatedAt)
	if err != nil {
		return Item{}, fmt.Errorf("insert an item: %w", err)
	}
	return i, nil
}
