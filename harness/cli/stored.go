package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// storeFlag is the --store flag of every command that opens a store.
type storeFlag struct{ dsn string }

func (s *storeFlag) register(c *cobra.Command) {
	c.Flags().StringVar(&s.dsn, "store", "", "where runs are kept (default sqlite:results/data/brunt.db under the project's root)")
}

// openStore opens the store that the flag, BRUNT_STORE or the default names, in that order.
func (a *app) openStore(ctx context.Context, flag storeFlag, options ...store.Option) (*store.Store, error) {
	s, err := store.Open(ctx, a.dsn(ctx, flag), options...)
	if err != nil {
		return nil, broken(fmt.Errorf("open the store: %w", err))
	}
	return s, nil
}

// dsn is that of the store.
func (a *app) dsn(ctx context.Context, flag storeFlag) string {
	if flag.dsn != "" {
		return flag.dsn
	}
	if dsn, _ := a.lookup("BRUNT_STORE"); dsn != "" {
		return dsn
	}
	return "sqlite:" + filepath.Join(a.projectRoot(ctx), "results", "data", "brunt.db")
}

// projectRoot is the top of the git work tree, or the working directory where there is none.
func (a *app) projectRoot(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel")
	cmd.Dir = a.Dir
	out, err := cmd.Output()
	if err != nil {
		return a.Dir
	}
	return strings.TrimSpace(string(out))
}

// cacheDir is where brunt keeps what it can make again: data directories, target binaries, unpacked scenarios.
func (a *app) cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", broken(fmt.Errorf("find the cache folder: %w", err))
	}
	return filepath.Join(dir, "brunt"), nil
}

// print writes a result to standard output.
func (a *app) print(text string) error {
	if _, err := io.WriteString(a.Stdout, text); err != nil {
		return broken(fmt.Errorf("write the result: %w", err))
	}
	return nil
}

func exactArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		_, names, _ := strings.Cut(c.Use, " ")
		if n == 0 {
			names = "nothing"
		}
		return usage(fmt.Errorf("%s accepts %s: arguments given: %d, not %d", c.CommandPath(), names, len(args), n))
	}
}

func (a *app) listCommand() *cobra.Command {
	var (
		flag   storeFlag
		filter store.Filter
	)
	c := &cobra.Command{
		Use:     "list",
		Short:   "list the stored runs, newest first",
		Example: "  brunt list --experiment restapi --limit 5",
		Args:    exactArgs(0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.openStore(c.Context(), flag)
			if err != nil {
				return err
			}
			defer s.Close()
			runs, err := s.List(c.Context(), filter)
			if err != nil {
				return broken(err)
			}
			return a.printSummaries(runs)
		},
	}
	flag.register(c)
	c.Flags().StringVar(&filter.Experiment, "experiment", "", "only runs of this experiment")
	c.Flags().IntVar(&filter.Limit, "limit", 20, "at most this many")
	return c
}

func (a *app) printSummaries(runs []store.Summary) error {
	if len(runs) == 0 {
		return a.print("no runs are stored yet; begin with: brunt run scenarios/restapi\n")
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tEXPERIMENT\tWHEN\tSTATUS\tVERDICT\tSHA\tVARIANT")
	for _, r := range runs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Experiment, r.Created.Local().Format(time.DateTime),
			r.Status, orDash(string(r.Outcome)), orDash(results.ShortSHA(r.SHA)), orDash(r.Variant))
	}
	if err := w.Flush(); err != nil {
		return broken(err)
	}
	return a.print(text.String())
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) showCommand() *cobra.Command {
	var flag storeFlag
	c := &cobra.Command{
		Use:     "show RUN",
		Short:   "show a stored run: verdict, evidence, phases, faults",
		Long:    "show prints a stored run. RUN is an id, the beginning of one, a git SHA, or latest.",
		Example: "  brunt show latest",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), flag, args[0], func(s *store.Store, run results.Run) error {
				return a.render("terminal", report.New(run), a.Stdout, places(s, run.ID))
			})
		},
	}
	flag.register(c)
	return c
}

