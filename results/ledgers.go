package results

// ScriptSource is the source, in a file of ledgers, of what the load's script told.
const ScriptSource = "script"

// ReceiverSource is the source of what a service told.
func ReceiverSource(service string) string { return "receiver " + service }

// Ledgers is what became of the ledgers of a trial.
type Ledgers struct {
	Path      string     `json:"path"`   // of their file, relative to the run's folder; empty: nothing was kept
	Script    []string   `json:"script"` // the names of those that the script made, sorted
	Receivers []Receiver `json:"receivers"`
}

// Receiver is a service that offers what arrived there.
type Receiver struct {
	Ledger  string `json:"ledger"`
	Service string `json:"service"`
	Read    bool   `json:"read"`
	Reason  string `json:"reason,omitempty"` // why it could not be read
	// Settled is how long after the load it was read for the last time, in seconds, and Missing how many ids that had been
	// acknowledged nobody had seen by then.
	Settled float64 `json:"settled_s"`
	Missing uint64  `json:"missing"`
}
