package provenance

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// machine returns kernel release, CPU model and memory in bytes.
func machine() (kernel, cpu string, memory int64) {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = f.Close() }() // only read from
		cpu = cpuModel(f)
	}
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer func() { _ = f.Close() }() // only read from
		memory = totalMemory(f)
	}
	return strings.TrimSpace(string(release)), cpu, memory
}

// cpuModel finds the model in /proc/cpuinfo. Only x86 names it; ARM gives the numbers of implementer and part.
func cpuModel(cpuinfo io.Reader) string {
	fields := map[string]string{}
	for scanner := bufio.NewScanner(cpuinfo); scanner.Scan(); {
		name, value, ok := strings.Cut(scanner.Text(), ":")
		if name = strings.TrimSpace(name); ok && fields[name] == "" {
			fields[name] = strings.TrimSpace(value)
		}
	}
	for _, name := range []string{"model name", "Model", "Hardware", "cpu model", "cpu"} {
		if fields[name] != "" {
			return fields[name]
		}
	}
	if fields["CPU implementer"] != "" {
		return "implementer " + fields["CPU implementer"] + " part " + fields["CPU part"]
	}
	return ""
}

// totalMemory finds MemTotal in /proc/meminfo, which counts in KiB.
func totalMemory(meminfo io.Reader) int64 {
	for scanner := bufio.NewScanner(meminfo); scanner.Scan(); {
		value, ok := strings.CutPrefix(scanner.Text(), "MemTotal:")
		if !ok {
			continue
		}
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		return kib << 10
	}
	return 0
}
