package results

// ScorecardRow is what the row of evidence is called that says whether enough of a scorecard was tried.
const ScorecardRow = "scorecard"

// Cell is one fault of a scorecard, on a link or on a node.
type Cell struct {
	Link     string `json:"link"` // empty: the fault is on Node
	Node     string `json:"node,omitempty"`
	Kind     string `json:"kind"`
	Strength string `json:"strength"` // mild or strong
	What     string `json:"what"`     // the strength itself: 500ms, for 5s
}

// On is the link or the node that the fault acts on.
func (c Cell) On() string {
	if c.Node != "" {
		return c.Node
	}
	return c.Link
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
