package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	mountsV1 = `25 1 254:0 / / rw,relatime - ext4 /dev/root rw
32 25 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 32 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
34 32 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
35 32 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
	mountsV2        = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	mountsContainer = `700 680 0:28 /docker/1a2b /sys/fs/cgroup/cpu ro,nosuid master:15 - cgroup cgroup rw,cpu
701 680 0:29 /docker/1a2b /sys/fs/cgroup/memory ro,nosuid master:16 - cgroup cgroup rw,memory
`
)

func TestTheGroupsOfAProcessAreItsOwnAndThoseAbove(t *testing.T) {
	const v1 = "4:memory:/lab/brunt\n2:cpu,cpuacct:/lab\n1:name=systemd:/\n0::/lab\n"
	for _, row := range []struct {
		name, cgroup, mounts, controller string
		want                             []string
	}{
		{"version 1", v1, mountsV1, "memory", []string{"/sys/fs/cgroup/memory/lab/brunt", "/sys/fs/cgroup/memory/lab", "/sys/fs/cgroup/memory"}},
		{"version 1, two controllers together", v1, mountsV1, "cpu", []string{"/sys/fs/cgroup/cpu,cpuacct/lab", "/sys/fs/cgroup/cpu,cpuacct"}},
		{"the root's own", "2:cpu:/\n", mountsV1, "cpu", []string{"/sys/fs/cgroup/cpu,cpuacct"}},
		{"version 2", "0::/system.slice/ci.service\n", mountsV2, "cpu", []string{"/sys/fs/cgroup/system.slice/ci.service", "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup"}},
		{"in a container that sees the host's names", "2:cpu:/docker/1a2b/job\n", mountsContainer, "cpu", []string{"/sys/fs/cgroup/cpu/job", "/sys/fs/cgroup/cpu"}},
		{"a container's own group", "2:cpu:/docker/1a2b\n", mountsContainer, "cpu", []string{"/sys/fs/cgroup/cpu"}},
		{"in a container with names of its own", "0::/\n", mountsV2, "cpu", []string{"/sys/fs/cgroup"}},
		{"a group outside of what is mounted", "0::/../other\n", mountsV2, "cpu", []string{"/sys/fs/cgroup"}},
		{"a name with a colon and a space", "0::/a:b c\n", `30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw`, "cpu", []string{"/my groups/a:b c", "/my groups"}},
		{"a controller in neither", "2:cpu:/\n", mountsContainer, "io", nil},
		{"nothing at all", "", "", "cpu", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, groupDirs(row.cgroup, row.mounts, row.controller)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzGroupDirs: whatever the kernel writes, the folders lie within a mount, each in the one after it.
func FuzzGroupDirs(f *testing.F) {
	f.Add("2:cpu:/a/b\n0::/\n", mountsV1)
	f.Add("0::/../x", mountsV2)
	f.Add("2:cpu:/docker/1a2b/..", mountsContainer)
	f.Fuzz(func(t *testing.T, cgroup, mounts string) {
		dirs := groupDirs(cgroup, mounts, "cpu")
		for i, dir := range dirs {
			if i > 0 && !strings.HasPrefix(dirs[i-1], dir) {
				t.Errorf("%q is not above %q", dir, dirs[i-1])
			}
		}
	})
}

// tree is a file system with the files given.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, text)
	}
	return root
}

func with(t *testing.T, root, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAQuotaIsReadInBothVersions(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"version 2", map[string]string{"cpu.max": "20000 100000\n"}, 0.2},
		{"version 2 without", map[string]string{"cpu.max": "max 100000\n"}, 0},
		{"version 1", map[string]string{"cpu.cfs_quota_us": "150000\n", "cpu.cfs_period_us": "100000\n"}, 1.5},
		{"version 1 without", map[string]string{"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, 0},
		{"a period of nothing", map[string]string{"cpu.max": "20000 0\n"}, 0},
		{"no such file", nil, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := quotaOf(tree(t, row.files)); got != row.want {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

func TestThrottlingCountsFromTheBeginOfTheLoad(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/7/cgroup": "2:cpu:/lab/brunt\n", "proc/self/mountinfo": "33 32 0:28 / /sys/cpu rw - cgroup cgroup rw,cpu\n",
		"sys/cpu/cpu.stat":               "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
		"sys/cpu/lab/cpu.stat":           "nr_periods 1000\nnr_throttled 0\nthrottled_time 0\n",
		"sys/cpu/lab/cpu.cfs_quota_us":   "400000",
		"sys/cpu/lab/cpu.cfs_period_us":  "100000",
		"sys/cpu/lab/brunt/cpu.stat":     "nr_periods 50\nnr_throttled 50\nthrottled_time 1\n",
		"sys/cpu/lab/brunt/cpu.max":      "20000 100000",
		"sys/cpu/lab/brunt/memory.stat":  "",
		"sys/cpu/lab/brunt/cgroup.procs": "7",
	})
	m := newGroupMeter(root, 7)
	m.look()
	if quota, share := m.throttled(); quota != 0 || share != 0 {
		t.Errorf("before the load: %v cores, %v", quota, share)
	}
	m.measure()
	m.look()
	if quota, share := m.throttled(); quota != 0.2 || share != 0 {
		t.Errorf("at its begin: %v cores, %v; want 0.2 and nothing", quota, share)
	}
	with(t, root, "sys/cpu/lab/cpu.stat", "nr_periods 1100\nnr_throttled 5\nthrottled_time 1\n")
	with(t, root, "sys/cpu/lab/brunt/cpu.stat", "nr_periods 150\nnr_throttled 140\nthrottled_time 9\n")
	m.look()
	if err := os.Remove(filepath.Join(root, "proc/7/cgroup")); err != nil {
		t.Fatal(err)
	}
	m.look() // the process is gone
	if quota, share := m.throttled(); quota != 0.2 || share != 0.9 {
		t.Errorf("%v cores, %v; want 0.2 and 0.9", quota, share)
	}
}

func TestADeathForWantOfMemoryIsKnownByItsGroup(t *testing.T) {
	mount := "34 32 0:29 / /sys/memory rw - cgroup cgroup rw,memory\n"
	for _, row := range []struct {
		name   string
		files  map[string]string
		change [2]string // a file and what it says afterwards
		want   bool
	}{
		{"version 1", map[string]string{"sys/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"},
			[2]string{"sys/memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"}, true},
		{"version 2", map[string]string{"sys/memory/a/memory.events": "max 9\noom 0\noom_kill 0\n"},
			[2]string{"sys/memory/a/memory.events", "max 9\noom 1\noom_kill 1\n"}, true},
		{"the group above", map[string]string{"sys/memory/a/memory.events": "oom_kill 0\n", "sys/memory/memory.events": "oom_kill 4\n"},
			[2]string{"sys/memory/memory.events", "oom_kill 5\n"}, true},
		{"a kill that another group had", map[string]string{"sys/memory/a/memory.events": "oom_kill 0\n", "proc/vmstat": "oom_kill 7\n"},
			[2]string{"proc/vmstat", "oom_kill 8\n"}, false},
		{"no group tells, but the machine", map[string]string{"proc/vmstat": "nr_free_pages 1\noom_kill 7\n"},
			[2]string{"proc/vmstat", "nr_free_pages 1\noom_kill 8\n"}, true},
		{"nothing happened", map[string]string{"sys/memory/a/memory.events": "oom_kill 3\n", "proc/vmstat": "oom_kill 7\n"},
			[2]string{"proc/vmstat", "oom_kill 7\n"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.files["proc/7/cgroup"], row.files["proc/self/mountinfo"] = "4:memory:/a\n", mount
			root := tree(t, row.files)
			m := newGroupMeter(root, 7)
			m.look()
			with(t, root, row.change[0], row.change[1])
			if got := m.starved(); got != row.want {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

func TestAPlatformWithoutControlGroupsHasNoLimits(t *testing.T) {
	m := newGroupMeter(t.TempDir(), 7)
	m.measure()
	m.look()
	if quota, share := m.throttled(); quota != 0 || share != 0 || m.starved() {
		t.Errorf("%v cores, %v, starved %v", quota, share, m.starved())
	}
}
