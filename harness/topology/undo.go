package topology

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/site"
)

// undoing is what a site.Undo of this room holds: settings of control groups, or what a container gets back.
type undoing struct {
	Settings  []setting                            `json:"settings,omitempty"`
	Container string                               `json:"container,omitempty"`
	Resources *container.Resources                 `json:"resources,omitempty"`
	Networks  map[string]*network.EndpointSettings `json:"networks,omitempty"`
}

func (u undoing) text() (site.Undo, error) {
	raw, err := json.Marshal(u)
	if err != nil {
		return "", fmt.Errorf("write down what ends the fault: %w", err)
	}
	return site.Undo(raw), nil
}

// prepare says how a limit will be lifted, before it is set, and keeps that among the limits of a node.
func (u undoing) prepare(r site.Resource, limits *map[site.Resource]undoing, prepared func(site.Undo) error) error {
	how, err := u.text()
	if err != nil {
		return err
	}
	if err := prepared(how); err != nil {
		return err
	}
	if *limits == nil {
		*limits = map[site.Resource]undoing{}
	}
	(*limits)[r] = u
	return nil
}

// Undo brings a node back to how it was, for the watchdog. A node that is gone needs nothing.
func Undo(ctx context.Context, how site.Undo) error {
	var u undoing
	if err := json.Unmarshal([]byte(how), &u); err != nil {
		return fmt.Errorf("not an undo of this build: %w", err)
	}
	if err := u.restore(); err != nil || u.Container == "" {
		return err
	}
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer engine.Close()
	ctx, cancel := context.WithTimeout(ctx, engineDeadline)
	defer cancel()
	return u.giveBack(ctx, engine)
}

// restore writes the settings. They are said by a file on disk, so nothing else is written to than what bounds a group.
func (u undoing) restore() error {
	bounds := []string{
		"cpu.cfs_quota_us", "cpu.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max", "memory.swap.max",
	}
	for _, s := range u.Settings {
		if !slices.Contains(bounds, filepath.Base(s.File)) {
			return fmt.Errorf("%s is no bound of a control group", s.File)
		}
		if err := apply(s); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// giveBack returns to a container what it had.
func (u undoing) giveBack(ctx context.Context, engine *client.Client) error {
	if u.Resources != nil {
		if err := update(ctx, engine, u.Container, u.Resources); err != nil {
			return unlessGone(err)
		}
	}
	if len(u.Networks) == 0 {
		return nil
	}
	found, err := engine.ContainerInspect(ctx, u.Container, client.ContainerInspectOptions{})
	if err != nil {
		return unlessGone(err)
	}
	for name, endpoint := range u.Networks {
		if n := found.Container.NetworkSettings; n != nil && n.Networks[name] != nil {
			continue
		}
		_, err := engine.NetworkConnect(ctx, name, client.NetworkConnectOptions{Container: u.Container, EndpointConfig: endpoint})
		if err != nil {
			return fmt.Errorf("put it back on network %s: %w", name, err)
		}
	}
	return nil
}

// update gives a container other limits. Of one that is just dying the engine thinks for a moment that it still runs, and
// refuses; later it notes them for the next start.
func update(ctx context.Context, engine *client.Client, id string, r *container.Resources) error {
	for {
		_, err := engine.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: r})
		if err == nil || !isDying(err, id) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * gonePoll):
		}
	}
}

// isDying says whether an update was refused because the container's process has ended and the engine does not know yet. runc has
// a word of its own for either moment of that, and containerd one for when it has forgotten the process already.
func isDying(err error, id string) bool {
	said := err.Error()
	return strings.Contains(said, "stopped container") || strings.Contains(said, "deleted process") ||
		strings.Contains(said, "task "+id+" not found")
}
