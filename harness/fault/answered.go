package fault

import "sync"

// answers counts the probes that nodes answered, where an answer is a command that the node counts among its own.
type answers struct {
	mu sync.Mutex
	by map[string]int64
}

func (a *answers) note(node string, r ProbeResult) {
	if !r.Answered || r.Protocol != ProtocolRedis {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]int64{}
	}
	a.by[node]++
}

// Answered is how many commands a node has answered to the probes of faults' effects, so that they can be told from the load's.
func (i *Injector) Answered(node string) int64 {
	i.answers.mu.Lock()
	defer i.answers.mu.Unlock()
	return i.answers.by[node]
}

// probed is the node that the probes of a fault reach.
func (i *Injector) probed(link, node string) string {
	if l, ok := i.site.Link(link); ok {
		return l.To
	}
	return node
}
