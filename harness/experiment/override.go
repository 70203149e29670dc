package experiment

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mostScale and leastScale bound a time scale: what is outside is a slip of the pen.
const (
	leastScale = 0.001
	mostScale  = 1000
)

// override writes what an alternative of the file, BRUNT_* variables and flags say into the nodes of the file, the weakest first,
// and returns the time scale.
func (d *decoder) override(root *yaml.Node, opts Options) float64 {
	d.setAlternative(root, opts.Alternative)
	if opts.asWritten {
		return 1
	}
	variant := "BRUNT_VARIANT"
	if opts.Alternative != "" {
		variant = "" // the alternative says which
	}
	length := ""
	if opts.Duration != 0 {
		length = opts.Duration.String()
	}
	for _, o := range []struct{ path, flag, value, variable string }{
		{"load.shape", "--shape", opts.Shape, "BRUNT_SHAPE"},
		{"load.rate", "--rate", opts.Rate, "BRUNT_RATE"},
		{"load.duration", "--duration", length, "BRUNT_DURATION"},
		{"", "--variant", opts.Variant, variant},
	} {
		value, origin := o.value, o.flag
		if value == "" {
			if value, origin = opts.variable(o.variable), o.variable; value == "" {
				continue
			}
		}
		if o.path == "" {
			d.setVariant(root, value, giver{origin: origin})
			continue
		}
		d.set(root, o.path, valueNode(value), giver{origin: origin})
	}
	for _, name := range slices.Sorted(maps.Keys(opts.Env)) {
		d.set(root, "load.env."+name, valueNode(opts.Env[name]), giver{origin: "-e " + name})
	}
	for _, pair := range opts.Set {
		path, value, ok := strings.Cut(pair, "=")
		if !ok || path == "" {
			d.originProblem("--set "+pair, "a path and a value are wanted", "write path=value, such as load.rate=50/s")
			continue
		}
		d.set(root, path, valueNode(value), giver{origin: "--set " + path})
	}
	return d.scale(opts)
}

func (o Options) variable(name string) string {
	if o.Lookup == nil || name == "" {
		return ""
	}
	value, _ := o.Lookup(name)
	return value
}

func (d *decoder) originProblem(origin, text, hint string) {
	d.problems = append(d.problems, Problem{File: d.file, Origin: origin, Text: text, Hint: hint})
}

// scale is the time scale of a flag or of BRUNT_TIME_SCALE.
func (d *decoder) scale(opts Options) float64 {
	scale, origin := opts.TimeScale, "--time-scale"
	if text := opts.variable("BRUNT_TIME_SCALE"); scale == 0 && text != "" {
		var err error
		origin = "BRUNT_TIME_SCALE"
		if scale, err = strconv.ParseFloat(text, 64); err != nil {
			d.originProblem(origin, quote(text)+" is not a number", "write one such as 0.5")
			return 1
		}
	}
	if scale == 0 && origin == "--time-scale" {
		return 1
	}
	if !(scale >= leastScale && scale <= mostScale) {
		d.originProblem(origin, strconv.FormatFloat(scale, 'g', -1, 64)+" is not a time scale", "it is 0.001 to 1000; 0.5 halves every time")
		return 1
	}
	return scale
}

// setVariant sets the variant of every service that is a reference target.
func (d *decoder) setVariant(root *yaml.Node, value string, by giver) {
	found := false
	each := func(path string, service *yaml.Node) {
		if child(service, "reference") != nil {
			found = true
			d.set(root, path+".variant", valueNode(value), by)
		}
	}
	if target := child(root, "target"); target != nil {
		each("target", target)
	}
	if services := child(root, "services"); services != nil && services.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(services.Content); i += 2 {
			each("services."+services.Content[i].Value, resolve(services.Content[i+1]))
		}
	}
	if !found {
		d.wrong(by, "no service of the experiment is a reference target", "only those have variants")
	}
}

// set writes value where path points to.
func (d *decoder) set(root *yaml.Node, path string, value *yaml.Node, by giver) {
	keys := d.keysOf(root, path)
	if bad, hint := unknownPath(keys); bad != "" {
		d.wrong(by, path+" names nothing: "+bad, hint)
		return
	}
	at := root
	for i, key := range keys[:len(keys)-1] {
		next, hint := d.descend(at, key, by, i == len(keys)-2 && key == "env" || !owned(keys[:i+1]))
		if next == nil {
			d.wrong(by, path+" names nothing: there is no "+strings.Join(keys[:i+1], "."), hint)
			return
		}
		at = next
	}
	d.put(at, keys, path, value, by)
}

// put makes fresh the value of the last key of keys in node at.
func (d *decoder) put(at *yaml.Node, keys []string, path string, fresh *yaml.Node, by giver) {
	last := keys[len(keys)-1]
	d.mark(by, fresh)
	if at.Kind == yaml.SequenceNode {
		i := indexOf(at, last)
		if i < 0 {
			d.wrong(by, path+" names nothing: the list has no "+last, "items are named by number, from 0, or by name")
			return
		}
		at.Content[i] = fresh
		return
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == last {
			if by.key != nil { // a list or nothing stands where its key does
				key := *at.Content[i]
				d.mark(by, &key)
				at.Content[i] = &key
			}
			at.Content[i+1] = fresh
			return
		}
	}
	if owned(keys) {
		d.wrong(by, path+" names nothing: there is no "+strings.Join(keys, "."), suggest(last, keyNames(at)))
		return
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: last}
	d.mark(by, key)
	at.Content = append(at.Content, key, fresh)
}

