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
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// quotaRoom is what a planted quota grants, by what the target uses on average: enough to serve all, and too little for the bursts.
	quotaRoom = 1.2
	// leastQuota is the smallest that a provider grants, in cores.
	leastQuota = 0.01
)

// plantedFault is a planted change as a fault that lasts as long as the load.
func plantedFault(p results.Planted, length time.Duration) experiment.Fault {
	f := experiment.Fault{Name: "planted-" + string(p.Kind), For: length}
	if p.Kind == results.PlantedDelay {
		f.Kind, f.Link, f.Latency = "latency", p.On, time.Duration(p.Delay*float64(time.Millisecond))
		return f
	}
	f.Kind, f.Node, f.CPUs = "cpu-limit", p.On, p.Cores
	return f
}

// plant completes what is planted in a pair and makes it the experiment's only fault, until the function that it returns is called.
// Both builds of the pair are started for it; conducted says which of them it meets.
func (inv *invocation) plant(pair campaign.GatePair) (undo func()) {
	if pair.Planted == nil {
		return func() {}
	}
	faults := inv.question.experiment.Faults
	inv.complete(pair.Planted)
	inv.question.experiment.Faults = []experiment.Fault{plantedFault(*pair.Planted, inv.question.duration)}
	return func() { inv.question.experiment.Faults = faults }
}

// complete says where a change is planted and, of a quota, how much it grants; unless an earlier pair has said so.
func (inv *invocation) complete(p *results.Planted) {
	target := inv.question.experiment.Load.Target
	switch {
	case p.On != "":
	case p.Kind == results.PlantedDelay:
		p.On = site.LinkName(site.Load, target)
	default:
		p.On, p.Uses = target, inv.targetUses()
		p.Cores = max(leastQuota, quotaRoom*p.Uses)
	}
}

// targetUses is how many cores the load's target used under load when nothing was planted: the median; 0: it is not known.
func (inv *invocation) targetUses() float64 {
	var used []float64
	for _, t := range inv.run.Trials {
		if t.Planted == nil && t.TargetCores > 0 {
			used = append(used, t.TargetCores)
		}
	}
	if len(used) == 0 {
		return 0
	}
	slices.Sort(used)
	return used[len(used)/2]
}

// unplantable says why a change can't be planted here, or is "". It is asked when pairs without it are there.
func (inv *invocation) unplantable(kind results.PlantedKind) string {
	target := inv.question.experiment.Load.Target
	at := slices.IndexFunc(inv.question.experiment.Services, func(s experiment.Service) bool { return s.Name == target })
	if at < 0 {
		return "the load's target is none of the services"
	}
	there := func(t results.Trial) bool {
		return slices.ContainsFunc(t.Nodes, func(n results.Node) bool { return n.Name == target })
	}
	url := inv.question.experiment.Services[at].URL
	switch {
	case url == "" && !slices.ContainsFunc(inv.run.Trials, there):
		return "the load's target has several instances"
	case kind == results.PlantedDelay && strings.HasPrefix(url, "https:"):
		return "a link before an https URL can't be delayed"
	case kind == results.PlantedCPU && url != "":
		return "the load's target was not started by brunt"
	case kind == results.PlantedCPU && inv.targetUses() == 0:
		return "what the load's target uses of the CPU is not known"
	}
	return ""
}

// leaveOut takes a change out of the question that can't be planted here, and says so. It is false where err is of another kind.
func (inv *invocation) leaveOut(p *results.Planted, why string, err error) bool {
	var none *topology.NoGroupError
	if p == nil || why == "" && !errors.As(err, &none) {
		return false
	}
	if none != nil {
		why = "no control group can be made: " + none.Err.Error()
	}
	asked := inv.run.Question.Calibration
	asked.Planted = slices.DeleteFunc(asked.Planted, func(k results.PlantedKind) bool { return k == p.Kind })
	inv.run.Warnings = appendNew(inv.run.Warnings, fmt.Sprintf("no %s is planted: %s", plantedFault(*p, 0).Kind, why))
	return true
}

// conducted is the experiment as the runner conducts it: a planted change meets the candidate alone.
func (inv *invocation) conducted() experiment.Experiment {
	e := inv.question.experiment
	if inv.pair == nil || inv.pair.Planted == nil {
		return e
	}
	switch {
	case inv.side == nil: // both at once
		f := e.Faults[0]
		if f.Link != "" {
			f.Link = sidedLink(results.SideCandidate, f.Link)
		} else {
			f.Node = sided(results.SideCandidate, f.Node)
		}
		e.Faults = []experiment.Fault{f}
	case inv.side.name() == results.SideBaseline:
		e.Faults = nil
	}
	return e
}

// sided is what a node of one build is called in a site that holds both.
func sided(side results.Side, node string) string { return string(side) + "-" + node }

// sidedLink is what a link of one build is called in a site that holds both.
func sidedLink(side results.Side, link string) string {
	from, to, _ := strings.Cut(link, "->")
	if from != site.Load {
		from = sided(side, from)
	}
	return site.LinkName(from, sided(side, to))
}

// sidedLinker opens the links of one of two builds that have the proxy in common.
type sidedLinker struct {
	topology.Linker
	side results.Side
}

func (l sidedLinker) Open(ctx context.Context, name, listen, upstream string) (string, error) {
	return l.Linker.Open(ctx, sidedLink(l.side, name), listen, upstream)
}

// meterTarget begins to count the CPU time of the load's target, for a calibration. What it returns ends that, when the load has ended and
// while the site stands. The warm-up is at half the rate, in slices a build is under load for half of the time, and what the generator
// takes to start and to end is no load.
func (as *assembly) meterTarget(ctx context.Context, s *site.Site, process *load.Process) (end func()) {
	n := s.Node(as.inv.question.experiment.Load.Target)
	if as.inv.run.Question.Calibration == nil || n == nil {
		return func() {}
	}
	p, err := processes(ctx, &probe.ProcessTable{}, n)
	if err != nil {
		as.inv.log.Debug("what the target uses of the CPU is not known", "error", err)
		return func() {}
	}
	before, known := cpuSeconds(ctx, p)
	return func() {
		loaded, warmup := as.inv.question.duration, as.inv.question.experiment.Warmup
		if w := process.Warmed(); w != nil {
			warmup = time.Duration(w.Seconds * float64(time.Second))
		}
		if as.inv.run.Question.Gate.Mode == results.GateSlices {
			loaded /= 2
		}
		loaded += warmup / 2
		if after, ok := cpuSeconds(context.WithoutCancel(ctx), p); ok && known && loaded > 0 {
			as.targetCores = max(0, after-before) / loaded.Seconds()
		}
	}
}

// cpuSeconds is the CPU time of a node so far.
func cpuSeconds(ctx context.Context, p *probe.Processes) (float64, bool) {
	text, err := p.Tell(ctx)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "node_cpu_seconds_total "); ok {
			seconds, err := strconv.ParseFloat(value, 64)
			return seconds, err == nil
		}
	}
	return 0, false
}
