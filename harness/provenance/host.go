package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"runtime"

	"github.com/devcraft-studio/brunt/results"
)

// memoryStep is how coarsely memory enters the fingerprint: what the kernel leaves of the same machine differs by a few
// megabytes from boot to boot.
const memoryStep = 256 << 20

// Host describes the machine. The tools, name to version, are kept as given; go, the version that built this program, is
// added when it is missing. What can't be found out is empty or zero, and so enters the fingerprint.
func Host(_ context.Context, tools map[string]string) results.Host {
	h := results.Host{
		OS:    runtime.GOOS,
		Arch:  runtime.GOARCH,
		Cores: runtime.NumCPU(),
		Tools: map[string]string{"go": runtime.Version()},
	}
	maps.Copy(h.Tools, tools)
	h.Name, _ = os.Hostname()
	h.Kernel, h.CPU, h.MemoryBytes = machine()
	h.Fingerprint = fingerprint(h)
	return h
}

// fingerprint digests what a measurement depends on. The name is left out, as CI gives each machine a new one, and so are
// the tools, which have versions of their own to compare.
func fingerprint(h results.Host) string {
	memory := (h.MemoryBytes + memoryStep/2) / memoryStep
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", h.OS, h.Kernel, h.Arch, h.CPU, h.Cores, memory))
	return hex.EncodeToString(sum[:8])
}
