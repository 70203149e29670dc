package provenance

import (
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

func TestHostKnowsTheMachineAndKeepsTheTools(t *testing.T) {
	h := Host(t.Context(), map[string]string{"k6": "v1.8.1"})
	if h.Cores < 1 || h.OS == "" || h.Arch == "" || h.Fingerprint == "" || h.Tools["k6"] != "v1.8.1" || h.Tools["go"] == "" {
		t.Errorf("%+v", h)
	}
	if h.OS == "linux" && (h.Kernel == "" || h.MemoryBytes < 64<<20) {
		t.Errorf("%+v", h)
	}
	if again := Host(t.Context(), nil); again.Fingerprint != h.Fingerprint {
		t.Error("the fingerprint is not stable, or depends on the tools")
	}
}

func TestTheFingerprintTellsMachinesApartButNotNamesOrBoots(t *testing.T) {
	known := results.Host{Name: "a", OS: "linux", Kernel: "6.1", Arch: "amd64", CPU: "x", Cores: 2, MemoryBytes: 8 << 30}
	rows := []struct {
		name   string
		change func(h *results.Host)
		same   bool
	}{
		{"another name", func(h *results.Host) { h.Name = "b" }, true},
		{"a few megabytes after a boot", func(h *results.Host) { h.MemoryBytes -= 5 << 20 }, true},
		{"other tools", func(h *results.Host) { h.Tools = map[string]string{"k6": "v2"} }, true},
		{"another kernel", func(h *results.Host) { h.Kernel = "6.2" }, false},
		{"another CPU", func(h *results.Host) { h.CPU = "y" }, false},
		{"more cores", func(h *results.Host) { h.Cores = 4 }, false},
		{"half the memory", func(h *results.Host) { h.MemoryBytes /= 2 }, false},
		{"a boundary moved between fields", func(h *results.Host) { h.OS, h.Kernel = "linux 6", ".1" }, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := known
			row.change(&h)
			if (fingerprint(h) == fingerprint(known)) != row.same {
				t.Error(fingerprint(h))
			}
		})
	}
}
