package results

// Costs are what a fixed list of requests, made one after another, had a build do in one trial. They are counts, not times.
type Costs struct {
	Requests []RequestCost `json:"requests"` // in the order in which they were made
	// Statements and Commands are what the requests refer to: SQL as PostgreSQL normalises it, and the names of Redis commands.
	Statements []string `json:"statements,omitempty"`
	Commands   []string `json:"commands,omitempty"`
	// Allocations of the target per request, all of them together; nil: it does not tell.
	Allocations *float64 `json:"allocations,omitempty"`
	// Postgres and Redis say whether there was one to count in.
	Postgres bool `json:"postgres,omitempty"`
	Redis    bool `json:"redis,omitempty"`
	// Links says whether round trips were counted, over links.
	Links bool `json:"links,omitempty"`
}

// RequestCost is what was done from the beginning of a request to that of the next one.
type RequestCost struct {
	Endpoint   string          `json:"endpoint"` // method and path, with {id} for what differs: GET /items/{id}
	Status     int             `json:"status"`   // 0: no answer
	Bytes      int64           `json:"bytes"`    // of the answer's body
	Statements []StatementCost `json:"statements,omitempty"`
	Commands   []CommandCost   `json:"commands,omitempty"`
	RedisBytes int64           `json:"redis_bytes,omitempty"` // to the server and back
	// RoundTrips are the times that a service began to send to a postgres or a redis, since it had connected or was last answered, over
	// all connections.
	RoundTrips int64 `json:"round_trips,omitempty"`
}

// StatementCost is what a statement did.
type StatementCost struct {
	Statement int   `json:"s"` // index into Costs.Statements
	Calls     int64 `json:"calls"`
	Rows      int64 `json:"rows"`
	Buffers   int64 `json:"buffers"`
	WAL       int64 `json:"wal"` // bytes
}

// CommandCost is how often a command was called.
type CommandCost struct {
	Command int   `json:"c"` // index into Costs.Commands
	Calls   int64 `json:"calls"`
}

// AllEndpoints is the endpoint of what is not told apart by endpoints.
const AllEndpoints = "all"

// CostCounts are the counts that costs are compared by, those that tell most first.
func CostCounts() []string {
	return []string{
		"failed answers", "queries", "Redis commands", "round trips", "rows", "buffers", "WAL", "allocations", "answer", "Redis traffic",
	}
}

// CostComparison is the candidate against the baseline for one count at one endpoint.
type CostComparison struct {
	Endpoint  string            `json:"endpoint"`
	Count     string            `json:"count"` // one of CostCounts
	Unit      string            `json:"unit"`  // B, or none
	Baseline  float64           `json:"baseline"`
	Candidate float64           `json:"candidate"` // per request, both: the mean of the trials
	Outcome   ComparisonOutcome `json:"outcome"`
	// Exact says that the count was the same in all trials of a build, so that any difference is one of the builds.
	Exact bool `json:"exact"`
	// Accepted is why a count that is worse is no fail: the reason that the experiment gives. AcceptedUntil is its last day.
	Accepted      string `json:"accepted,omitempty"`
	AcceptedUntil string `json:"accepted_until,omitempty"`
}

// CostChange is a statement or a command that the candidate makes another use of than the baseline, per request.
type CostChange struct {
	Endpoint  string  `json:"endpoint"`
	Kind      string  `json:"kind"` // statement, command
	Text      string  `json:"text"`
	Baseline  CostUse `json:"baseline"`
	Candidate CostUse `json:"candidate"`
}

// CostUse is what a statement or a command came to, per request.
type CostUse struct {
	Calls   float64 `json:"calls"`
	Rows    float64 `json:"rows"`
	Buffers float64 `json:"buffers"`
	WAL     float64 `json:"wal"`
}

// AskerGate is the command that compares two builds, as Question.Asker has it.
const AskerGate = "gate"
