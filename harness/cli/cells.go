package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// cellBefore is how long a trial goes on before its fault, and cellAfter how long after it: recovery is read off windows of 10 s
	// between the guards of a phase.
	cellBefore, cellAfter = 14 * time.Second, 16 * time.Second
	// cellLasts is how long a fault lasts whose strength is not its length.
	cellLasts = 10 * time.Second
	// cellOverhead is what starting and stopping a trial takes, until one has been measured.
	cellOverhead = 8 * time.Second
)

// cellFault is a cell as a fault.
func cellFault(c results.Cell) (experiment.Fault, error) {
	f := experiment.Fault{Name: c.Kind + "-" + c.Strength, Link: c.Link, Node: c.Node, Kind: c.Kind, At: cellBefore, For: cellLasts}
	amount, delay, _ := strings.Cut(c.What, " by ")
	var errs [2]error
	switch c.Kind {
	case "latency":
		f.Latency, errs[0] = time.ParseDuration(c.What)
	case "bandwidth":
		f.Rate, errs[0] = experiment.ParseThroughput(c.What)
	case "connect-delay", "slow-close":
		f.Delay, errs[0] = time.ParseDuration(c.What)
	case "limit-data":
		f.Bytes, errs[0] = experiment.ParseSize(c.What)
	case "slicer":
		f.Bytes, errs[0] = experiment.ParseSize(amount)
		f.Delay, errs[1] = time.ParseDuration(delay)
	case "stall", "http-slow":
		f.Share, errs[0] = shareOf(amount)
		f.Delay, errs[1] = time.ParseDuration(delay)
	case "http-error":
		f.Status = campaign.ErrorStatus
		f.Share, errs[0] = shareOf(amount)
	case "http-abort", "loss":
		f.Share, errs[0] = shareOf(amount)
	case "cpu-limit":
		f.CPUs, errs[0] = strconv.ParseFloat(strings.TrimSuffix(c.What, " cores"), 64)
	default:
		f.For, errs[0] = time.ParseDuration(strings.TrimPrefix(c.What, "for "))
	}
	if err := errors.Join(errs[:]...); err != nil {
		return f, fmt.Errorf("fault of %s %s: %w", c.Kind, c.What, err)
	}
	return f, nil
}

// shareOf reads per cent.
func shareOf(text string) (float64, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	return percent / 100, err
}

// cellLength is how long a cell's load lasts.
func (q *question) cellLength(c results.Cell) time.Duration {
	f, _ := cellFault(c) // conductCell says what is wrong with it
	return q.experiment.Warmup + f.At + f.For + cellAfter
}

// allowance is the time that a scorecard has left.
type allowance struct {
	end      time.Time
	overhead time.Duration // the longest that starting and stopping a trial took so far
}

// holds is how many of some cells, one after another, there is time for.
func (a allowance) holds(q *question, cells []results.Cell) (n int) {
	left := time.Until(a.end)
	for _, c := range cells {
		if left -= q.cellLength(c) + a.overhead; left < 0 {
			break
		}
		n++
	}
	return n
}

