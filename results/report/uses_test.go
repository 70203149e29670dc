package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// using is a run whose phases are known to have asked something of the nodes.
func using() results.Run {
	r := passing()
	r.Verdict.Uses = []results.Use{
		{Trial: 1, Phase: "steady", Start: 0, End: 40, Node: "orders-db", Kind: "postgres", Requests: 4000, Queries: ptr(3), Rows: ptr(12.5), Buffers: ptr(41), WAL: ptr(2048)},
		{Trial: 1, Phase: "steady", Start: 0, End: 40, Node: "api", Kind: "reference", CPUPercent: ptr(37.25), Memory: ptr(64 << 20), OpenFDs: ptr(20), Sockets: ptr(12), Read: ptr(0)},
		{Trial: 1, Phase: "redis-slow", Start: 40, End: 60, Node: "orders-db", Kind: "postgres", Requests: 2000, Queries: ptr(9), Rows: ptr(37.5), Buffers: ptr(120), WAL: ptr(2048), Amplification: ptr(3)},
		{Trial: 1, Phase: "redis-slow", Start: 40, End: 60, Node: "api->cache", Kind: "link", Requests: 2000, Connections: ptr(0.25), Exchanges: ptr(4), Amplification: ptr(4)},
	}
	return r
}

func TestUsesStandInTheReports(t *testing.T) {
	d := New(using())
	var terminal, markdown, object bytes.Buffer
	for _, err := range []error{Terminal(&terminal, d, Options{}), Markdown(&markdown, d, Options{}), JSON(&object, d, Options{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, tables, _ := strings.Cut(terminal.String(), "Dependencies, per request\n")
	tables, _, _ = strings.Cut(tables, "\n\nFitness")
	want := strings.Join([]string{
		"  phase       node        queries  rows  buffers    WAL  exchanges  connections  x before",
		"  steady      orders-db         3  12.5       41  2 KiB",
		"  redis-slow  orders-db         9  37.5      120  2 KiB                                 3",
		"  redis-slow  api->cache                                         4         0.25         4",
		"",
		"Nodes",
		"  phase   node     CPU  memory  open files  sockets",
		"  steady  api   37.2 %  64 MiB          20       12",
	}, "\n")
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(markdown.String(), `| redis-slow | api-&gt;cache |`) {
		t.Error(markdown.String())
	}
	var told struct {
		Dependencies []results.Use `json:"dependencies"`
	}
	if err := json.Unmarshal(object.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(using().Verdict.Uses, told.Dependencies); diff != "" {
		t.Error(diff)
	}
}
