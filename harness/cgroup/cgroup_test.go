package cgroup

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
		name, member, mounts, controller string
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
		{"a mount that shows a part", "9:name=systemd:/\n2:cpu,cpuacct:/docker/1a2b\n0::/\n",
			"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n33 25 0:28 /docker/1a2b /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n", "cpu",
			[]string{"/sys/fs/cgroup/cpu,cpuacct"}},
		{"version 1 that is not mounted, beside 2", "4:memory:/a/b\n0::/x\n", mountsV2, "memory", []string{"/sys/fs/cgroup/x", "/sys/fs/cgroup"}},
		{"nothing at all", "", "", "cpu", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, dirs(Of(row.member, row.mounts, row.controller))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzOf: whatever the kernel writes, the folders lie within a mount, each in the one after it.
func FuzzOf(f *testing.F) {
	f.Add("2:cpu:/a/b\n0::/\n", mountsV1)
	f.Add("0::/../x", mountsV2)
	f.Add("2:cpu:/docker/1a2b/..", mountsContainer)
	f.Fuzz(func(t *testing.T, member, mounts string) {
		dirs := dirs(Of(member, mounts, "cpu"))
		for i, dir := range dirs {
			if i > 0 && !strings.HasPrefix(dirs[i-1], dir) {
				t.Errorf("%q is not above %q", dir, dirs[i-1])
			}
		}
	})
}

func dirs(groups []Group) (all []string) {
	for _, g := range groups {
		all = append(all, g.Dir)
	}
	return all
}

func TestNumbersAreThoseOfTheirWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpu.stat")
	if err := os.WriteFile(file, []byte("nr_periods 150\nnr_throttled 9\nuclamp max\n\nthrottled_time 18446744073709551615"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{"nr_periods": 150, "nr_throttled": 9, "throttled_time": 1<<64 - 1}
	if diff := cmp.Diff(want, Numbers(file)); diff != "" {
		t.Error(diff)
	}
	if got := Numbers(file + "s"); got != nil {
		t.Errorf("of no file: %v", got)
	}
}
