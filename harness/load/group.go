package load

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/devcraft-studio/brunt/harness/cgroup"
)

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
	return cgroup.Numbers(filepath.Join(m.root, "proc/vmstat"))["oom_kill"]
}

// measure makes the looks from now on count for the CPU.
func (m *groupMeter) measure() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measuring = true
}

// look reads what the groups of the process say now.
func (m *groupMeter) look() {
	member, err := os.ReadFile(filepath.Join(m.root, "proc", strconv.Itoa(m.pid), "cgroup"))
	if err != nil {
		return // it has ended, or there is no such thing here
	}
	mountinfo, err := os.ReadFile(filepath.Join(m.root, "proc/self/mountinfo"))
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, group := range cgroup.Of(string(member), string(mountinfo), "memory") {
		if _, known := m.killed[group.Dir]; !known {
			if n, ok := kills(filepath.Join(m.root, group.Dir)); ok {
				m.killed[group.Dir] = n
			}
		}
	}
	if !m.measuring {
		return
	}
	for _, group := range cgroup.Of(string(member), string(mountinfo), "cpu") {
		m.lookAtCPU(group.Dir)
	}
}

func (m *groupMeter) lookAtCPU(dir string) {
	if quota := quotaOf(filepath.Join(m.root, dir)); quota > 0 && (m.quota == 0 || quota < m.quota) {
		m.quota = quota
	}
	stat := cgroup.Numbers(filepath.Join(m.root, dir, "cpu.stat"))
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
		if n, ok := cgroup.Numbers(filepath.Join(dir, file))["oom_kill"]; ok {
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
