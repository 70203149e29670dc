//go:build !linux && !darwin

package provenance

// machine knows nothing of other systems.
func machine() (kernel, cpu string, memory int64) { return "", "", 0 }
