package load

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

const statText = "cpu  100 10 50 800 20 5 5 10 30 0\ncpu0 50 5 25 400 10 2 3 5 15 0\n"

func TestTheTicksOfAGuestAreNotCountedTwice(t *testing.T) {
	var l machineLook
	if err := l.parseTicks([]byte(statText)); err != nil || l.ticks != 1000 || l.busy != 160 || l.stolen != 10 {
		t.Errorf("%+v (%v), want 10 stolen of 1000, and 160 used by programs", l, err)
	}
}

func FuzzParseTicks(f *testing.F) {
	f.Add([]byte(statText))
	f.Add([]byte("cpu 1 2 3 4"))
	f.Add([]byte("cpu  1 2 3 4 5 6 7 -8"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var l machineLook
		err := l.parseTicks(raw)
		if err == nil && l.ticks < l.stolen && l.ticks+l.stolen >= l.stolen { // unless the sum overflowed
			t.Errorf("%d of %d stolen", l.stolen, l.ticks)
		}
	})
}

func TestPressureIsReadByItsLine(t *testing.T) {
	const text = "some avg10=37.85 avg60=37.78 avg300=31.10 total=195855975\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
	for _, row := range []struct {
		line, text string
		want       time.Duration
		wrong      bool
	}{
		{"some", text, 195855975 * time.Microsecond, false},
		{"full", text, 12 * time.Microsecond, false},
		{"full", "some avg10=0 total=1\n", 0, true}, // kernels before 5.13 have no full line for the CPU
		{"some", "some avg10=0 total=x\n", 0, true},
		{"some", "", 0, true},
	} {
		got, err := parsePressure([]byte(row.text), row.line)
		if got != row.want || (err != nil) != row.wrong {
			t.Errorf("%s of %q: %v, %v", row.line, row.text, got, err)
		}
	}
}

func FuzzParsePressure(f *testing.F) {
	f.Add([]byte("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"), "some")
	f.Add([]byte("full total="), "full")
	f.Fuzz(func(_ *testing.T, raw []byte, line string) { _, _ = parsePressure(raw, line) })
}

func TestAMachineIsLookedAtAsFarAsItTells(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/stat": statText, "proc/pressure/cpu": "some total=1000000\n",
		"proc/pressure/memory": "some total=9\nfull total=2000000\n", "proc/pressure/io": "full total=3000000\n",
	})
	l, err := lookAtMachine(root)
	if err != nil || l.ticks != 1000 || l.stolen != 10 || l.stalled == nil || *l.stalled != [3]time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := lookAtMachine(tree(t, map[string]string{"proc/stat": statText})); err != nil || l.stalled != nil {
		t.Errorf("without pressure: %+v, %v", l, err)
	}
	if _, err := lookAtMachine(t.TempDir()); err == nil {
		t.Error("a machine without /proc is no error")
	}
}

