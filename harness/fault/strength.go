package fault

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// strength is what one fault does to a link, as the child is told. The zero value does nothing.
type strength struct {
	Latency      time.Duration `json:"latency,omitempty"`      // added to what the upstream sends
	Jitter       time.Duration `json:"jitter,omitempty"`       // how far that varies, by Distribution
	Distribution string        `json:"distribution,omitempty"` // empty: uniform
	Ramp         time.Duration `json:"ramp,omitempty"`         // until it has its full strength
	Share        float64       `json:"share,omitempty"`        // of the chunks or requests that are met; 0: all
	Key          uint64        `json:"key,omitempty"`          // of its random numbers

	Rate       int64         `json:"rate,omitempty"`       // kilobytes (1000 bytes) per second and connection, both ways; 0: no limit
	Hold       bool          `json:"hold,omitempty"`       // nothing passes, nothing is lost
	Reset      bool          `json:"reset,omitempty"`      // connections are reset
	Down       bool          `json:"down,omitempty"`       // connections are refused
	Unanswered bool          `json:"unanswered,omitempty"` // requests to connect are not answered
	Loss       float64       `json:"loss,omitempty"`       // of the packets that come to the link's sockets; 0: none
	Connect    time.Duration `json:"connect,omitempty"`    // before a new connection is served

	Piece int           `json:"piece,omitempty"` // bytes that are sent at once; 0: no limit
	Gap   time.Duration `json:"gap,omitempty"`   // between two pieces
	Limit int64         `json:"limit,omitempty"` // bytes of the upstream's after which the connection is closed; 0: no limit
	Close time.Duration `json:"close,omitempty"` // before the upstream's end is passed on

	HTTP   string        `json:"http,omitempty"`   // what becomes of requests: error, abort, slow; empty: nothing
	Status int           `json:"status,omitempty"` // of an error
	Body   time.Duration `json:"body,omitempty"`   // before the body of a slow answer
}

// perChunk tells whether the fault acts on single chunks of data, and not on connections or sockets alone.
func (s strength) perChunk() bool {
	return s.Latency > 0 || s.Piece > 0 || s.Limit > 0 || s.Close > 0 || s.HTTP != ""
}

// inForce is a fault of a relay.
type inForce struct {
	name string
	strength
	since  time.Time
	expiry *time.Timer
	paid   toll         // of the link, when it came into force
	hits   atomic.Int64 // chunks or requests that it has met; those of probes are not counted

	mu      sync.Mutex
	refused map[string]int64 // connections that it could not act on, by reason
}

func (f *inForce) refuse(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refused == nil {
		f.refused = map[string]int64{}
	}
	f.refused[reason]++
}

func (f *inForce) refusals() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.refused)
}

// burden is all that a link suffers at one time. It is never changed: another takes its place.
type burden struct {
	rate                          int64
	hold, reset, down, unanswered bool
	http                          bool // a fault acts on requests
	connect, close                time.Duration
	loss                          float64       // the share of packets that are lost
	each                          []*inForce    // those that act on single chunks, by name
	over                          chan struct{} // closed when another burden takes its place
}

// burdenOf combines faults: connect and close delays add up, the lowest rate holds, one is enough to hold, reset, refuse or not
// answer, and a packet is lost when any of them loses it.
func burdenOf(faults map[string]*inForce) *burden {
	b := &burden{over: make(chan struct{})}
	for _, f := range slices.SortedFunc(maps.Values(faults), func(x, y *inForce) int { return cmp.Compare(x.name, y.name) }) {
		if b.rate == 0 || f.Rate != 0 && f.Rate < b.rate {
			b.rate = f.Rate
		}
		b.hold = b.hold || f.Hold
		b.reset = b.reset || f.Reset
		b.down = b.down || f.Down
		b.unanswered = b.unanswered || f.Unanswered
		b.http = b.http || f.HTTP != ""
		b.connect += f.Connect
		b.close += f.Close
		b.loss += f.Loss - b.loss*f.Loss
		if f.perChunk() {
			b.each = append(b.each, f)
		}
	}
	return b
}

// covers tells whether every fault that acts on single chunks in o does so in b.
func (b *burden) covers(o *burden) bool {
	for _, f := range o.each {
		if !slices.Contains(b.each, f) {
			return false
		}
	}
	return true
}

// unheard is the share of requests to connect that are lost.
func (b *burden) unheard() float64 {
	if b.unanswered {
		return 1
	}
	return b.loss
}
