package jsmodule

import (
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/lib"
)

// fault is what scripts do with faults. Both return when what they ask for is confirmed.
func (i *instance) fault() (*sobek.Object, error) {
	o := i.vu.Runtime().NewObject()
	for name, lift := range map[string]bool{"apply": false, "lift": true} {
		method := func(fault string) error { return i.disturb(name, fault, lift) }
		if err := o.Set(name, method); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (i *instance) disturb(method, fault string, lift bool) error {
	switch {
	case lib.GetScenarioState(i.vu.Context()) == nil:
		return fmt.Errorf("fault.%s(%q) belongs into a scenario's function: elsewhere no load runs", method, fault)
	case i.module.options.Fault == nil:
		return fmt.Errorf("fault.%s(%q): there are no faults here", method, fault)
	}
	if err := i.module.options.Fault(i.vu.Context(), fault, lift); err != nil {
		return fmt.Errorf("fault.%s(%q): %w", method, fault, err)
	}
	return nil
}
