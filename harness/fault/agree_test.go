package fault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// written is a value for every field that some kind takes, as an experiment file has it.
var written = map[string]string{"latency": "20ms", "jitter": "5ms", "rate": "100KB/s", "run": "SELECT 1", "hold": "5s", "cpus": "0.2", "memory": "64MiB",
	"distribution": "normal", "ramp": "2s", "share": "5%", "delay": "10ms", "bytes": "100B", "status": "500"}

// asked reads an experiment with one fault of a kind, which is left out where it has no name, with those fields.
func asked(t *testing.T, k Kind, lasts bool, fields []string) (experiment.Fault, error) {
	t.Helper()
	fault := "name: f, at: 5s"
	if k.Name != "" {
		fault += ", kind: " + k.Name
	}
	if strings.HasPrefix(k.Name, "http-") {
		fault += ", link: load->api"
	} else if k.On == OnLink {
		fault += ", link: api->db"
	} else {
		fault += ", on: db"
	}
	if lasts {
		fault += ", for: 5s"
	}
	for _, field := range fields {
		fault += fmt.Sprintf(", %s: %s", field, written[field])
	}
	kind := "kind: postgres"
	if k.Name == "disconnect" {
		kind = `image: "x:1", port: 9092` // the only one with a network of its own
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "experiment.yaml")
	text := fmt.Sprintf(`
name: agree
services: {api: {command: ["true"], port: 8080}}
dependencies: {db: {%s}}
load: {script: script.js, shape: soak, duration: 30s}
faults: [{%s}]
slos: ["p95(latency) < 1s"]
`, kind, fault)
	err := errors.Join(os.WriteFile(file, []byte(text), 0o644),
		os.WriteFile(filepath.Join(dir, "script.js"), []byte("export default function () {}"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiment.Read(file, experiment.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		return experiment.Fault{}, err
	}
	return e.Faults[0], nil
}

// What an experiment may say of a kind is told in two rooms, which know nothing of each other's tables.
func TestExperimentAndMechanismAgreeOnEveryKind(t *testing.T) {
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			f, err := asked(t, k, k.Span != Strikes, k.Fields)
			if err != nil {
				t.Fatalf("the experiment refuses what the mechanism takes: %v", err)
			}
			if err := Validate(f); err != nil {
				t.Errorf("the mechanism refuses what the experiment takes: %v", err)
			}
			if _, err := asked(t, k, k.Span == Strikes, k.Fields); (err == nil) != (k.Span == MayLast) {
				t.Errorf("of a fault that %s, with the other way of lasting: %v", k.Span, err)
			}
			for field := range written {
				if slices.Contains(k.Fields, field) {
					continue
				}
				if _, err := asked(t, k, k.Span != Strikes, append(slices.Clone(k.Fields), field)); err == nil {
					t.Errorf("the experiment takes %s, which has no meaning", field)
				}
			}
		})
	}
	_, err := asked(t, Kind{On: OnLink}, true, nil)
	if err == nil {
		t.Fatal("a fault without a kind is taken")
	}
	_, hint, _ := strings.Cut(err.Error(), "(kinds are ")
	names := strings.FieldsFunc(strings.ReplaceAll(hint, " and ", ","), func(r rune) bool { return strings.ContainsRune(", )", r) })
	slices.Sort(names)
	var want []string
	for _, k := range Kinds {
		want = append(want, k.Name)
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the experiment knows %v, the mechanism %v", names, want)
	}
}
