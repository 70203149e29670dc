package experiment

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// nodeBudget bounds how many nodes are visited, and deepest how far down, so that a small file of aliases cannot become
// a large amount of work.
const (
	nodeBudget = 200_000
	deepest    = 64
	// mostEntries is more than any experiment has of one thing.
	mostEntries = 1000
)

// decoder turns the nodes of a file into the raw types of file.go and gathers everything that is wrong on the way.
type decoder struct {
	file     string
	problems Problems
	origins  map[*yaml.Node]string // nodes that did not come from the file
	blamed   map[*yaml.Node]bool   // nodes that a problem was reported of
	visited  int
	depth    int

	exhausted bool // the budget is used up, and that was said
}

// field is a raw type that reads itself out of a node.
type field interface {
	decode(d *decoder, n *yaml.Node, path string)
}

// place is where something stands in the file; its zero value says that it is not there.
type place struct{ node *yaml.Node }

func (p place) given() bool       { return p.node != nil }
func (p *place) put(n *yaml.Node) { p.node = n }
func (p place) line() int {
	if p.node == nil {
		return 0
	}
	return p.node.Line
}

// problem reports that what stands at p is wrong.
func (d *decoder) problem(p place, text, hint string) {
	found := Problem{File: d.file, Line: 1, Text: text, Hint: hint}
	if p.node != nil {
		found.Line, found.Origin = p.node.Line, d.origins[p.node]
		d.blamed[p.node] = true
	}
	d.problems = append(d.problems, found)
}

// into reads node n, which stands at path, into v: a pointer to a field or to a struct of fields.
func (d *decoder) into(v any, n *yaml.Node, path string) {
	d.depth++
	defer func() { d.depth-- }()
	if !d.afford(n, 1, path) {
		return
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if f, ok := v.(field); ok {
		f.decode(d, n, path)
		return
	}
	d.structure(reflect.ValueOf(v).Elem(), n, path)
}

// afford counts nodes against the budget and reports, once, when there is none left or it is too deep.
func (d *decoder) afford(n *yaml.Node, nodes int, path string) bool {
	d.visited += nodes
	if d.depth <= deepest && d.visited <= nodeBudget {
		return true
	}
	if !d.exhausted {
		d.problem(place{n}, "the file is too large or too deep at "+what(path), "every alias counts as what it stands for")
	}
	d.exhausted = true
	return false
}

// structure reads a mapping node into a struct by the yaml tags of its fields.
func (d *decoder) structure(v reflect.Value, n *yaml.Node, path string) {
	if p, ok := v.Addr().Interface().(interface{ put(*yaml.Node) }); ok {
		p.put(n)
	}
	fields, keys := fieldsOf(v)
	for _, e := range d.entries(n, path) {
		name := e.key.Value
		index, known := fields[name]
		if !known {
			d.problem(place{e.key}, "unknown key "+join(path, name), keyHint(name, path, keys))
			continue
		}
		d.entry(v.Field(index).Addr().Interface(), e, join(path, name))
	}
}

// entry reads the value of a key. A mapping or a list below its key stands where the key does, not where its first part does.
func (d *decoder) entry(v any, e pair, path string) {
	d.into(v, e.value, path)
	value := e.value
	if value.Kind == yaml.AliasNode && value.Alias != nil {
		value = value.Alias
	}
	p, ok := v.(interface{ put(*yaml.Node) })
	if ok && (value.Kind == yaml.MappingNode || value.Kind == yaml.SequenceNode || value.Tag == "!!null") && d.origins[e.value] == "" {
		p.put(e.key)
		d.blamed[e.key] = d.blamed[value]
	}
}

// fieldsOf maps the keys of a struct to its fields, and lists them in their order.
func fieldsOf(v reflect.Value) (map[string]int, []string) {
	fields, keys := map[string]int{}, []string{}
	t := v.Type()
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			fields[key] = i
			keys = append(keys, key)
		}
	}
	return fields, keys
}

// pair is one entry of a mapping node.
type pair struct{ key, value *yaml.Node }

