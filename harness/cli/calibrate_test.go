package cli_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// calibrateArgs are those of a calibration with pairs of 1.5 s and 3 s.
func (p *place) calibrateArgs(more ...string) []string {
	return append([]string{"calibrate", p.dir, "--provider", p.provider, "--no-wait", "--variant", "fixed", "--time-scale", "0.07", "--seed", "7", "--pairs", "3"}, more...)
}

// TestABuildIsCalibratedAgainstItself: its pairs are kept over a Ctrl-C, gates know of the card, and what is planted meets the candidate alone.
func TestABuildIsCalibratedAgainstItself(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	v := p.start(p.calibrateArgs("--controls=false")...)
	v.awaitLine(`(?s:pair 2 of 3.*starting the load)`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	v = p.start("calibrate", "--resume", cut.ID)
	code := v.exit()
	run := p.runs()[0]
	if run.ID != cut.ID || run.Status != results.StatusComplete || code != 4 { // three pairs are too few for a look
		t.Fatalf("%s is %s, ended with %d\n%s%s", run.ID, run.Status, code, v.stderr(), v.stdout.String())
	}
	p.checkCard(v, run)
	if !cmp.Equal(run.Trials[:2], cut.Trials[:2]) {
		t.Error("the first pair is no longer what it was")
	}

	v = p.start(p.gateArgs("--pairs", "3")...)
	v.awaitLine(`pair 1 of at most 3`)
	foreseen := v.aborts(v.interrupt(syscall.SIGINT))
	if f := foreseen.Foresight; f == nil || f.Run != run.ID || f.Pairs != 3 || len(f.Metrics) != 4 {
		t.Errorf("the gate was told %+v\n%s", f, v.stderr())
	}
	v = p.start(p.gateArgs("--pairs", "3", "--rate", "50/s")...)
	v.awaitLine(`has not been calibrated for pairs, .*at 60 iterations a second.*brunt calibrate `)
	v.aborts(v.interrupt(syscall.SIGINT))

	v = p.start(p.calibrateArgs()...)
	v.awaitLine(`pair 4 of 9.* with a planted latency`)
	v.awaitLine(`pair 5 of 9`)
	p.checkPlanted(v.aborts(v.interrupt(syscall.SIGINT)))
}

// checkCard holds a complete calibration of three pairs and its report against what they have to be.
func (p *place) checkCard(v *victim, run results.Run) {
	p.Helper()
	card := run.Verdict.Noise
	if card == nil || card.Pairs != 3 || len(card.Readings) != 3 || len(card.Metrics) != 4 || len(run.Trials) != 6 {
		p.Fatalf("%d trials, and the card %+v", len(run.Trials), card)
	}
	if len(run.Builds) != 2 || !cmp.Equal(run.Builds[0], run.Builds[1]) || run.Builds[0].Variant != "fixed" {
		p.Errorf("the builds are %+v", run.Builds)
	}
	p.checkSites(run.Trials[0], run.Trials[1])
	for _, trial := range run.Trials {
		if trial.TargetCores <= 0 || trial.Planted != nil || len(trial.Faults) > 0 {
			p.Errorf("trial %d: its target used %v cores, planted %+v, faults %+v", trial.Number, trial.TargetCores, trial.Planted, trial.Faults)
		}
	}
	for _, said := range []string{"pairs (fixed)", "Noise card", "fewer than the 5 after which a gate looks first"} {
		if !strings.Contains(v.stdout.String(), said) {
			p.Errorf("the report does not say %q:\n%s", said, v.stdout.String())
		}
	}
	p.judgedAlike()
}

// checkPlanted: in the fourth pair both builds were reached over a link of their own, and the candidate alone had the delay.
func (p *place) checkPlanted(run results.Run) {
	p.Helper()
	at := slices.IndexFunc(run.Trials, func(t results.Trial) bool { return t.Pair == 4 })
	if at != 6 || len(run.Trials) < 8 {
		p.Fatalf("%d trials, of the fourth pair from %d on", len(run.Trials), at)
	}
	for i, trial := range run.Trials[at : at+2] {
		planted := trial.Planted
		if planted == nil || planted.Kind != results.PlantedDelay || planted.On != "load->api" || planted.Delay < 10 {
			p.Fatalf("planted in %s: %+v", trial.Tagged, planted)
		}
		link := slices.IndexFunc(trial.Links, func(l results.Link) bool { return l.Name == "load->api" })
		if link < 0 || !trial.Links[link].Proxied || trial.Links[link].Connections == 0 {
			p.Errorf("the links of the %s are %+v", trial.Tagged, trial.Links)
		}
		if len(trial.Faults) != i {
			p.Errorf("the %s has the faults %+v", trial.Tagged, trial.Faults)
		}
	}
	f := run.Trials[at+1].Faults[0]
	if f.Link != "load->api" || !f.Applied || !f.Removed || f.Effect == nil || !f.Effect.Seen {
		p.Errorf("%+v, effect %+v", f, f.Effect)
	}
	card := run.Verdict.Noise
	if card == nil || card.Pairs != 3 || len(card.Planted) != 1 || card.Planted[0].Pairs != 1 {
		p.Errorf("the card is %+v", card)
	}
}

func TestCalibrateRefusesWhatItCanNotDo(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	p.write("script-of-its-own.js", killScript)
	for _, row := range []struct {
		args []string
		says string
	}{
		{p.calibrateArgs("--pairs", "2"), "--pairs is 3 to 200"},
		{p.calibrateArgs("--mode", "both"), "--mode is "},
		{p.calibrateArgs("--budget", "10s"), "the budget is too small for a gate"},
		{p.calibrateArgs("--resume", "nothing"), "nothing"},
		{[]string{"calibrate", p.dir + "/script-of-its-own.js"}, "calibrate takes an experiment"},
		{[]string{"calibrate", "--resume", "nothing"}, "nothing"},
		{[]string{"calibrate"}, "calibrate takes one experiment"},
	} {
		if v := p.run(2, row.args...); !strings.Contains(v.stderr(), row.says) || !strings.Contains(v.stderr(), "hint: ") {
			t.Errorf("brunt %v says %q, not %q", row.args, v.stderr(), row.says)
		}
	}
	if runs := p.runs(); len(runs) > 0 {
		t.Errorf("%d runs were stored", len(runs))
	}
}

// TestProofPlantedChangesAreReadBack: of a delay between 80 and 120 %, on both providers; and the build is not worse than itself.
func TestProofPlantedChangesAreReadBack(t *testing.T) {
	file := proof.File(t)
	for _, provider := range []string{topology.ProviderLocal, topology.ProviderDocker} {
		f := proof.Row{File: file, What: "calibration of restapi: planted changes", Provider: provider}
		if f.There(t) {
			continue
		}
		p := newPlace(t, provider)
		v := p.start("calibrate", scenario(t, "restapi"), "--provider", provider, "--mode", "mirror", "--rate", "100/s", "--seed", "5")
		code := v.exitWithin(budgeted)
		run := p.runs()[0]
		line, _, _ := strings.Cut(v.stdout.String(), "\n")
		if run.Status != results.StatusComplete || run.Verdict.Noise == nil {
			t.Errorf("%s ended with %d: %s\n%s", f.What, code, line, v.stderr())
			continue
		}
		var read []string
		for _, c := range run.Verdict.Noise.Planted {
			text := fmt.Sprintf("%s: %s", c.Kind, c.Outcome)
			if c.Share != nil {
				text += fmt.Sprintf(", %.0f %% of %g ms read back", 100**c.Share, c.Delay)
			}
			if c.Outcome != results.Pass {
				t.Errorf("on %s %s: %s", provider, text, c.Reason)
			}
			read = append(read, text)
		}
		p.run(code, "rejudge", run.ID)
		f.Add(t, fmt.Sprintf("%s; %s", line, strings.Join(read, "; ")))
	}
}
