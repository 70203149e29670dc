package load

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// groupDirs are the folders of the control groups that bound what a process may use of a resource: its own and those above
// it, as far as they are mounted. cgroup is /proc/<pid>/cgroup, mountinfo /proc/self/mountinfo (cgroups(7), proc(5)). A
// controller that is mounted as version 1 is not in version 2.
func groupDirs(cgroup, mountinfo, controller string) []string {
	for _, version := range []int{1, 2} {
		group, ok := groupOf(cgroup, controller, version)
		if !ok {
			continue
		}
		mount, root, ok := mountOf(mountinfo, controller, version)
		if !ok {
			continue
		}
		below := strings.TrimPrefix(group, strings.TrimSuffix(root, "/"))
		if !strings.HasPrefix(below, "/") || strings.HasPrefix(below, "/..") {
			below = "/" // a group that this mount does not show: at least that of the mount itself
		}
		var dirs []string
		for below = path.Clean(below); below != "/"; below = path.Dir(below) {
			dirs = append(dirs, mount+below)
		}
		return append(dirs, mount)
	}
	return nil
}

// groupOf finds the group in lines such as `4:cpu,cpuacct:/docker/1a2b` and, of version 2, `0::/system.slice`.
func groupOf(cgroup, controller string, version int) (string, bool) {
	for _, line := range strings.Split(cgroup, "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		if version == 2 && parts[0] == "0" && parts[1] == "" || version == 1 && listed(parts[1], controller) {
			return parts[2], true
		}
	}
	return "", false
}

// mountOf finds where a controller is mounted, and which group the mount shows as its root, in lines such as
// `33 25 0:28 / /sys/fs/cgroup/cpu rw,nosuid - cgroup cgroup rw,cpu`.
func mountOf(mountinfo, controller string, version int) (mount, root string, ok bool) {
	for _, line := range strings.Split(mountinfo, "\n") {
		before, after, found := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !found || len(left) < 5 || len(right) < 3 {
			continue
		}
		if version == 2 && right[0] == "cgroup2" || version == 1 && right[0] == "cgroup" && listed(right[2], controller) {
			return unescaped(left[4]), unescaped(left[3]), true
		}
	}
	return "", "", false
}

func listed(list, word string) bool { return strings.Contains(","+list+",", ","+word+",") }

// unescaped replaces the octal escapes of spaces and the like.
func unescaped(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// numbers reads a file of lines of a word and a number, such as cpu.stat.
func numbers(file string) map[string]uint64 {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	found := map[string]uint64{}
	for _, line := range strings.Split(string(raw), "\n") {
		name, text, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); err == nil {
			found[name] = n
		}
	}
	return found
}

// quotaOf is how many cores the group in dir may use; 0: as many as there are.
func quotaOf(dir string) float64 {
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(raw))
	}
	quota, period, _ := strings.Cut(read("cpu.max"), " ") // version 2: "max 100000"
	if quota == "" {
		quota, period = read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")
	}
	q, errQuota := strconv.ParseFloat(quota, 64)
	p, errPeriod := strconv.ParseFloat(period, 64)
	if errQuota != nil || errPeriod != nil || q <= 0 || p <= 0 || math.IsInf(q/p, 0) {
		return 0 // "max", −1, or no such file
	}
	return q / p
}

// groupMeter watches the control groups of a process: how much CPU they allow, how often that stopped the process, and
// whether the kernel killed in them for want of memory. A platform without control groups has none.
type groupMeter struct {
	root string // of the file system
	pid  int

	mu        sync.Mutex
	measuring bool
	quota     float64 // the least that was seen, in cores; 0: none
	cpu       map[string]*periods
	killed    map[string]uint64 // at the first look, by folder
	anywhere  uint64            // on the whole machine, at the first look
}

// periods counts those of a quota.
type periods struct{ all, stopped, firstAll, firstStopped uint64 }

func newGroupMeter(root string, pid int) *groupMeter {
	m := &groupMeter{root: root, pid: pid, cpu: map[string]*periods{}, killed: map[string]uint64{}}
	m.anywhere = m.killsAnywhere()
	return m
}

func (m *groupMeter) killsAnywhere() uint64 {
	return numbers(filepath.Join(m.root, "proc/vmstat"))["oom_kill"]
}

// measure makes the looks from now on count for the CPU.
func (m *groupMeter) measure() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measuring = true
}

// look reads what the groups of the process say now.
func (m *groupMeter) look() {
	cgroup, err := os.ReadFile(filepath.Join(m.root, "proc", strconv.Itoa(m.pid), "cgroup"))
	if err != nil {
		return // it has ended, or there is no such thing here
	}
	mountinfo, err := os.ReadFile(filepath.Join(m.root, "proc/self/mountinfo"))
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, dir := range groupDirs(string(cgroup), string(mountinfo), "memory") {
		if _, known := m.killed[dir]; !known {
			if n, ok := kills(filepath.Join(m.root, dir)); ok {
				m.killed[dir] = n
			}
		}
	}
	if !m.measuring {
		return
	}
	for _, dir := range groupDirs(string(cgroup), string(mountinfo), "cpu") {
		m.lookAtCPU(dir)
	}
}

func (m *groupMeter) lookAtCPU(dir string) {
	if quota := quotaOf(filepath.Join(m.root, dir)); quota > 0 && (m.quota == 0 || quota < m.quota) {
		m.quota = quota
	}
	stat := numbers(filepath.Join(m.root, dir, "cpu.stat"))
	all, ok := stat["nr_periods"]
	if !ok {
		return
	}
	stopped := stat["nr_throttled"]
	p := m.cpu[dir]
	if p == nil {
		p = &periods{firstAll: all, firstStopped: stopped}
		m.cpu[dir] = p
	}
	p.all, p.stopped = all, stopped
}

// kills is how often the kernel killed in the group in dir for want of memory.
func kills(dir string) (uint64, bool) {
	for _, file := range []string{"memory.events", "memory.oom_control"} { // of version 2 and 1
		if n, ok := numbers(filepath.Join(dir, file))["oom_kill"]; ok {
			return n, true
		}
	}
	return 0, false
}

// throttled is the least quota that was seen, in cores, 0 for none, and the greatest share of its periods in which a group
// was stopped.
func (m *groupMeter) throttled() (quota, share float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.cpu {
		if p.all > p.firstAll && p.stopped >= p.firstStopped {
			share = max(share, min(1, float64(p.stopped-p.firstStopped)/float64(p.all-p.firstAll)))
		}
	}
	return m.quota, share
}

// starved says whether, since the first look, the kernel killed for want of memory: in a group of the process, or, where no
// group tells, anywhere on the machine.
func (m *groupMeter) starved() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for dir, before := range m.killed {
		if n, ok := kills(filepath.Join(m.root, dir)); ok && n > before {
			return true
		}
	}
	return len(m.killed) == 0 && m.killsAnywhere() > m.anywhere
}
