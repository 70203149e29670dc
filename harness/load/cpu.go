package load

import (
	"sync"
	"time"
)

// cpuWindow is the length of time whose busiest stretch says how busy the generator was.
const cpuWindow = 10 * time.Second

// cpuMeter watches the CPU time of a process once a second.
type cpuMeter struct {
	mu     sync.Mutex
	looks  []cpuLook // of the last window
	first  cpuLook
	most   float64 // percent, 100 = one core
	filled bool    // a whole window was seen
}

type cpuLook struct {
	at   time.Time
	used time.Duration
}

// look adds what the process had used at a moment.
func (m *cpuMeter) look(at time.Time, used time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks = append(m.looks, cpuLook{at, used})
	if m.first.at.IsZero() {
		m.first = m.looks[0]
	}
	for len(m.looks) > 2 && at.Sub(m.looks[1].at) >= cpuWindow {
		m.looks = m.looks[1:]
	}
	first := m.looks[0]
	span := at.Sub(first.at)
	if span <= 0 {
		return
	}
	percent := 100 * float64(used-first.used) / float64(span)
	switch whole := span >= cpuWindow-time.Second/2; {
	case whole && !m.filled:
		m.most, m.filled = percent, true
	case whole:
		m.most = max(m.most, percent)
	case !m.filled: // a load shorter than the window: all of it
		m.most = percent
	}
}

// percent is the busiest window's, or that of all there was when it was shorter.
func (m *cpuMeter) percent() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.most
}

// since is the CPU time between the first look and the end, until when the process had used so much; 0 without a look.
func (m *cpuMeter) since(end time.Duration) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first.at.IsZero() {
		return 0
	}
	return max(0, end-m.first.used)
}
