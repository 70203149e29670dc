package topology

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/devcraft-studio/brunt/harness/cgroup"
	"github.com/devcraft-studio/brunt/harness/site"
)

// NoGroupError says that a node can't be limited, because no control group could be made for it.
type NoGroupError struct {
	Node     string
	Resource site.Resource
	Err      error
}

func (e *NoGroupError) Error() string {
	return fmt.Sprintf("the %s of %s can't be limited: no control group can be made: %v", e.Resource, e.Node, e.Err)
}

func (e *NoGroupError) Unwrap() error { return e.Err }

// group is a control group (cgroups(7)) of version 1 or 2, as far as it bounds one resource.
type group struct {
	dir      string
	version  int
	resource site.Resource
}

// setting is a value of one file of a group.
type setting struct {
	File  string `json:"file"`
	Value string `json:"value"`
}

// groupsOf are the groups that bound a resource of a process, its own and those above it, as far as they are mounted.
func groupsOf(pid int, r site.Resource) ([]group, error) {
	member, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return nil, fmt.Errorf("read its control groups: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read where control groups are mounted: %w", err)
	}
	var groups []group
	for _, g := range cgroup.Of(string(member), string(mounts), string(r)) { // the kernel's names of controllers are ours
		groups = append(groups, group{g.Dir, g.Version, r})
	}
	if groups == nil {
		return nil, fmt.Errorf("no control groups for %s are mounted", r)
	}
	return groups, nil
}

