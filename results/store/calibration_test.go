package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// calibrated is a complete calibration.
func calibrated(id string) results.Run {
	run := example(id)
	run.Question.Asker, run.Question.Calibration = results.AskerCalibrate, &results.Calibration{Pairs: 8}
	run.Verdict.Noise = &results.NoiseCard{Pairs: 8, Used: 8}
	return run
}

func TestTheNewestCalibrationsOfAHostAreFound(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	for i, r := range []struct {
		id     string
		change func(*results.Run)
	}{
		{"first", func(*results.Run) {}},
		{"second", func(*results.Run) {}},
		{"elsewhere", func(r *results.Run) { r.Host.Fingerprint = "beef" }},
		{"of-another", func(r *results.Run) { r.Experiment = "shop" }},
		{"cut-off", func(r *results.Run) { r.Status = results.StatusAborted }},
		{"no-card", func(r *results.Run) { r.Verdict.Noise = nil }},
	} {
		run := calibrated(r.id)
		run.Created = began.Add(time.Duration(i) * time.Hour)
		r.change(&run)
		save(t, s, run)
	}
	of := func(host, experiment string, most int) string {
		t.Helper()
		runs, err := s.Calibrations(t.Context(), host, experiment, most)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, run := range runs {
			if run.Verdict.Noise == nil || run.Verdict.Noise.Pairs != 8 {
				t.Errorf("the card of %s is %+v", run.ID, run.Verdict.Noise)
			}
			ids = append(ids, run.ID)
		}
		return strings.Join(ids, " ")
	}
	for _, row := range []struct {
		host, experiment string
		most             int
		want             string
	}{
		{"f00d", "restapi", 10, "second first"}, {"f00d", "restapi", 1, "second"}, {"f00d", "shop", 10, "of-another"},
		{"beef", "restapi", 10, "elsewhere"}, {"none", "restapi", 10, ""},
	} {
		if got := of(row.host, row.experiment, row.most); got != row.want {
			t.Errorf("of %s on %s: %q, want %q", row.experiment, row.host, got, row.want)
		}
	}
	again := calibrated("second") // it goes on, and is no longer complete
	again.Status = results.StatusBroken
	save(t, s, again)
	if got := of("f00d", "restapi", 10); got != "first" {
		t.Errorf("%q", got)
	}
}

// testdata/v3.db was written by the third version of the store, and is read for ever. It is never written again.
func TestTheThirdVersionOfTheStoreIsReadForEver(t *testing.T) {
	s := openGolden(t, "v3.db", func(s *Store) { save(t, s, calibrated("v3-calibrated")) })
	runs, err := s.Calibrations(t.Context(), "f00d", "restapi", 10)
	if err != nil || len(runs) != 1 || runs[0].ID != "v3-calibrated" || runs[0].Verdict.Noise.Used != 8 {
		t.Errorf("%+v, %v", runs, err)
	}
}
