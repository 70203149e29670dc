package results

// Cell is one fault of a scorecard.
type Cell struct {
	Link     string `json:"link"`
	Kind     string `json:"kind"`
	Strength string `json:"strength"` // mild or strong
	What     string `json:"what"`     // the strength itself: 500ms, for 5s
}

// CellOutcome is a cell as its trial was judged.
type CellOutcome struct {
	Cell
	Trial   int     `json:"trial"`
	Outcome Outcome `json:"outcome"`
	// SLO is the first row that was not a pass, and Value what it measured, in Unit.
	SLO    string   `json:"slo,omitempty"`
	Value  *float64 `json:"value,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Reason string   `json:"reason,omitempty"`
}
