package topology

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/site"
)

// ErrShared says of a node that it has no network of its own.
var ErrShared = errors.New("it shares the machine's network and can't be taken off it; cut the links to it instead (kind: down)")

// Disconnect takes the container off all its networks. What it published there is published again with Connect.
func (n *containerNode) Disconnect(ctx context.Context, prepared func(site.Undo) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.disconnect(ctx, prepared); err != nil {
		return fmt.Errorf("disconnect %s: %w", n.node.Name, err)
	}
	return nil
}

func (n *containerNode) disconnect(ctx context.Context, prepared func(site.Undo) error) error {
	found, err := n.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if h := found.Container.HostConfig; h != nil && h.NetworkMode.IsHost() {
		return ErrShared
	}
	back := undoing{Container: n.id, Networks: map[string]*network.EndpointSettings{}}
	if found.Container.NetworkSettings != nil {
		for name, e := range found.Container.NetworkSettings.Networks {
			// Its names and what it was told; the rest is the engine's to choose.
			back.Networks[name] = &network.EndpointSettings{
				IPAMConfig: e.IPAMConfig, Links: e.Links, Aliases: e.Aliases, DriverOpts: e.DriverOpts,
			}
		}
	}
	if len(back.Networks) == 0 {
		return errors.New("it is on no network")
	}
	how, err := back.text()
	if err != nil {
		return err
	}
	if err := prepared(how); err != nil {
		return err
	}
	n.offline = back
	for name := range back.Networks {
		_, err := n.engine.NetworkDisconnect(ctx, name, client.NetworkDisconnectOptions{Container: n.id})
		if err != nil {
			return err
		}
	}
	return nil
}

// Connect puts the container back on its networks.
func (n *containerNode) Connect(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.offline.giveBack(ctx, n.engine); err != nil {
		return fmt.Errorf("connect %s again: %w", n.node.Name, err)
	}
	n.offline = undoing{}
	return nil
}
