package probe

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be a node: it uses what it is told to use, has a child that does nothing, and waits to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "node" {
		use()
	}
	os.Exit(m.Run())
}

// use burns half a second of CPU, takes 64 MiB, opens 20 files, and says when it has done so.
func use() {
	memory := make([]byte, 64<<20)
	for i := range memory {
		memory[i] = byte(i)
	}
	var open []*os.File
	for range 20 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			panic(err)
		}
		open = append(open, f)
	}
	child := exec.Command("sleep", "60")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		panic(err)
	}
	var used syscall.Rusage
	for used.Utime.Nano()+used.Stime.Nano() < int64(500*time.Millisecond) {
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			panic(err)
		}
	}
	fmt.Println("done")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	_ = child.Process.Kill()
	runtime.KeepAlive(memory)
	runtime.KeepAlive(open)
	os.Exit(0)
}

// values reads the text format.
func values(t testing.TB, text []byte) map[string]float64 {
	t.Helper()
	told := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var name string
		var v float64
		if n, _ := fmt.Sscan(lines.Text(), &name, &v); n == 2 {
			told[name] = v
		}
	}
	return told
}

func linuxOnly(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, the process table is Linux's")
	}
}

func TestANodeTellsWhatItsProcessesUse(t *testing.T) {
	linuxOnly(t)
	cmd := exec.Command(os.Args[0], "node")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "done\n" {
		t.Fatalf("the node said %q, %v", line, err)
	}
	table := &ProcessTable{}
	node := table.Of(func() int { return cmd.Process.Pid }, "")
	text, err := node.Tell(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := values(t, text)
	for name, most := range map[string][2]float64{
		"node_cpu_seconds_total": {0.45, 3}, "node_memory_bytes": {64 << 20, 200 << 20}, "node_open_fds": {23, 60}, "node_processes": {2, 2},
		"node_threads": {3, 40}, "node_sockets": {0, 5}, "node_read_bytes_total": {0, 1 << 30}, "node_written_bytes_total": {0, 1 << 30},
	} {
		if v, ok := told[name]; !ok || v < most[0] || v > most[1] {
			t.Errorf("%s is %v (%v), want %v", name, v, ok, most)
		}
	}
	if _, err := table.Of(func() int { return cmd.Process.Pid }, "0123456789abcdef").Tell(t.Context()); err == nil || !strings.Contains(err.Error(), "not in the container") {
		t.Errorf("a process outside of its container: %v", err)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(freshness + 50*time.Millisecond)
	if text, err = node.Tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone := values(t, text)
	if gone["node_memory_bytes"] != 0 || gone["node_processes"] != 0 || gone["node_cpu_seconds_total"] != told["node_cpu_seconds_total"] {
		t.Errorf("a node that is gone uses %v", gone)
	}
}

func TestANodeWithoutAProcessIsAnError(t *testing.T) {
	if text, err := new(ProcessTable).Of(func() int { return 0 }, "").Tell(t.Context()); err == nil {
		t.Errorf("it tells %s", text)
	}
}

func TestAStatusLineIsRead(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       process
		ok         bool
	}{
		{"a name with parentheses and spaces", "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 150 50 30 20 20 0 9 0 1", process{name: "a) b (c", parent: 1, group: 7, threads: 9, cpu: 2.5, alone: 2}, true},
		{"one that has ended", "7 (x) Z 1 7 7 0 -1 0 0 0 0 0 100 0 0 0 20 0 1 0 1", process{name: "x", parent: 1, group: 7, threads: 1, cpu: 1, alone: 1, ended: true}, true},
		{"a line that is cut off", "7 (x) S 1 7", process{}, false},
		{"nothing", "", process{}, false},
	} {
		if got, ok := parseStat(row.text); got != row.want || ok != row.ok {
			t.Errorf("%s: %+v, %v", row.name, got, ok)
		}
	}
}

// BenchmarkProcesses is what one reading of a node costs, with a reading of the process table, on the machine as it is.
func BenchmarkProcesses(b *testing.B) {
	linuxOnly(b)
	table := &ProcessTable{}
	node := table.Of(os.Getpid, "")
	for b.Loop() {
		table.read = time.Time{}
		if _, err := node.Tell(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(table.all)), "processes")
}

// teller tells a counter that is given.
type teller func() float64

func (f teller) Tell(context.Context) ([]byte, error) {
	return fmt.Appendf(nil, "# TYPE work_total counter\nwork_total %v\n", f()), nil
}

func TestTellersAreScrapedInStepWithTheLoad(t *testing.T) {
	var out bytes.Buffer
	n := 0.0
	url := serve(t, typicalPage(t))
	o := quick(&out, Source{Node: "api", URL: url}, Source{Node: "api", Name: "node", Teller: teller(func() float64 { n++; return n })})
	o.Interval = 100 * time.Millisecond
	s, err := StartScraping(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	zero := time.Now().Add(250 * time.Millisecond)
	s.Align(zero)
	time.Sleep(700 * time.Millisecond)
	before := n
	all, err := s.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Source != "" || all[1].Source != "node" || all[1].Missed != 0 {
		t.Errorf("%+v", all)
	}
	if n != before+1 {
		t.Errorf("%v readings at the end, want one", n-before)
	}
	if !slices.ContainsFunc(s.Told(), func(s Series) bool {
		return s.Metric == "probe_up" && s.Tags["source"] == "node" && s.Tags["node"] == "api"
	}) {
		t.Errorf("told %+v", s.Told())
	}
	sum, late := 0.0, 0
	recorded := frames(t, out.Bytes())
	for i, f := range recorded {
		for _, p := range f.Points {
			if p.Key.Metric == "work_total" {
				sum += p.Sum
			}
		}
		since := time.Duration(f.Start - zero.UnixNano())
		if i > 1 && i < len(recorded)-2 && since > 0 && since%(100*time.Millisecond) > 60*time.Millisecond {
			late++
		}
	}
	if sum != n-1 {
		t.Errorf("an increase of %v in %v readings", sum, n)
	}
	if late > 2 {
		t.Errorf("%d of %d scrapes are not in step", late, len(recorded))
	}
}