// groupsFor makes the groups that the faults of a node need. They have to be there before the node is: memory that a process
// has is not counted in a group that it is moved to later.
func (o Options) groupsFor(node string) ([]group, error) {
	var groups []group
	for _, f := range o.Experiment.Faults {
		r := map[string]site.Resource{"cpu-limit": site.CPU, "memory-limit": site.Memory}[f.Kind]
		if f.Node != node || r == "" || slices.ContainsFunc(groups, func(g group) bool { return g.resource == r }) {
			continue
		}
		g, err := o.makeGroup(o.name()+"-"+node, r)
		if err != nil {
			removeGroups(groups)
			return nil, &NoGroupError{Node: node, Resource: r, Err: err}
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// makeGroup makes a group below the nearest of our own where the kernel gives it the controller: in version 2 that is none
// that has processes itself.
func (o Options) makeGroup(name string, r site.Resource) (group, error) {
	above, err := groupsOf(os.Getpid(), r)
	if err != nil {
		return group{}, err
	}
	var problems []error
	for _, parent := range above {
		g := group{filepath.Join(parent.dir, name), parent.version, r}
		if o.Registrar != nil {
			// Registered before it is made, so that no moment is left in which it could be orphaned.
			if err := o.Registrar.Path(g.dir); err != nil {
				return group{}, fmt.Errorf("register %s: %w", g.dir, err)
			}
		}
		err := os.Mkdir(g.dir, 0o755)
		if err == nil || errors.Is(err, os.ErrExist) { // that of another resource
			if _, err = g.unlimited(); err == nil {
				return g, nil
			}
			_ = os.Remove(g.dir)
		}
		problems = append(problems, err)
	}
	return group{}, errors.Join(problems...)
}

// removeGroups removes groups whose processes have ended. The kernel needs a moment to see that they have.
func removeGroups(groups []group) {
	for _, g := range groups {
		for range 100 {
			if err := os.Remove(g.dir); !errors.Is(err, syscall.EBUSY) {
				break // what can't be removed is the watchdog's to remove
			}
			time.Sleep(gonePoll)
		}
	}
}

// adopt takes in a process with all its descendants; those it starts later follow by themselves.
func (g group) adopt(root int) error {
	in := map[int]bool{}
	for {
		tree, err := processTree(root)
		if err != nil {
			return err
		}
		grown := false
		for _, pid := range tree {
			if in[pid] {
				continue
			}
			err := apply(setting{filepath.Join(g.dir, "cgroup.procs"), strconv.Itoa(pid)})
			if err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("put process %d into its control group: %w", pid, err)
			}
			in[pid], grown = true, true
		}
		if !grown {
			return nil
		}
	}
}

// files are those that bound the resource, in the order in which a lower bound has to be written.
func (g group) files() []string {
	names := map[site.Resource][]string{
		site.CPU: {"cpu.cfs_quota_us"}, site.Memory: {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"},
	}
	if g.version == 2 {
		names = map[site.Resource][]string{site.CPU: {"cpu.max"}, site.Memory: {"memory.max", "memory.swap.max"}}
	}
	var files []string
	for i, name := range names[g.resource] {
		file := filepath.Join(g.dir, name)
		if _, err := os.Stat(file); i == 0 || err == nil { // swap is counted on some machines only
			files = append(files, file)
		}
	}
	return files
}

// unlimited are the settings that hold now, in the order in which a higher bound has to be written.
func (g group) unlimited() ([]setting, error) {
	var now []setting
	for _, file := range g.files() {
		value, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		now = append(now, setting{file, strings.TrimSpace(string(value))})
	}
	slices.Reverse(now)
	return now, nil
}

// period is that of the CPU quota, the kernel's default.
const period = 100_000 // microseconds

// limited are the settings that bound the group. Without a bound on swap the limit would be one on speed, not on memory.
func (g group) limited(amount float64) []setting {
	var wanted []setting
	for i, file := range g.files() {
		value := strconv.FormatInt(int64(amount), 10)
		switch {
		case g.resource == site.CPU && g.version == 1:
			value = strconv.Itoa(int(math.Round(amount * period)))
		case g.resource == site.CPU:
			value = fmt.Sprintf("%d %d", int(math.Round(amount*period)), period)
		case g.version == 2 && i == 1:
			value = "0"
		}
		wanted = append(wanted, setting{file, value})
	}
	return wanted
}

// apply writes settings, and stops at the first that the kernel refuses.
func apply(settings ...setting) error {
	for _, s := range settings {
		// Not os.WriteFile: on a folder that is no control group it would make the file.
		f, err := os.OpenFile(s.File, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(s.Value)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("write %s into %s: %w", s.Value, s.File, err)
		}
	}
	return nil
}

// fits refuses a bound on memory below what the group needs now. The kernel would refuse it, too, or end processes.
func (g group) fits(amount float64) error {
	if g.resource != site.Memory {
		return nil
	}
	use, files := "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"}
	if g.version == 2 {
		use, files = "memory.current", []string{"inactive_file", "active_file"}
	}
	text, err := os.ReadFile(filepath.Join(g.dir, use))
	if err != nil {
		return fmt.Errorf("read how much memory it uses: %w", err)
	}
	needs, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return fmt.Errorf("read how much memory it uses: %w", err)
	}
	stat := cgroup.Numbers(filepath.Join(g.dir, "memory.stat"))
	for _, name := range files {
		needs -= int64(stat[name]) // the kernel can drop what it caches of files
	}
	if float64(needs) <= amount {
		return nil
	}
	return &TooLittleMemoryError{Needs: needs, Limit: int64(amount)}
}

// TooLittleMemoryError says that a node uses more memory than it should be limited to. No limit is set then.
type TooLittleMemoryError struct{ Needs, Limit int64 } // bytes; Needs is 0 when only the engine knows

func (e *TooLittleMemoryError) Error() string {
	const mib = 1 << 20
	if e.Needs == 0 {
		return fmt.Sprintf("it uses more than the %.1f MiB that it should be limited to", float64(e.Limit)/mib)
	}
	return fmt.Sprintf("it uses %.1f MiB, more than the %.1f MiB that it should be limited to", float64(e.Needs)/mib, float64(e.Limit)/mib)
}

// held is how often the group's limit has held it up: of CPU in so many periods out of all in which it ran, of memory how
// often it came to the limit.
func (g group) held() (times, of uint64, err error) {
	switch {
	case g.resource == site.CPU:
		stat := cgroup.Numbers(filepath.Join(g.dir, "cpu.stat"))
		if stat == nil {
			return 0, 0, errors.New("its control group does not tell how often it was held up")
		}
		return stat["nr_throttled"], stat["nr_periods"], nil
	case g.version == 2:
		return cgroup.Numbers(filepath.Join(g.dir, "memory.events"))["max"], 0, nil
	}
	text, err := os.ReadFile(filepath.Join(g.dir, "memory.failcnt"))
	if err != nil {
		return 0, 0, err
	}
	times, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return times, 0, err
}
