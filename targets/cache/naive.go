package cache

import (
	"context"
	"net/url"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// naive keeps each page under the address by which it was asked for, for ever, and whoever does not find an answer makes it.
type naive struct {
	store  *kit.Cache
	losses *losses
}

func beginNaive(env kit.Environment, losses *losses) (keeper, *kit.Cache, error) {
	store, err := kit.OpenCache(env, 0)
	return &naive{store: store, losses: losses}, store, err
}

func (n *naive) pageKey(address *url.URL, _, _ int) string { return "products?" + address.RawQuery }

func (n *naive) body(ctx context.Context, key string, make maker) ([]byte, error) {
	if kept, err := n.store.Get(ctx, key).Bytes(); err == nil {
		return kept, nil
	}
	defer n.losses.remake(key)()
	made, err := make(ctx)
	if err == nil {
		n.store.Set(ctx, key, made, 0) // if it is not kept, the next request makes it
	}
	return made, err
}