// TestAFifthOfTheLoadMayBeWorse plays a load of windows of 5 s, each looked at once a second, with a share stolen in each.
func TestAFifthOfTheLoadMayBeWorse(t *testing.T) {
	second := func(n int) time.Time { return time.Unix(int64(n), 0) }
	for _, row := range []struct {
		name    string
		seconds int
		stolen  func(second int) float64
		want    float64 // NaN: nothing is known
	}{
		{"nothing is stolen", 60, func(int) float64 { return 0 }, 0},
		{"always the same", 60, func(int) float64 { return 0.07 }, 0.07},
		{"one window of five", 25, func(s int) float64 { return map[bool]float64{true: 0.5}[s < 5] }, 0},
		{"two windows of five", 25, func(s int) float64 { return map[bool]float64{true: 0.5}[s < 10] }, 0.5},
		{"one window of four", 20, func(s int) float64 { return map[bool]float64{true: 0.5}[s < 5] }, 0.5},
		{"a load shorter than a window", 3, func(int) float64 { return 0.2 }, 0.2},
		{"a rest that is half a window counts", 8, func(s int) float64 { return map[bool]float64{true: 0.5}[s >= 5] }, 0.5},
		{"a shorter rest does not", 7, func(s int) float64 { return map[bool]float64{true: 0.5}[s >= 5] }, 0},
		{"one look tells nothing", 0, func(int) float64 { return 1 }, math.NaN()},
	} {
		t.Run(row.name, func(t *testing.T) {
			var m machineMeter
			l := machineLook{at: second(0), ticks: 5000, stolen: 40, stalled: &[3]time.Duration{7, 7, 7}}
			m.look(l)
			for s := range row.seconds {
				share := row.stolen(s)
				stalled := *l.stalled
				stalled[2] += time.Duration(share * float64(time.Second))
				l = machineLook{at: second(s + 1), ticks: l.ticks + 1000, stolen: l.stolen + uint64(1000*share+0.5), stalled: &stalled}
				m.look(l)
			}
			var want *results.Machine
			if !math.IsNaN(row.want) {
				want = &results.Machine{Steal: row.want, Pressure: &results.Pressure{IO: row.want}}
			}
			if diff := cmp.Diff(want, m.result()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMachineThatTellsNothingOfPressureHasNone(t *testing.T) {
	var m machineMeter
	m.look(machineLook{at: time.Unix(0, 0), ticks: 1000, stolen: 10})
	m.look(machineLook{at: time.Unix(5, 0), ticks: 2000, stolen: 110})
	if diff := cmp.Diff(&results.Machine{Steal: 0.1}, m.result()); diff != "" {
		t.Error(diff)
	}
}

// TestOtherProgramsHadWhatTheRunHadNot plays 25 s, of each of which programs used 800 of 1000 ticks.
func TestOtherProgramsHadWhatTheRunHadNot(t *testing.T) {
	own := func(used time.Duration) *time.Duration { return &used }
	share := func(of float64) *float64 { return &of }
	for _, row := range []struct {
		name string
		own  func(second int) *time.Duration
		want *float64 // of other programs
		used *float64 // by the run
	}{
		{"all of it", func(int) *time.Duration { return own(time.Hour) }, share(0.8), share(0)},
		{"half of it", func(s int) *time.Duration { return own(time.Duration(s) * 4 * time.Second) }, share(0.4), share(0.4)},
		{"none of it", func(s int) *time.Duration { return own(time.Duration(s) * 8 * time.Second) }, share(0), share(0.8)},
		{"the run had more than the clock ticks saw", func(s int) *time.Duration { return own(time.Duration(s) * 9 * time.Second) }, share(0), share(0.9)},
		{"a process that nobody waited for takes what it used with it", func(s int) *time.Duration {
			return own(time.Duration(s)*8*time.Second - map[bool]time.Duration{true: time.Minute}[s > 2])
		}, share(0), share(0.8)},
		{"windows that are not known do not count", func(s int) *time.Duration {
			if s == 7 || s > 15 {
				return nil
			}
			return own(time.Duration(s) * 4 * time.Second)
		}, share(0.4), share(0.4)},
		{"nothing is known", func(int) *time.Duration { return nil }, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var m machineMeter
			for s := range 26 {
				m.look(machineLook{at: time.Unix(int64(s), 0), ticks: uint64(1000 * (s + 1)), busy: uint64(800 * s), own: row.own(s)})
			}
			if diff := cmp.Diff(&results.Machine{Foreign: row.want, Own: row.used}, m.result()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCPUTimeCountsFromTheFirstLook(t *testing.T) {
	var m cpuMeter
	if got := m.since(5 * time.Second); got != 0 {
		t.Errorf("%v without a look", got)
	}
	for s := range 4 {
		m.look(time.Unix(int64(s), 0), time.Duration(10+s)*time.Second)
	}
	if got := m.since(13500 * time.Millisecond); got != 3500*time.Millisecond {
		t.Errorf("%v, want 3.5s", got)
	}
}
