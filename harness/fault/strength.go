package fault

// strength is all that can be wrong with a link at one time. The zero value is a sound link.
type strength struct {
	Latency int64 `json:"latency,omitempty"` // milliseconds added to what the upstream sends
	Jitter  int64 `json:"jitter,omitempty"`  // milliseconds, more or less
	Rate    int64 `json:"rate,omitempty"`    // kilobytes (1000 bytes) per second and connection, both ways; 0: no limit
	Hold    bool  `json:"hold,omitempty"`    // nothing passes, nothing is lost
	Reset   bool  `json:"reset,omitempty"`   // connections are reset
	Down    bool  `json:"down,omitempty"`    // connections are refused
}

// with is what a link suffers from two faults at once.
func (s strength) with(o strength) strength {
	s.Latency += o.Latency
	s.Jitter += o.Jitter
	if s.Rate == 0 || o.Rate != 0 && o.Rate < s.Rate {
		s.Rate = o.Rate
	}
	s.Hold = s.Hold || o.Hold
	s.Reset = s.Reset || o.Reset
	s.Down = s.Down || o.Down
	return s
}
