package cli

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
)

// TestMirrorIsRefusedWhereADelayWasNotReadBack: by the newest calibration that planted one. Builds then take turns, unless people asked for
// mirror, or pairs were measured so.
func TestMirrorIsRefusedWhereADelayWasNotReadBack(t *testing.T) {
	share := 0.7
	planted := []results.PlantedReading{{Planted: results.Planted{Kind: results.PlantedDelay}, Share: &share}}
	few, whole := results.NoiseCard{Planted: planted, MirrorRefused: "70% was read back"}, results.NoiseCard{Planted: planted}
	for _, row := range []struct {
		name   string
		cards  []results.NoiseCard // the oldest first
		chosen bool
		done   []results.Trial
		budget float64
		turns  bool
		says   string // the error; "": it goes on
	}{
		{"too little", []results.NoiseCard{whole, few}, false, nil, 1200, true, ""},
		{"too little, and then nothing planted", []results.NoiseCard{few, {}}, false, nil, 1200, true, ""},
		{"too little, and then enough", []results.NoiseCard{few, whole}, false, nil, 1200, false, ""},
		{"too little, and --mode mirror", []results.NoiseCard{few}, true, nil, 1200, false, "mirror is refused on this machine: 70% was read back"},
		{"too little, and pairs were measured", []results.NoiseCard{few}, false, []results.Trial{{Pair: 1}}, 1200, false, "mirror is refused"},
		{"too little, and no time for turns", []results.NoiseCard{few}, false, nil, 600, false, "in turn, the budget is too small"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "brunt.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			planned := results.Gate{Mode: results.GateMirror, Budget: row.budget, Measured: 45, PairSeconds: 71}.WithDefaults()
			for i, card := range row.cards {
				run := results.Run{
					Schema: results.Schema, ID: "run-" + string(rune('a'+i)), Experiment: "shop", Created: time.Unix(int64(i), 0), Status: results.StatusComplete,
					Host: results.Host{Fingerprint: "host"},
				}
				run.Question.Asker, run.Question.Gate, run.Question.Calibration = results.AskerCalibrate, &planned, &results.Calibration{}
				run.Verdict.Outcome, run.Verdict.Noise = results.Pass, &card
				if err := s.Save(t.Context(), &run); err != nil {
					t.Fatal(err)
				}
			}
			inv := &invocation{app: &app{redactor: provenance.NewRedactor(nil), log: slog.New(slog.DiscardHandler)}, store: s, progress: newProgress(io.Discard, false, true)}
			inv.question.experiment.Name, inv.question.experiment.TimeScale, inv.question.duration = "shop", 1, 45*time.Second
			inv.question.timing = &timing{plan: planned, chosen: row.chosen, name: "shop"}
			inv.run.Host.Fingerprint, inv.run.Trials, inv.run.Question.Gate = "host", row.done, &planned
			err = inv.foresee(t.Context())
			if row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says) || codeOf(err) != exitBroken) {
				t.Fatalf("it ends with %v", err)
			}
			if err != nil && !strings.Contains(hintFor(err), "give --mode slices, or let `brunt calibrate shop`") {
				t.Errorf("the hint is %q", hintFor(err))
			}
			if plan := *inv.run.Question.Gate; (plan.Mode == results.GateSlices) != row.turns || (len(inv.run.Warnings) > 0) != row.turns {
				t.Errorf("%+v, warned: %q", plan, inv.run.Warnings)
			}
			if !row.turns {
				return
			}
			resumed := &invocation{question: inv.question}
			resumed.question.timing, resumed.question.duration = &timing{plan: planned}, 45*time.Second
			if resumed.turnedSince(*inv.run.Question.Gate); resumed.question.timing.plan.Mode != results.GateSlices {
				t.Errorf("taken up again it is %+v", resumed.question.timing.plan)
			}
		})
	}
}
