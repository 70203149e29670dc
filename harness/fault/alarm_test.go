package fault

import (
	"slices"
	"testing"
	"time"
)

func TestAnAlarmRingsInOrderAndNotEarly(t *testing.T) {
	for name, start := range map[string]func(func()) (func(time.Duration), func()){"the system's clock": startClock, "the runtime's timer": startTimer} {
		t.Run(name, func(t *testing.T) {
			a := &alarm{}
			a.arm, a.stop = start(a.ring)
			defer a.stop()
			now := time.Now()
			dropped := a.at(now.Add(3 * time.Millisecond))
			long := a.at(now.Add(time.Hour))
			for _, in := range []time.Duration{20, 5, 10, 5, 0, -1, 15} {
				due := now.Add(in * time.Millisecond)
				b := a.at(due)
				if in == 20 {
					a.drop(dropped)
				}
				select {
				case <-b.rings:
				case <-time.After(2 * time.Second):
					t.Fatalf("the bell of %d ms does not ring", in)
				}
				if d := time.Since(due); d < 0 {
					t.Errorf("the bell of %d ms rings %v early", in, -d)
				}
				a.drop(b) // twice does no harm
			}
			select {
			case <-dropped.rings:
				t.Error("a dropped bell rings")
			case <-long.rings:
				t.Error("a bell rings an hour early")
			default:
			}
			a.drop(long)
			if len(a.bells) != 0 {
				t.Errorf("%d bells are left", len(a.bells))
			}
		})
	}
}

func TestAnAlarmIsLateByLessThanTheRuntimesTimer(t *testing.T) {
	a := newAlarm()
	defer a.stop()
	var late, sleeps []time.Duration
	for range 101 {
		due := time.Now().Add(2 * time.Millisecond)
		<-a.at(due).rings
		late = append(late, time.Since(due))
		start := time.Now()
		time.Sleep(2 * time.Millisecond)
		sleeps = append(sleeps, time.Since(start)-2*time.Millisecond)
	}
	slices.Sort(late)
	slices.Sort(sleeps)
	t.Logf("half of the time it is late by less than %v, a sleep by %v", late[50], sleeps[50])
	if late[50] > sleeps[50]+200*time.Microsecond {
		t.Errorf("it is late by %v, a sleep by %v", late[50], sleeps[50])
	}
}
