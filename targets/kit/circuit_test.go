package kit_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

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

func TestAnAskIsAnsweredOrCountsAsAFailure(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, row := range []struct {
		name           string
		ctx            context.Context
		err            error
		answered, open bool
	}{
		{"a value", t.Context(), nil, true, false},
		{"a miss", t.Context(), redis.Nil, true, false},
		{"a failure", t.Context(), io.ErrUnexpectedEOF, false, true},
		{"a client that left", left, context.Canceled, false, false},
	} {
		c := kit.NewCircuit(1, time.Hour, time.Now)
		if got := c.Ask(row.ctx, time.Hour, func(context.Context) error { return row.err }); got != row.answered {
			t.Errorf("%s: answered is %v", row.name, got)
		}
		if open := !c.Allow(); open != row.open {
			t.Errorf("%s: the circuit is open: %v", row.name, open)
		}
	}
	c := kit.NewCircuit(1, time.Hour, time.Now)
	late := c.Ask(t.Context(), time.Nanosecond, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	asked := c.Ask(t.Context(), time.Hour, func(context.Context) error { t.Error("asked though the circuit is open"); return nil })
	if late || asked {
		t.Errorf("answered too late: %v; answered though the circuit is open: %v", late, asked)
	}
}
