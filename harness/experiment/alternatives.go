package experiment

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mostAlternatives is what one table still holds side by side.
const mostAlternatives = 12

// IsAlternative says whether the expectation is of neither naive nor fixed.
func (x Expectation) IsAlternative() bool { return !slices.Contains(variants(), x.Name) }

// Alternatives are the expectations of alternatives, in the order of the file.
func (e Experiment) Alternatives() []Expectation {
	return slices.DeleteFunc(slices.Clone(e.Expect), func(x Expectation) bool { return !x.IsAlternative() })
}

// giver is who gives a value: a flag or a variable, or a key of the file where there is one.
type giver struct {
	origin string
	key    *yaml.Node
}

// wrong reports that what was given can't be set.
func (d *decoder) wrong(by giver, text, hint string) {
	if by.key != nil {
		d.problem(place{by.key}, text, hint)
		return
	}
	d.originProblem(by.origin, text, hint)
}

// mark notes of nodes that are put into the file who gave them.
func (d *decoder) mark(by giver, fresh ...*yaml.Node) {
	for _, n := range fresh {
		if by.key == nil {
			d.origins[n] = by.origin
			continue
		}
		n.Line = by.key.Line
		d.mark(by, n.Content...)
	}
}

// setAlternative writes what an alternative sets into the nodes of the file. What is not well-formed below expect is left to those
// who read it.
func (d *decoder) setAlternative(root *yaml.Node, name string) {
	if name == "" {
		return
	}
	there := alternativeNames(root)
	if !slices.Contains(there, name) {
		hint := suggest(name, there)
		if len(there) == 0 {
			hint = "its file declares none below expect"
		}
		d.originProblem("--alternative", "the experiment has no alternative "+quote(name), hint)
		return
	}
	alternative := child(child(root, "expect"), name)
	if v := child(alternative, "variant"); v != nil && slices.Contains(variants(), v.Value) {
		d.setVariant(root, v.Value, giver{key: v})
	}
	set := child(alternative, "set")
	if set == nil || set.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(set.Content); i += 2 {
		key, value := set.Content[i], resolve(set.Content[i+1])
		if fresh := givenValue(value); fresh != nil && !declaring(key.Value) {
			d.set(root, key.Value, fresh, giver{key: key})
		}
	}
}

// givenValue is a value of set as --set would make it; nil where it is none.
func givenValue(n *yaml.Node) *yaml.Node {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		return valueNode(n.Value)
	case n.Kind == yaml.SequenceNode:
		fresh := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range n.Content {
			if item = resolve(item); item.Kind != yaml.ScalarNode {
				return nil
			}
			fresh.Content = append(fresh.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: item.Value})
		}
		return fresh
	}
	return nil
}

// declaring says whether a path is of what an alternative has in common with what it is set beside.
func declaring(path string) bool {
	first, _, _ := strings.Cut(path, ".")
	return first == "expect" || first == "name"
}

// alternativeNames are those that a file declares, in their order, and no more than there may be.
func alternativeNames(root *yaml.Node) []string {
	names := slices.DeleteFunc(keyNames(child(root, "expect")), func(name string) bool { return slices.Contains(variants(), name) })
	return names[:min(len(names), mostAlternatives)]
}

// unsoundAlternatives reads the file once more as each of its alternatives, and returns what is wrong with them alone. They are read
// as they are written: a flag that is given for another question is held against none. The one that is asked for is read under
// the flags, by others.
func unsoundAlternatives(found located, opts Options) Problems {
	root := newDecoder(found.file).parse(found.text)
	names := alternativeNames(root)
	if len(names) == 0 {
		return nil
	}
	opts = Options{Lookup: opts.Lookup, Alternative: opts.Alternative, asWritten: true}
	asked := opts.Alternative
	opts.Alternative = ""
	_, known := understand(found, opts)
	var all Problems
	for _, name := range names {
		if opts.Alternative = name; name == asked {
			continue
		}
		_, problems := understand(found, opts)
		for _, p := range problems {
			if slices.Contains(known, p) {
				continue
			}
			if path := "expect." + name; !strings.HasPrefix(p.Text, path) {
				p.Text = path + ": " + p.Text
			}
			all = append(all, p)
		}
	}
	return all
}
