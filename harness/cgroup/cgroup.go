// Package cgroup finds the control groups (cgroups(7)) that bound what a process may use, of both versions, and reads their files.
// It sets nothing: who makes a group or limits it does that.
package cgroup

import (
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Group is a control group that is mounted here.
type Group struct {
	Dir     string
	Version int // 1 or 2
}

// Of are the groups that bound what a process may use of a resource: its own and those above it, as far as they are mounted.
// member is /proc/<pid>/cgroup, mounts /proc/self/mountinfo (proc(5)). A controller that is mounted as version 1 is not in
// version 2. Where none is mounted there are none.
func Of(member, mounts, controller string) []Group {
	for _, version := range []int{1, 2} {
		group, ok := memberOf(member, controller, version)
		if !ok {
			continue
		}
		mount, root, ok := mountOf(mounts, controller, version)
		if !ok {
			continue
		}
		below := strings.TrimPrefix(group, strings.TrimSuffix(root, "/"))
		if !strings.HasPrefix(below, "/") || strings.HasPrefix(below, "/..") {
			below = "/" // a group that this mount does not show: at least that of the mount itself
		}
		var groups []Group
		for below = path.Clean(below); below != "/"; below = path.Dir(below) {
			groups = append(groups, Group{mount + below, version})
		}
		return append(groups, Group{mount, version})
	}
	return nil
}

// memberOf finds the group in lines such as `4:cpu,cpuacct:/docker/1a2b` and, of version 2, `0::/system.slice`.
func memberOf(member, controller string, version int) (string, bool) {
	for line := range strings.Lines(member) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
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
func mountOf(mounts, controller string, version int) (mount, root string, ok bool) {
	for line := range strings.Lines(mounts) {
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

func listed(list, controller string) bool {
	return slices.Contains(strings.Split(list, ","), controller)
}

// unescaped replaces the octal escapes of spaces and the like.
func unescaped(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// Numbers reads a file of lines of a word and a number, such as cpu.stat; nil where it can't be read.
func Numbers(file string) map[string]uint64 {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	found := map[string]uint64{}
	for line := range strings.Lines(string(raw)) {
		word, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			found[word] = n
		}
	}
	return found
}
