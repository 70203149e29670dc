package jsmodule

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"

	"github.com/devcraft-studio/brunt/results/ledger"
)

// page is a ledger as scripts see it. All VUs have the same one.
type page struct {
	rt *sobek.Runtime
	of *ledger.Ledger
}

// ledger opens the ledger of a name.
func (i *instance) ledger(name string) (*sobek.Object, error) {
	switch {
	case i.vu.State() != nil:
		return nil, fmt.Errorf("ledger(%q) belongs into the init context, so that it is known before the load which ones there are", name)
	case i.module.options.Ledgers == nil:
		return nil, errors.New("there are no ledgers here")
	}
	opened, err := i.module.options.Ledgers.Open(name)
	if err != nil {
		return nil, err
	}
	p := page{i.vu.Runtime(), opened}
	o := p.rt.NewObject()
	for name, method := range map[string]any{"next": p.next, "acked": p.acked, "seen": p.seen, "admitted": p.admitted} {
		if err := o.Set(name, method); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (p page) next() uint64 { return p.of.Next() }

func (p page) acked(id sobek.Value) error {
	n, err := p.id("acked", id)
	if err == nil {
		p.of.Ack(n)
	}
	return err
}

// seen takes an id and, where order matters, {key, sequence}.
func (p page) seen(id, order sobek.Value) error {
	n, err := p.id("seen", id)
	if err != nil {
		return err
	}
	if common.IsNullish(order) {
		p.of.See(n)
		return nil
	}
	o := order.ToObject(p.rt)
	key, err := p.key("seen", o.Get("key"))
	if err != nil {
		return err
	}
	if common.IsNullish(o.Get("key")) {
		return fmt.Errorf("%s.seen(%d, ...): the second argument is {key, sequence}, and key is missing", p.of.Name(), n)
	}
	sequence := n
	if given := o.Get("sequence"); !common.IsNullish(given) {
		if sequence, err = p.id("seen", given); err != nil {
			return err
		}
	}
	p.of.SeeInOrder(n, key, sequence)
	return nil
}

// admitted takes a key, which may be left out, and the moment, which is now when it is left out.
func (p page) admitted(key, at sobek.Value) error {
	text, err := p.key("admitted", key)
	if err != nil {
		return err
	}
	when := time.Now()
	if !common.IsNullish(at) {
		ms := at.ToFloat()
		if date, ok := at.Export().(time.Time); ok {
			ms = float64(date.UnixMicro()) / 1000
		}
		var ok bool
		if when, ok = ledger.Moment(ms); !ok {
			return fmt.Errorf("%s.admitted: %s is no time: give milliseconds since 1970 or a Date", p.of.Name(), at)
		}
	}
	p.of.Admit(text, when)
	return nil
}

// id is a whole number, or the digits of one. Anything else is a slip in the script that would make counts wrong.
func (p page) id(method string, v sobek.Value) (uint64, error) {
	if v == nil { // left out
		v = sobek.Undefined()
	}
	wrong := func() (uint64, error) {
		return 0, fmt.Errorf("%s.%s: %v is no id: ids are whole numbers from 0 to 2^53 - 1", p.of.Name(), method, v)
	}
	if common.IsNullish(v) {
		return wrong()
	}
	switch n := v.Export().(type) {
	case int64:
		if n < 0 || n > ledger.MaxID {
			return wrong()
		}
		return uint64(n), nil
	case float64:
		if n != math.Trunc(n) || n < 0 || n > ledger.MaxID {
			return wrong()
		}
		return uint64(n), nil
	case string:
		id, err := strconv.ParseUint(n, 10, 64)
		if err != nil || id > ledger.MaxID {
			return wrong()
		}
		return id, nil
	}
	return wrong()
}

func (p page) key(method string, v sobek.Value) (string, error) {
	if common.IsNullish(v) {
		return "", nil
	}
	if text := v.String(); len(text) <= ledger.MaxKey {
		return text, nil
	}
	return "", fmt.Errorf("%s.%s: a key has at most %d bytes", p.of.Name(), method, ledger.MaxKey)
}