func (a *app) reportCommand() *cobra.Command {
	var (
		flag   storeFlag
		format string
	)
	c := &cobra.Command{
		Use:     "report RUN",
		Short:   "write a stored run as " + strings.Join(formatNames(), ", "),
		Example: "  brunt report latest --format markdown > comment.md",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), flag, args[0], func(s *store.Store, run results.Run) error {
				return a.render(format, report.New(run), a.Stdout, places(s, run.ID))
			})
		},
	}
	flag.register(c)
	c.Flags().StringVar(&format, "format", "terminal", "one of "+strings.Join(formatNames(), ", "))
	return c
}

func (a *app) rejudgeCommand() *cobra.Command {
	var flag storeFlag
	c := &cobra.Command{
		Use:   "rejudge RUN",
		Short: "judge a stored run again, from its recording",
		Long: `rejudge computes the verdict of a stored run again from what was recorded, without Docker or k6. The same judge
version gives the same verdict; where another one gives another, the differences are told on standard error. It exits as the run itself
would. The stored verdict is left as it is.`,
		Example: "  brunt rejudge latest",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), flag, args[0], a.rejudge)
		},
	}
	flag.register(c)
	return c
}

func (a *app) rejudge(s *store.Store, run results.Run) error {
	again, err := verdict.Judgement(run, opener(s, run.ID))
	if err != nil {
		return broken(fmt.Errorf("judge run %s again: %w", run.ID, err))
	}
	before := run.Verdict
	run.Verdict = again
	if err := a.render("terminal", report.New(run), a.Stdout, places(s, run.ID)); err != nil {
		return err
	}
	if before.Judge == again.Judge && before.Outcome != again.Outcome {
		return broken(fmt.Errorf("run %s was judged %s by the same judge version %d and is %s now: its record was changed",
			run.ID, before.Outcome, again.Judge, again.Outcome))
	}
	a.tellDifferences(before, again)
	return verdictExit(run, exitInconclusive)
}

// tellDifferences says on standard error whether a verdict is the stored one, so that the report stays what it was.
func (a *app) tellDifferences(before, again results.Verdict) {
	by := fmt.Sprintf("judge %d", again.Judge)
	if before.Judge != again.Judge {
		by += fmt.Sprintf(", and then by judge %d", before.Judge)
	}
	lines := verdict.Differences(before, again)
	if len(lines) == 0 {
		fmt.Fprintf(a.Stderr, "judged again by %s: the same as is stored\n", by)
		return
	}
	fmt.Fprintf(a.Stderr, "judged again by %s: it differs from what is stored\n", by)
	for _, line := range lines {
		fmt.Fprintf(a.Stderr, "  %s\n", a.redactor.Redact(line))
	}
}

// opener reads the recordings of a stored run.
func opener(s *store.Store, id string) verdict.Opener {
	return func(t results.Trial) (io.ReadCloser, error) {
		if t.Recording == "" {
			return nil, os.ErrNotExist
		}
		return s.OpenArtifact(id, t.Recording)
	}
}

func (a *app) withRun(ctx context.Context, flag storeFlag, name string, do func(*store.Store, results.Run) error) error {
	s, err := a.openStore(ctx, flag)
	if err != nil {
		return err
	}
	defer s.Close()
	run, err := s.Run(ctx, name)
	if err != nil {
		return usage(err)
	}
	return do(s, run)
}

// render writes a document in one format. Secrets are taken out once more: what is shown may be newer than what was stored.
func (a *app) render(format string, d report.Document, w io.Writer, options report.Options) error {
	for _, f := range report.Formats {
		if f.Name == format {
			options.Color = terminal(w) && format == "terminal"
			clean := a.redactor.Writer(w)
			if err := errors.Join(f.Write(clean, d, options), clean.Close()); err != nil {
				return broken(fmt.Errorf("write the report: %w", err))
			}
			return nil
		}
	}
	return usage(fmt.Errorf("there is no report format %q; there are %s", format, strings.Join(formatNames(), ", ")))
}

// places are where a stored run is kept, for reports.
func places(s *store.Store, id string) report.Options {
	return report.Options{Store: "sqlite:" + s.Path(), Dir: s.Dir(id)}
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	return names
}
