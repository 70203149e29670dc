package topology

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// snapshotFormat is raised when the same steps begin to make something else.
const snapshotFormat = 1

func (o Options) dataSeed() int64 {
	if o.DataSeed == 0 {
		return 1
	}
	return o.DataSeed
}

// snapshotKey is a digest of everything that setup makes of a dependency, but its server's version. It is empty when there
// are no steps.
func snapshotKey(p depPlan, steps []experiment.SetupStep, seed int64) (string, error) {
	if len(steps) == 0 {
		return "", nil
	}
	if p.Server == nil {
		return "", fmt.Errorf("setup on %s: an image dependency takes neither SQL nor data sets", p.Name)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s user=%q database=%q\n", snapshotFormat, p.Kind,
		p.Params[dependency.ParamUser], p.Params[dependency.ParamDatabase])
	for _, s := range steps {
		if s.SQL != "" {
			text, err := os.ReadFile(s.SQL)
			if err != nil {
				return "", fmt.Errorf("setup on %s: %w", p.Name, err)
			}
			fmt.Fprintf(h, "sql %d\n%s\n", len(text), text)
			continue
		}
		fmt.Fprintf(h, "dataset %q rows=%d seed=%d format=%d\n", s.Dataset, s.Rows, seed, dependency.DatasetFormat)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// setUp runs the steps of one dependency and keeps what they made, unless the node came up with it.
func setUp(ctx context.Context, opts Options, p provider, d depPlan, node *site.Node) error {
	if d.Snapshot == "" {
		return nil
	}
	keeper, keeps := p.(snapshotter)
	if keeps && keeper.restored(node) {
		opts.step(fmt.Sprintf("setup of %s: restored from its snapshot", d.Name))
		return nil
	}
	opts.step(fmt.Sprintf("setup of %s", d.Name))
	instance := d.Server.At(node.Address, node.Params)
	for _, s := range stepsOn(opts.Experiment.Setup, d.Name) {
		if err := runStep(ctx, instance, s, opts.dataSeed()); err != nil {
			return fmt.Errorf("setup of %s: %w", d.Name, err)
		}
	}
	if err := instance.Settle(ctx); err != nil {
		return fmt.Errorf("setup of %s: %w", d.Name, err)
	}
	if !keeps {
		return nil
	}
	err := keeper.keep(ctx, node, d.Snapshot)
	if errors.Is(err, errNotKept) {
		opts.warn(fmt.Sprintf("%s: %v", d.Name, err))
		return nil
	}
	return err
}

func runStep(ctx context.Context, i dependency.Instance, s experiment.SetupStep, seed int64) error {
	if s.SQL != "" {
		text, err := os.ReadFile(s.SQL)
		if err != nil {
			return err
		}
		return i.RunSQL(ctx, filepath.Base(s.SQL), string(text))
	}
	return i.LoadDataset(ctx, s.Dataset, s.Rows, seed)
}
