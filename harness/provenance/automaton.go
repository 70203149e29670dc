package provenance

// automaton finds all needles at once in one pass over a text, after A. V. Aho and M. J. Corasick, "Efficient string
// matching: an aid to bibliographic search", CACM 18(6), 1975. The state after a byte is the longest end of the text that
// some needle begins with; its depth is therefore exactly what a stream has to hold back.
type automaton struct {
	nodes []trieNode
	root  [256]int32 // edges of the root; nearly all other nodes have one edge
}

type trieNode struct {
	first int32          // where the first edge leads, 0: no edge
	byte  byte           // of the first edge
	more  map[byte]int32 // the other edges
	fail  int32          // the longest proper end of this node's text that is a node too
	depth int32          // length of the node's text
	match int32          // length of the longest needle that ends here, 0 for none
}

func newAutomaton(needles []string) *automaton {
	a := &automaton{nodes: []trieNode{{}}}
	for _, needle := range needles {
		a.insert(needle)
	}
	// By depth, so that the shorter texts that fail points to are finished first.
	var queue []int32
	for _, child := range a.root {
		if child != 0 {
			queue = append(queue, child)
		}
	}
	for len(queue) > 0 {
		node := queue[0]
		queue = queue[1:]
		n := &a.nodes[node]
		n.match = max(n.match, a.nodes[n.fail].match)
		visit := func(c byte, child int32) {
			a.nodes[child].fail = a.step(n.fail, c)
			queue = append(queue, child)
		}
		if n.first != 0 {
			visit(n.byte, n.first)
		}
		for c, child := range n.more {
			visit(c, child)
		}
	}
	return a
}

func (a *automaton) insert(needle string) {
	if needle == "" {
		return
	}
	node := int32(0)
	for i := range len(needle) {
		child := a.child(node, needle[i])
		if child == 0 {
			child = int32(len(a.nodes))
			a.nodes = append(a.nodes, trieNode{depth: a.nodes[node].depth + 1})
			a.link(node, needle[i], child)
		}
		node = child
	}
	a.nodes[node].match = int32(len(needle))
}

// link adds an edge.
func (a *automaton) link(node int32, c byte, child int32) {
	n := &a.nodes[node]
	switch {
	case node == 0:
		a.root[c] = child
	case n.first == 0:
		n.first, n.byte = child, c
	default:
		if n.more == nil {
			n.more = map[byte]int32{}
		}
		n.more[c] = child
	}
}

// child is the node that c leads to, 0 when none does.
func (a *automaton) child(node int32, c byte) int32 {
	n := &a.nodes[node]
	switch {
	case node == 0:
		return a.root[c]
	case n.first != 0 && n.byte == c:
		return n.first
	}
	return n.more[c]
}

// step is the state after one more byte.
func (a *automaton) step(state int32, c byte) int32 {
	for {
		if next := a.child(state, c); next != 0 || state == 0 {
			return next
		}
		state = a.nodes[state].fail
	}
}

// mayFind says, quickly, whether a text can hold anything to redact.
func (a *automaton) mayFind(text string) bool {
	state := int32(0)
	for i := range len(text) {
		if text[i] == '@' { // perhaps of a URL with a password
			return true
		}
		if state = a.step(state, text[i]); a.nodes[state].match != 0 {
			return true
		}
	}
	return false
}
