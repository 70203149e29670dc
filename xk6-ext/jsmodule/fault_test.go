package jsmodule

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestScriptsAskForFaults(t *testing.T) {
	var asked []string
	o := Options{Fault: func(_ context.Context, fault string, lift bool) error {
		if fault == "unknown" {
			return errors.New("no fault is named unknown")
		}
		asked = append(asked, map[bool]string{false: "apply ", true: "lift "}[lift]+fault)
		return nil
	}}
	running := func() uint64 { return 0 }
	if _, err := script(t, o, 1, running, `brunt.fault.apply('redis-slow'); brunt.fault.lift('redis-slow')`); err != nil {
		t.Fatal(err)
	}
	if want := []string{"apply redis-slow", "lift redis-slow"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	for _, row := range []struct {
		name, text, fails string
		options           Options
		iteration         func() uint64
	}{
		{"one that is refused", `brunt.fault.apply('unknown')`, `fault.apply("unknown"): no fault is named unknown`, o, running},
		{"in the init context", `brunt.fault.lift('redis-slow')`, `fault.lift("redis-slow") belongs into a scenario's function`, o, nil},
		{"where there are none", `brunt.fault.apply('redis-slow')`, `there are no faults here`, Options{}, running},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := script(t, row.options, 1, row.iteration, row.text); err == nil || !strings.Contains(err.Error(), row.fails) {
				t.Errorf("error %v, want …%s…", err, row.fails)
			}
		})
	}
}
