package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// machineWindow is the length of time over which steal and pressure are taken as one value: long enough that a tick of
// /proc/stat is a hundredth of a per cent of it, short enough that a short load has a few.
const machineWindow = 5 * time.Second

// clockTick is the unit of times in /proc. It is 10 ms for programs, whatever the kernel was built with.
const clockTick = 10 * time.Millisecond

// machineLook is what the kernel counted until a moment.
type machineLook struct {
	at            time.Time
	ticks, stolen uint64 // of all CPUs together
	busy          uint64 // of these, that programs had: not interrupts, of which nobody knows whose they are
	// own is the CPU time that the run itself had used; nil: not known.
	own *time.Duration
	// stalled is for how long tasks waited for a CPU (some), for memory and for a disk (all); nil where the kernel does not tell.
	stalled *[3]time.Duration
}

// lookAtMachine reads /proc under root. A platform without it is an error.
func lookAtMachine(root string) (machineLook, error) {
	raw, err := os.ReadFile(filepath.Join(root, "proc/stat"))
	if err != nil {
		return machineLook{}, err
	}
	l := machineLook{at: time.Now()}
	if err := l.parseTicks(raw); err != nil {
		return machineLook{}, err
	}
	var stalled [3]time.Duration
	for i, file := range []string{"cpu some", "memory full", "io full"} {
		name, line, _ := strings.Cut(file, " ")
		raw, err := os.ReadFile(filepath.Join(root, "proc/pressure", name))
		if err == nil {
			stalled[i], err = parsePressure(raw, line)
		}
		if err != nil {
			return l, nil // a kernel without pressure stall information, or with it switched off
		}
	}
	l.stalled = &stalled
	return l, nil
}

// parseTicks reads the first line of /proc/stat (proc(5)): user, nice, system, idle, iowait, irq, softirq and steal; what
// guests used follows, and is part of user and nice.
func (l *machineLook) parseTicks(raw []byte) error {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	fields := strings.Fields(string(line))
	const system, steal = 3, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return errors.New("read /proc/stat: its first line is not that of all CPUs with the time stolen")
	}
	for i := 1; i <= steal; i++ {
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil {
			return fmt.Errorf("read /proc/stat: %w", err)
		}
		l.ticks += n
		if i <= system {
			l.busy += n
		}
		if i == steal {
			l.stolen = n
		}
	}
	return nil
}

// parsePressure reads the total of the line some or full: `some avg10=0.00 avg60=0.00 avg300=0.00 total=12` (microseconds).
func parsePressure(raw []byte, line string) (time.Duration, error) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || fields[0] != line {
			continue
		}
		for _, f := range fields[1:] {
			if text, ok := strings.CutPrefix(f, "total="); ok {
				n, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					return 0, fmt.Errorf("read the pressure: %w", err)
				}
				return time.Duration(n) * time.Microsecond, nil
			}
		}
	}
	return 0, errors.New("read the pressure: no line " + line + " with a total")
}

// machineMeter sums up looks at the machine. It needs the same memory however long the load is.
type machineMeter struct {
	mu      sync.Mutex
	looked  bool
	latest  machineLook
	begin   machineLook // of the window
	windows int
	steal   shares
	foreign shares
	owned   shares
	stalled [3]shares
	told    bool // the kernel tells of pressure

	own     time.Duration // that the run used in the window
	unowned bool          // that is not known of some of it
}

// look adds a look. A window is over with the first look that makes it long enough.
func (m *machineMeter) look(l machineLook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.looked:
		m.looked, m.begin = true, l
	case l.own == nil || m.latest.own == nil:
		m.unowned = true
	default:
		// It gets less when a process has ended that nobody waited for; what was used meanwhile is not known then.
		m.own += max(0, *l.own-*m.latest.own)
	}
	m.latest = l
	if l.at.Sub(m.begin.at) >= machineWindow-machineWindow/10 {
		m.close()
	}
}

// close ends the window with the latest look.
func (m *machineMeter) close() {
	from, to, own, known := m.begin, m.latest, m.own, !m.unowned
	m.begin, m.own, m.unowned = to, 0, false
	if to.ticks <= from.ticks || !to.at.After(from.at) {
		return
	}
	m.windows++
	all := float64(to.ticks - from.ticks)
	m.steal.add(float64(to.stolen-min(to.stolen, from.stolen)) / all)
	if known {
		used := float64(own) / float64(clockTick)
		m.owned.add(used / all)
		m.foreign.add((float64(to.busy-min(to.busy, from.busy)) - used) / all)
	}
	if from.stalled == nil || to.stalled == nil {
		return
	}
	m.told = true
	for i := range m.stalled {
		m.stalled[i].add(float64(to.stalled[i]-from.stalled[i]) / float64(to.at.Sub(from.at)))
	}
}

// result is nil where nothing was seen. What is left of a window counts if it is half of one, or all that there is.
func (m *machineMeter) result() *results.Machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.looked && (m.windows == 0 || m.latest.at.Sub(m.begin.at) >= machineWindow/2) {
		m.close()
	}
	if m.windows == 0 {
		return nil
	}
	r := &results.Machine{Steal: m.steal.usual()}
	if m.foreign.total > 0 {
		foreign, own := m.foreign.usual(), m.owned.usual()
		r.Foreign, r.Own = &foreign, &own
	}
	if m.told {
		r.Pressure = &results.Pressure{CPU: m.stalled[0].usual(), Memory: m.stalled[1].usual(), IO: m.stalled[2].usual()}
	}
	return r
}

// shares counts shares from 0 to 1, to a thousandth.
type shares struct {
	counts [1001]uint32
	total  uint64
}

func (s *shares) add(share float64) {
	s.counts[int(1000*max(0, min(1, share))+0.5)]++
	s.total++
}

// usual is what no more than a fifth of the shares exceed: their quantile 0.8 by nearest rank.
func (s *shares) usual() float64 {
	rank, seen := (s.total*4+4)/5, uint64(0)
	for i, n := range s.counts {
		if seen += uint64(n); seen >= rank && rank > 0 {
			return float64(i) / 1000
		}
	}
	return 0
}