// keysOf splits a path. target stands for the service that load enters, when no key of the file is called so.
func (d *decoder) keysOf(root *yaml.Node, path string) []string {
	keys := strings.Split(path, ".")
	if keys[0] != "target" || child(root, "target") != nil {
		return keys
	}
	services := child(root, "services")
	name := ""
	if load := child(root, "load"); load != nil {
		if target := child(load, "target"); target != nil {
			name = target.Value
		}
	}
	if names := keyNames(services); name == "" && len(names) == 1 {
		name = names[0]
	}
	if name == "" {
		return keys
	}
	return append([]string{"services", name}, keys[1:]...)
}

// descend returns the node below at that key names, and makes it when it may be made.
func (d *decoder) descend(at *yaml.Node, key string, by giver, make bool) (next *yaml.Node, hint string) {
	if at.Kind == yaml.SequenceNode {
		if i := indexOf(at, key); i >= 0 {
			at.Content[i] = own(at.Content[i])
			return at.Content[i], ""
		}
		return nil, "items are named by number, from 0, or by name"
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == key {
			at.Content[i+1] = own(at.Content[i+1])
			return at.Content[i+1], ""
		}
	}
	if !make {
		return nil, suggest(key, keyNames(at))
	}
	name, value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if inherited := child(at, key); inherited != nil {
		value = own(shallow(inherited))
	}
	d.mark(by, name, value)
	at.Content = append(at.Content, name, value)
	return value, ""
}

// own returns a node that may be changed: a copy of what an alias refers to, the node itself otherwise. An empty node
// becomes an empty mapping.
func own(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = shallow(n.Alias)
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		n.Kind, n.Tag, n.Value = yaml.MappingNode, "!!map", ""
	}
	return n
}

// shallow copies a node but not what it contains, which is copied in turn when it is descended into.
func shallow(n *yaml.Node) *yaml.Node {
	c := *n
	c.Anchor = ""
	c.Content = slices.Clone(n.Content)
	for i, child := range c.Content {
		if child.Kind == yaml.MappingNode || child.Kind == yaml.SequenceNode {
			c.Content[i] = &yaml.Node{Kind: yaml.AliasNode, Alias: child, Line: child.Line}
		}
	}
	return &c
}

// valueNode is the node of a value as it is given on a command line: [a, b] is a list, everything else a text.
func valueNode(value string) *yaml.Node {
	var document yaml.Node
	if strings.HasPrefix(value, "[") && yaml.Unmarshal([]byte(value), &document) == nil && len(document.Content) == 1 {
		if list := document.Content[0]; list.Kind == yaml.SequenceNode {
			return list
		}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// child returns the value of a key of a mapping node, also one that << brings, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var merged *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch {
		case n.Content[i].Value == key:
			return resolve(n.Content[i+1])
		case n.Content[i].Tag == "!!merge":
			merged = resolve(n.Content[i+1])
		}
	}
	if merged == nil || merged == n || merged.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(merged.Content); i += 2 {
		if merged.Content[i].Value == key {
			return resolve(merged.Content[i+1])
		}
	}
	return nil
}

func keyNames(n *yaml.Node) []string {
	var names []string
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		names = append(names, n.Content[i].Value)
	}
	return names
}

// indexOf finds the item of a list by its number or by its name.
func indexOf(list *yaml.Node, key string) int {
	for i, item := range list.Content {
		if name := child(resolve(item), "name"); name != nil && name.Value == key {
			return i
		}
	}
	if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(list.Content) {
		return i
	}
	return -1
}

// container is a raw type whose keys are the user's own or numbers.
type container interface {
	element() reflect.Type
	// open says whether a key may be made that is not there.
	open() bool
}

func (m mapping[T]) element() reflect.Type { return reflect.TypeFor[T]() }
func (m mapping[T]) open() bool            { return reflect.TypeFor[T]() == reflect.TypeFor[text]() }
func (l list[T]) element() reflect.Type    { return reflect.TypeFor[T]() }
func (l list[T]) open() bool               { return false }

// unknownPath says which key of a path no experiment can have.
func unknownPath(keys []string) (problem, hint string) {
	t := reflect.TypeFor[rawFile]()
	for i, key := range keys {
		if c, ok := reflect.Zero(t).Interface().(container); ok {
			t = c.element()
			continue
		}
		fields, names := map[string]int{}, []string(nil)
		if t.Kind() == reflect.Struct {
			fields, names = fieldsOf(reflect.Zero(t))
		}
		index, known := fields[key]
		if !known && len(names) == 0 {
			return strings.Join(keys[:i], ".") + " has no parts", ""
		}
		if !known {
			return "unknown key " + strings.Join(keys[:i+1], "."), suggest(key, names)
		}
		t = t.Field(index).Type
	}
	if t.Kind() == reflect.Struct && !scalarType(t) {
		return strings.Join(keys, ".") + " is not a single value", "name one of its parts"
	}
	return "", ""
}

// scalarType says whether a raw type is given by one value or a list of words.
func scalarType(t reflect.Type) bool {
	_, isContainer := reflect.Zero(t).Interface().(container)
	_, names := fieldsOf(reflect.Zero(t))
	return !isContainer && len(names) == 0
}

// owned says whether the last of keys is a name that the file itself must have given: of a service, a dependency or an
// item of a list.
func owned(keys []string) bool {
	t := reflect.TypeFor[rawFile]()
	named := false
	for _, key := range keys {
		named = false
		if c, ok := reflect.Zero(t).Interface().(container); ok {
			t, named = c.element(), !c.open()
			continue
		}
		if t.Kind() != reflect.Struct {
			return false
		}
		fields, _ := fieldsOf(reflect.Zero(t))
		index, known := fields[key]
		if !known {
			return false
		}
		t = t.Field(index).Type
	}
	return named
}
