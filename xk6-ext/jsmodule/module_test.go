package jsmodule

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/js/modulestest"
	"go.k6.io/k6/lib"
)

// script runs JavaScript that knows the module as brunt: in the init context, or in an iteration of a scenario.
func script(t *testing.T, o Options, vu int, iteration func() uint64, text string) (any, error) {
	t.Helper()
	runtime := modulestest.NewRuntime(t)
	rt := runtime.VU.Runtime()
	for name, value := range map[string]any{"__VU": vu, "__ENV": map[string]string{"URL": "http://own", "KEPT": "yes"}} {
		if err := rt.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	m := (&module{options: o}).NewModuleInstance(runtime.VU)
	if iteration != nil {
		runtime.VU.InitEnvField = nil
		runtime.VU.CtxField = lib.WithScenarioState(context.Background(), &lib.ScenarioState{Name: "load"})
		runtime.VU.StateField = &lib.State{GetScenarioGlobalVUIter: iteration}
	}
	if err := rt.Set("brunt", m.Exports().Default); err != nil {
		t.Fatal(err)
	}
	v, err := rt.RunString(text)
	if err != nil {
		return nil, err
	}
	return v.Export(), nil
}

func TestScriptsSeeTheRunTheyArePartOf(t *testing.T) {
	o := Options{Seed: 42, Driven: true, Facts: map[string]string{
		"rows": "1000", "api.address": "127.0.0.1:80", "web.url": "https://web", "target.url": "http://t", "name": "x",
	}}
	at := func(n uint64) func() uint64 { return func() uint64 { return n } }
	first, err := script(t, o, 1, at(7), "const r = brunt.rand(); [r.int(1, 1e9), r.text(4), r.pick(['a', 'b', 'c'])].join()")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, text string
		vu         int
		iteration  func() uint64
		want       any
		fails      string
	}{
		{name: "the seed", text: "brunt.seed", want: int64(42)},
		{name: "a fact", text: "brunt.fact('name')", want: "x"},
		{name: "a fact that is none", text: "brunt.fact('nam')", fails: `brunt knows no fact "nam" of this run`},
		{name: "a number", text: "brunt.number('rows')", want: int64(1000)},
		{name: "a number that is none", text: "brunt.number('name')", fails: `the fact name is no number: "x"`},
		{name: "a node known by its address", text: "brunt.url('api')", want: "http://127.0.0.1:80"},
		{name: "a node known by its url", text: "brunt.url('web')", want: "https://web"},
		{name: "the target", text: "brunt.url()", want: "http://t"},
		{name: "another VU draws the same", vu: 9, iteration: at(7), want: first,
			text: "const r = brunt.rand(); [r.int(1, 1e9), r.text(4), r.pick(['a', 'b', 'c'])].join()"},
		{name: "so does the iteration's number", vu: 2, iteration: at(8), want: first,
			text: "const r = brunt.rand(7); [r.int(1, 1e9), r.text(4), r.pick(['a', 'b', 'c'])].join()"},
		{name: "another iteration draws another", iteration: at(8), want: false,
			text: "const r = brunt.rand(); [r.int(1, 1e9), r.text(4), r.pick(['a', 'b', 'c'])].join() === '" + first.(string) + "'"},
		{name: "no iteration runs", text: "brunt.rand()", fails: "brunt.rand() needs the number of an iteration where none runs"},
		{name: "its number is given", text: "brunt.rand(3).chance(1)", want: true},
		{name: "a range the wrong way round", text: "brunt.rand(3).int(2, 1)", fails: "the higher end comes second"},
		{name: "a choice of nothing", text: "brunt.rand(3).pick([])", fails: "the array is empty"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := script(t, o, row.vu, row.iteration, row.text)
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Errorf("the error is %v, want %q", err, row.fails)
				}
				return
			}
			if diff := cmp.Diff(row.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestEnvironmentAndFactsAreThoseOfTheVUsBuildFromTheInitContextOn(t *testing.T) {
	o := Options{
		Builds:  []map[string]string{{"URL": "http://b"}, {"URL": "http://c", "MORE": "1"}},
		BuildOf: func(vu uint64) int { return int(vu % 2) },
	}
	for vu, want := range []string{"http://b yes undefined", "http://c yes 1", "http://b yes undefined"} {
		got, err := script(t, o, vu, nil, "`${__ENV.URL} ${__ENV.KEPT} ${__ENV.MORE}`")
		if err != nil || got != want {
			t.Errorf("VU %d sees %v (%v), want %s", vu, got, err, want)
		}
	}
	o.Facts = map[string]string{"api.address": "nowhere", "rows": "7"}
	o.BuildFacts = []map[string]string{{"api.address": "b:80"}, {"api.address": "c:80"}}
	for vu, want := range []string{"http://b:80 7", "http://c:80 7"} {
		got, err := script(t, o, vu, nil, "`${brunt.url('api')} ${brunt.fact('rows')}`")
		if err != nil || got != want {
			t.Errorf("VU %d is told %v (%v), want %s", vu, got, err, want)
		}
	}
	if got, err := script(t, Options{}, 1, nil, "__ENV.URL"); err != nil || got != "http://own" {
		t.Errorf("without builds: %v (%v)", got, err)
	}
}
