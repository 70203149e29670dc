package fault

// The parent and the proxy child talk in JSON objects, one per line, over the child's standard input and output.

// The operations that the parent can ask for.
const (
	opOpen    = "open"    // a link: Listen, Upstream
	opClose   = "close"   // a link, with all its faults
	opDisable = "disable" // a link: refuse, and close what is open
	opEnable  = "enable"  // a disabled link
	opApply   = "apply"   // Fault of Strength until Expires, or Once
	opLift    = "lift"    // Fault
	opState   = "state"
	opPing    = "ping"
)

// request is what the parent asks.
type request struct {
	ID       uint64   `json:"id"`
	Op       string   `json:"op"`
	Link     string   `json:"link,omitempty"`
	Listen   string   `json:"listen,omitempty"`
	Upstream string   `json:"upstream,omitempty"`
	Fault    string   `json:"fault,omitempty"`
	Strength strength `json:"strength,omitzero"`
	Once     bool     `json:"once,omitempty"`    // act on the connections of this moment only
	Expires  int64    `json:"expires,omitempty"` // nanoseconds since 1970
}

// response is what the child answers under the request's number, or says unasked under number 0: Heartbeat once at its
// start, Expired for each fault that it ended by itself.
type response struct {
	ID      uint64      `json:"id"`
	Error   string      `json:"error,omitempty"`
	Code    string      `json:"code,omitempty"` // the kind of Error, where the parent cares
	Address string      `json:"address,omitempty"`
	At      int64       `json:"at,omitempty"`      // nanoseconds since 1970: when it was done
	Cut     int         `json:"cut,omitempty"`     // connections that had to be cut
	Pending int         `json:"pending,omitempty"` // connections that will follow when their peers read again
	Hits    int64       `json:"hits,omitempty"`    // chunks or requests that the fault met, where it meets a share
	Links   []linkState `json:"links,omitempty"`
	// Refused counts the connections that the fault could not act on, by reason.
	Refused map[string]int64 `json:"refused,omitempty"`
	Toll    toll             `json:"toll,omitzero"` // of the link while the fault lasted, where it loses packets

	Heartbeat string `json:"heartbeat,omitempty"`
	Expired   string `json:"expired,omitempty"` // name of a fault
}

// codeInUse is the code of an address that another process listens on.
const codeInUse = "in use"

// linkState is what the child knows of a link.
type linkState struct {
	Name    string   `json:"name"`
	Faults  []string `json:"faults,omitempty"` // in force, sorted
	Crossed int64    `json:"crossed"`          // connections so far, probes not counted
	Open    int      `json:"open"`             // connections now

	Exchanges int64 `json:"exchanges"` // so far, probes not counted
}
