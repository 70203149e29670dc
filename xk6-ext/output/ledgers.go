package output

import (
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// ledgerNames are the ledgers that the script made.
func (o Options) ledgerNames() []string {
	if o.Ledgers == nil {
		return nil
	}
	return o.Ledgers.Names()
}

// sendLedgers sends what the script's ledgers hold. The load is over: all that was told was told.
func (o *Output) sendLedgers() {
	names := o.options.ledgerNames()
	if len(names) == 0 {
		return
	}
	for _, name := range names {
		if why := o.options.Ledgers.Ledger(name).Full(); why != "" {
			o.notice("warn", "the ledger "+name+" is not whole: "+why)
		}
	}
	_ = o.options.Ledgers.Blocks(results.ScriptSource, func(block []byte) error {
		o.send(wire.Ledger{Block: block})
		return nil
	})
}
