package load

import (
	"os"
	"path/filepath"
	"testing"
)

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
