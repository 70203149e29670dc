package cli_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results/proof"
)

// TestProofScriptsHoldWithContainers runs with the provider docker those of TestScripts that run their load with the local one:
// ledgers, and faults that a script drives.
func TestProofScriptsHoldWithContainers(t *testing.T) {
	file := proof.File(t)
	newPlace(t, topology.ProviderDocker) // skips, or fails, without an engine
	for _, name := range []string{"ledgers", "scripted"} {
		row := proof.Row{File: file, What: "the script " + name + ".txtar", Provider: topology.ProviderDocker}
		if row.There(t) {
			continue
		}
		held := t.Run(name, func(t *testing.T) {
			params := scriptParams()
			params.Dir, params.Files = "", []string{filepath.Join("testdata", "script", name+".txtar")}
			local := params.Setup
			params.Setup = func(env *testscript.Env) error {
				err := local(env)
				env.Setenv("PROVIDER", topology.ProviderDocker)
				return err
			}
			testscript.Run(t, params)
		})
		if held {
			row.Add(t, "all of it holds")
		}
	}
}

// shop takes orders (POST /orders with ids in lines) that it delivers to itself half a second later, tells at /ledger which
// arrived, and lets 100 requests of a key through (GET /admit?key=). What is planted are an order that is lost, one that arrives
// twice, two in the wrong order, and one admission too many.
func shop(planted bool) {
	var mu sync.Mutex
	arrived := []string{}
	admitted := map[string]int{}
	deliver := func(ids []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range ids {
			switch {
			case planted && id == "7321":
				continue
			case planted && id == "42":
				arrived = append(arrived, `{"seen":42}`)
			case planted && id == "43":
				arrived = append(arrived, `{"seen":43,"key":"ann","sequence":2}`)
				continue
			case planted && id == "44":
				arrived = append(arrived, `{"seen":44,"key":"ann","sequence":1}`)
				continue
			}
			arrived = append(arrived, `{"seen":`+id+`}`)
		}
	}
	http.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		ids := strings.Fields(r.FormValue("ids"))
		time.AfterFunc(500*time.Millisecond, func() { deliver(ids) })
		w.WriteHeader(http.StatusCreated)
	})
	http.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprintln(w, `{"version":1}`)
		for _, line := range arrived {
			fmt.Fprintln(w, line)
		}
		fmt.Fprintln(w, `{"end":true}`)
	})
	http.HandleFunc("GET /admit", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		key, limit := r.FormValue("key"), 100
		if planted && key == "key-1" {
			limit++
		}
		if admitted[key]++; admitted[key] > limit {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
}
