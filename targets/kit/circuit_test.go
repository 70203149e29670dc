package kit_test

import (
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

func TestCircuit(t *testing.T) {
	now := time.Unix(0, 0)
	c := kit.NewCircuit(2, time.Second, func() time.Time { return now })
	expect := func(want bool, why string) {
		t.Helper()
		if c.Allow() != want {
			t.Errorf("Allow is %v, want %v: %s", !want, want, why)
		}
	}
	expect(true, "closed at first")
	c.Report(false)
	expect(true, "one failure is not two")
	c.Report(true)
	expect(true, "an answer forgets the failure")
	c.Report(false)
	expect(true, "one failure again")
	c.Report(false)
	expect(false, "open after two in a row")
	now = now.Add(time.Second)
	expect(true, "one call tries after the pause")
	expect(false, "and only one")
	c.Report(false)
	expect(false, "the try failed")
	now = now.Add(time.Second)
	expect(true, "another try")
	c.Report(true)
	expect(true, "closed again")
	expect(true, "for everyone")
	if c.Openings() != 2 {
		t.Errorf("%d openings, want 2", c.Openings())
	}
}
