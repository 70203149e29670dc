package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

func TestWhatServicesToldIsSaid(t *testing.T) {
	run := results.Run{Status: results.StatusComplete, Trials: []results.Trial{{Number: 1, Status: results.StatusComplete, Ledgers: &results.Ledgers{
		Path: "ledgers-1.brunt", Script: []string{"orders"}, Receivers: []results.Receiver{
			{Ledger: "orders", Service: "sink", Read: true, Settled: 0.5, Missing: 1},
			{Ledger: "orders", Service: "other", Reason: "connection refused"},
		},
	}}}}
	for format, wants := range map[string][]string{
		"terminal": {"Ledgers: what the services told after the load", "orders of sink: read 500 ms after it, when 1 of what was acknowledged had not been seen", "orders of other: not read: connection refused"},
		"markdown": {"orders of sink: read 500 ms after it"},
		"json":     {`"path": "ledgers-1.brunt"`, `"settled_s": 0.5`, `"missing": 1`, `"reason": "connection refused"`},
	} {
		for _, f := range Formats {
			if f.Name != format {
				continue
			}
			var b bytes.Buffer
			if err := f.Write(&b, New(run), Options{}); err != nil {
				t.Fatal(err)
			}
			for _, want := range wants {
				if !strings.Contains(b.String(), want) {
					t.Errorf("%s does not say %q:\n%s", format, want, b.String())
				}
			}
		}
	}
}
