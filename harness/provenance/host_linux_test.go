package provenance

import (
	"strings"
	"testing"
)

func TestTheCPUModelIsFoundOnEveryArchitecture(t *testing.T) {
	rows := []struct{ name, cpuinfo, want string }{
		{"x86", "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n\nprocessor\t: 1\nmodel name\t: other\n", "Intel(R) Xeon(R) CPU @ 2.20GHz"},
		{"ARM server", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "implementer 0x41 part 0xd0c"},
		{"Raspberry Pi", "processor\t: 0\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4\n", "Raspberry Pi 4"},
		{"nothing", "", ""},
	}
	for _, row := range rows {
		if got := cpuModel(strings.NewReader(row.cpuinfo)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
	if got := totalMemory(strings.NewReader("MemTotal:        8152084 kB\nMemFree: 1 kB\n")); got != 8152084<<10 {
		t.Errorf("got %d", got)
	}
}
