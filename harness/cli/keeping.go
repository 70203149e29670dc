package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
)

// keepEvidence keeps a service's metrics and profiles as they are at the end of the load, where the experiment names their
// paths.
func (as *assembly) keepEvidence(ctx context.Context, n *site.Node) error {
	wanted := map[string]string{}
	for _, s := range as.inv.question.experiment.Services {
		if s.Name == n.Name && s.Metrics != "" {
			wanted[n.Name+".prom"] = s.Metrics
		}
		if s.Name == n.Name && s.Pprof != "" {
			for _, profile := range []string{"heap", "goroutine", "mutex"} {
				wanted[n.Name+"-"+profile+".pprof"] = s.Pprof + "/" + profile
			}
		}
	}
	var problems []error
	for name, path := range wanted {
		body, err := probe.Fetch(ctx, as.tellsAt(n)+path)
		if err == nil && filepath.Ext(name) == ".prom" {
			body = []byte(as.inv.redactor.Redact(string(body)))
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(as.dir, name), body, 0o644)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// keepLog keeps the end of a node's log with the run, secrets taken out.
func (as *assembly) keepLog(node string, log io.Reader) error {
	if as.inv.side != nil && as.inv.run.Question.Gate != nil {
		node = string(as.inv.side.name()) + "-" + node
	}
	path := filepath.Join(as.dir, node+".log")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("keep the log of %s: %w", node, err)
	}
	w := as.inv.redactor.Writer(f)
	_, err = io.Copy(w, log)
	return errors.Join(err, w.Close(), f.Close())
}
