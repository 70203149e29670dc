package provenance

import "golang.org/x/sys/unix"

// machine returns kernel release, CPU model and memory in bytes.
func machine() (kernel, cpu string, memory int64) {
	kernel, _ = unix.Sysctl("kern.osrelease")
	cpu, _ = unix.Sysctl("machdep.cpu.brand_string")
	bytes, _ := unix.SysctlUint64("hw.memsize")
	return kernel, cpu, int64(bytes)
}
