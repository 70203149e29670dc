package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/harness/site"
)

// errLimited refuses a second limit: what it found would not be what the node had.
var errLimited = errors.New("it is limited already")

// groupFor is the group that the node was started in for limits of a resource.
func (n *localNode) groupFor(r site.Resource) (group, error) {
	i := slices.IndexFunc(n.groups, func(g group) bool { return g.resource == r })
	if i < 0 {
		return group{}, errors.New("it was not started in a control group of its own")
	}
	return n.groups[i], nil
}

// Limit bounds what the node's processes may use together.
func (n *localNode) Limit(_ context.Context, r site.Resource, amount float64, prepared func(site.Undo) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.limit(r, amount, prepared); err != nil {
		return fmt.Errorf("limit the %s of %s: %w", r, n.node.Name, err)
	}
	return nil
}

func (n *localNode) limit(r site.Resource, amount float64, prepared func(site.Undo) error) error {
	if _, is := n.limits[r]; is {
		return errLimited
	}
	g, err := n.groupFor(r)
	if err != nil {
		return err
	}
	if err := g.fits(amount); err != nil {
		return err
	}
	before, err := g.unlimited()
	if err != nil {
		return err
	}
	if err := (undoing{Settings: before}).prepare(r, &n.limits, prepared); err != nil {
		return err
	}
	return apply(g.limited(amount)...)
}

// Unlimit gives the node's processes what they had before.
func (n *localNode) Unlimit(_ context.Context, r site.Resource) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.limits[r].restore(); err != nil {
		return fmt.Errorf("lift the limit on the %s of %s: %w", r, n.node.Name, err)
	}
	delete(n.limits, r)
	return nil
}

// Held reads the node's control group.
func (n *localNode) Held(_ context.Context, r site.Resource) (times, of uint64, err error) {
	g, err := n.groupFor(r)
	if err != nil {
		return 0, 0, fmt.Errorf("node %s: %w", n.node.Name, err)
	}
	return g.held()
}