// measureCells conducts a trial for each cell within the budget, saving the run after each. What does not fit is left out, and
// said by the verdict. The returned error says why the run is not complete; the run itself is stored all the same.
func (inv *invocation) measureCells(ctx context.Context, budget time.Duration) error {
	left := allowance{end: time.Now().Add(budget), overhead: cellOverhead}
	inv.run.Trials = slices.DeleteFunc(inv.run.Trials, func(t results.Trial) bool { return t.Status != results.StatusComplete })
	if inv.run.Question.Cells == nil {
		inv.run.Question.Cells = campaign.Order(inv.question.cells, inv.failedBefore(ctx), inv.run.Seed)
	}
	var tried []results.Cell
	number := 0
	for _, t := range inv.run.Trials { // of the run that goes on
		tried, number = append(tried, *t.Cell), t.Number
	}
	inv.foretell(left, tried)
	var failed error
	for first := true; failed == nil; first = false {
		asked := inv.run.Question.Cells
		cell, ok := campaign.Matrix{Cells: asked}.Next(tried)
		if !ok || !first && left.holds(&inv.question, []results.Cell{cell}) == 0 {
			break
		}
		began := time.Now()
		number++
		inv.progress.Step(fmt.Sprintf("%d of %d: %s on %s, %s", len(tried)+1, len(asked), cell.Kind, cell.On(), cell.What))
		var trial results.Trial
		trial, failed = inv.conductCell(ctx, cell, number)
		if inv.impossible(cell.Kind, failed) {
			number, failed = number-1, nil
			continue
		}
		inv.run.Trials, tried = append(inv.run.Trials, trial), append(tried, cell)
		inv.options.trials = len(asked)
		if err := inv.save(ctx, failed); err != nil {
			return errors.Join(failed, err)
		}
		inv.tellCell(number)
		if took := time.Since(began) - inv.question.cellLength(cell); !first { // the first one may have built what is measured
			left.overhead = max(left.overhead, took)
		}
	}
	if failed == nil {
		inv.options.trials = len(inv.run.Trials)
	}
	return inv.conclude(ctx, failed)
}

// foretell tells people what fits into the budget.
func (inv *invocation) foretell(left allowance, tried []results.Cell) {
	asked := inv.run.Question.Cells
	var open []results.Cell
	for _, c := range asked {
		if !slices.Contains(tried, c) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return
	}
	cover := campaign.Matrix{Cells: asked}.Cover(tried)
	fit := left.holds(&inv.question, open)
	if fit == len(open) {
		return
	}
	text := fmt.Sprintf("about %d of %d faults fit into --budget", fit, len(open))
	if fit < len(cover) {
		var takes time.Duration
		for _, c := range cover {
			takes += inv.question.cellLength(c) + left.overhead
		}
		text += fmt.Sprintf("; to pass, each link, node and kind has to be tried once, which takes %d of them, about %v", len(cover), takes.Round(time.Minute))
	}
	inv.progress.Step(text)
}

// impossible takes a kind of faults out of the question that this machine can't inject, and says so.
func (inv *invocation) impossible(kind string, err error) bool {
	var none *topology.NoGroupError
	if !errors.As(err, &none) {
		return false
	}
	inv.run.Question.Cells = slices.DeleteFunc(inv.run.Question.Cells, func(c results.Cell) bool { return c.Kind == kind })
	inv.run.Warnings = appendNew(inv.run.Warnings, fmt.Sprintf("the scorecard leaves out %s: no control group can be made: %v", kind, none.Err))
	return true
}

// tellCell tells people what came of a cell.
func (inv *invocation) tellCell(number int) {
	for _, c := range inv.run.Verdict.Cells {
		if c.Trial == number {
			inv.progress.Step(fmt.Sprintf("%s %s %s: %s %s", c.On(), c.Kind, c.What, c.Outcome, c.SLO))
		}
	}
}

// conductCell measures one cell.
func (inv *invocation) conductCell(ctx context.Context, cell results.Cell, number int) (results.Trial, error) {
	asked := inv.question
	defer func() { inv.question = asked }()
	broken := func(err error) (results.Trial, error) {
		trial, err := unstarted(ctx, number, err)
		trial.Cell = &cell
		return trial, err
	}
	f, err := cellFault(cell)
	if err != nil {
		return broken(err)
	}
	q := &inv.question
	q.duration = f.At + f.For + cellAfter
	q.script.Duration = q.duration
	if q.script.Rate == 0 {
		q.script.Rate = constantRate
	}
	if err := inv.replan(ctx); err != nil {
		return broken(err)
	}
	q.experiment.Faults, q.experiment.Settle = []experiment.Fault{f}, cellAfter
	trial, err := inv.conduct(ctx, number)
	trial.Cell = &cell
	return trial, err
}
