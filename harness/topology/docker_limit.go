package topology

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/site"
)

// boundless is how the kernel reads back that there is no limit on memory. The engine takes neither 0 nor -1 for that.
const boundless = math.MaxInt64 &^ 4095

// Limit updates what the container may use.
func (n *containerNode) Limit(ctx context.Context, r site.Resource, amount float64, prepared func(site.Undo) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.limit(ctx, r, amount, prepared); err != nil {
		return fmt.Errorf("limit the %s of %s: %w", r, n.node.Name, err)
	}
	return nil
}

func (n *containerNode) limit(ctx context.Context, r site.Resource, amount float64, prepared func(site.Undo) error) error {
	if _, is := n.limits[r]; is {
		return errLimited
	}
	found, err := n.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err == nil && found.Container.HostConfig == nil {
		err = errors.New("the engine does not tell its limits")
	}
	if err != nil {
		return err
	}
	if g, err := n.groupFor(n.node.PID, r); err == nil {
		if err := g.fits(amount); err != nil {
			return err
		}
	}
	wanted, before := limits(r, amount, found.Container.HostConfig.Resources)
	if err := (undoing{Container: n.id, Resources: &before}).prepare(r, &n.limits, prepared); err != nil {
		return err
	}
	_, err = n.engine.ContainerUpdate(ctx, n.id, client.ContainerUpdateOptions{Resources: &wanted})
	if err != nil && r == site.Memory && strings.Contains(err.Error(), "device or resource busy") {
		return &TooLittleMemoryError{Limit: int64(amount)}
	}
	return err
}

// limits are what to ask of the engine for a limit, and for what there was before. It takes a number of CPUs and a quota for
// one thing, but not one after the other.
func limits(r site.Resource, amount float64, now container.Resources) (wanted, before container.Resources) {
	switch {
	case r == site.CPU && now.NanoCPUs > 0:
		wanted.NanoCPUs, before.NanoCPUs = int64(amount*1e9), now.NanoCPUs
	case r == site.CPU:
		wanted.CPUPeriod, before.CPUPeriod = period, period
		wanted.CPUQuota, before.CPUQuota = int64(math.Round(amount*period)), -1
		if now.CPUQuota > 0 && now.CPUPeriod > 0 {
			before.CPUQuota, before.CPUPeriod = now.CPUQuota, now.CPUPeriod
		}
	default:
		wanted.Memory, before.Memory = int64(amount), boundless
		if now.Memory > 0 {
			before.Memory = now.Memory
		}
		// Without a bound on swap of the same size the limit would be one on speed, not on memory.
		wanted.MemorySwap, before.MemorySwap = wanted.Memory, before.Memory
		if now.MemorySwap > before.MemorySwap {
			before.MemorySwap = now.MemorySwap
		}
	}
	return wanted, before
}

// Unlimit gives the container what it had before.
func (n *containerNode) Unlimit(ctx context.Context, r site.Resource) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.limits[r].giveBack(ctx, n.engine); err != nil {
		return fmt.Errorf("lift the limit on the %s of %s: %w", r, n.node.Name, err)
	}
	delete(n.limits, r)
	return nil
}

// Held reads the container's control group.
func (n *containerNode) Held(_ context.Context, r site.Resource) (times, of uint64, err error) {
	g, err := n.groupFor(n.PID(), r)
	if err != nil {
		return 0, 0, fmt.Errorf("node %s: %w", n.node.Name, err)
	}
	return g.held()
}

// groupFor finds the control group of the container by its process, which another process of that number is not, as it would be
// where brunt itself is in a container.
func (n *containerNode) groupFor(pid int, r site.Resource) (group, error) {
	if pid == 0 {
		return group{}, errors.New("the engine does not tell its process")
	}
	groups, err := groupsOf(pid, r)
	if err != nil {
		return group{}, err
	}
	if !strings.Contains(groups[0].dir, n.id) {
		return group{}, errors.New("its control group is not to be seen from here")
	}
	return groups[0], nil
}