// entries lists a mapping's entries in their order, each key once, merged ones (<<) last. Anything but a mapping is a
// problem; nothing at all is an empty one.
func (d *decoder) entries(n *yaml.Node, path string) []pair {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.problem(place{n}, what(path)+" is "+kindName(n)+" but should be a mapping", "write `key: value` lines below it, or {key: value}")
		return nil
	}
	if !d.afford(n, len(n.Content)/2, path) || d.tooMany(n, len(n.Content)/2, path) {
		return nil
	}
	seen := map[string]int{}
	var all []pair
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch line, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.problem(place{key}, "a key of "+what(path)+" is "+kindName(key), "keys are words")
		case key.Tag == "!!merge":
			merges = append(merges, value)
		case twice:
			d.problem(place{key}, join(path, key.Value)+" is given twice", "it already stands on line "+itoa(line))
		default:
			seen[key.Value] = key.Line
			all = append(all, pair{key, value})
		}
	}
	for _, m := range merges {
		all = append(all, d.merged(m, path, seen)...)
	}
	return all
}

// tooMany reports a mapping or a list that no experiment can have meant.
func (d *decoder) tooMany(n *yaml.Node, entries int, path string) bool {
	if entries <= mostEntries {
		return false
	}
	d.problem(place{n}, what(path)+" has "+itoa(entries)+" entries", "at most "+itoa(mostEntries)+" make sense")
	return true
}

// merged lists the entries that <<: brings and that seen does not have.
func (d *decoder) merged(n *yaml.Node, path string, seen map[string]int) []pair {
	d.depth++
	defer func() { d.depth-- }()
	if !d.afford(n, 1, path) {
		return nil
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	var all []pair
	if n.Kind == yaml.SequenceNode {
		for _, m := range n.Content {
			all = append(all, d.merged(m, path, seen)...)
		}
		return all
	}
	for _, e := range d.entries(n, path) {
		if _, there := seen[e.key.Value]; !there {
			seen[e.key.Value] = e.key.Line
			all = append(all, e)
		}
	}
	return all
}

// mapping is a mapping with keys of the user's own, in the order of the file.
type mapping[T any] struct {
	place
	entries []entry[T]
}

// entry is one named value of a mapping.
type entry[T any] struct {
	name  text
	value T
}

func (m *mapping[T]) decode(d *decoder, n *yaml.Node, path string) {
	m.put(n)
	for _, e := range d.entries(n, path) {
		var one entry[T]
		one.name.put(e.key)
		one.name.value = e.key.Value
		d.entry(&one.value, e, join(path, e.key.Value))
		m.entries = append(m.entries, one)
	}
}

// list is a sequence.
type list[T any] struct {
	place
	items []T
}

func (l *list[T]) decode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	l.put(n)
	if n.Kind != yaml.SequenceNode {
		d.problem(place{n}, what(path)+" is "+kindName(n)+" but should be a list", "begin each of its lines with `- `")
		return
	}
	if d.tooMany(n, len(n.Content), path) {
		return
	}
	for i, item := range n.Content {
		var one T
		d.into(&one, item, join(path, itoa(i)))
		l.items = append(l.items, one)
	}
}

// later is a part of the file whose shape is decided and whose behaviour is not built yet: it is read, so that its own
// mistakes are found, and refused by name.
type later[T any] struct {
	place
	value T
}

func (l *later[T]) decode(d *decoder, n *yaml.Node, path string) {
	l.put(n)
	d.problem(place{n}, path+" is not supported yet", "")
	d.into(&l.value, n, path)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func what(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.Tag == "!!null" {
		return "empty"
	}
	return "a single value"
}

// keyHint says which key was probably meant.
func keyHint(name, path string, keys []string) string {
	meant := map[string]string{
		"thresholds": "slos", "slo": "slos", "environment": "env", "healthcheck": "ready", "health": "ready",
		"chaos": "faults", "toxics": "faults", "toxic": "kind", "to": "link", "node": "on", "duration": "for", "start": "at",
		"delay": "latency", "type": "kind", "stages": "shape", "cmd": "command", "dockerfile": "build",
	}[strings.ToLower(name)]
	if meant == "" || !slices.Contains(keys, meant) {
		meant = nearest(name, keys)
	}
	switch {
	case meant != "":
		return "did you mean " + meant + "?"
	case path == "":
		return "top-level keys are " + enumerate(keys, "and")
	}
	return "keys are " + enumerate(keys, "and")
}
