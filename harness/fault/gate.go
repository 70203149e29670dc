package fault

import "sync"

// gate stops the flow of a link's data, both ways, without losing any. It starts open.
type gate struct {
	mu   sync.Mutex
	held bool
	open chan struct{} // closed while data may pass
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

// passing returns a channel that is closed when data may pass.
func (g *gate) passing() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *gate) hold(held bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case held && !g.held:
		g.open = make(chan struct{})
	case !held && g.held:
		close(g.open)
	}
	g.held = held
}
