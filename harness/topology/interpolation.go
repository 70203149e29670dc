package topology

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// scope is what one consumer's values can refer to: ${name.attribute} of a node as the consumer reaches it, ${env.NAME}
// and ${scaled:60s}. $${ stands for ${ itself.
type scope struct {
	nodes  map[string]map[string]string // attributes by node: url, host, port, address and its parameters
	lookup func(string) (string, bool)
	scale  float64 // of ${scaled:…}
}

// reference is one ${…}: the text between the braces, and the node it names, if it names one.
type reference struct{ text, node, attribute string }

// pieces calls literal and refer for the parts of text, in order.
func pieces(text string, literal func(string), refer func(reference)) error {
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			literal(text)
			return nil
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			literal(escaped + "${")
			text = rest
			continue
		}
		literal(before)
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return fmt.Errorf("${%s has no closing brace", rest)
		}
		refer(parseReference(inside))
		text = after
	}
}

func parseReference(inside string) reference {
	r := reference{text: inside}
	if strings.HasPrefix(inside, "scaled:") || strings.HasPrefix(inside, "env.") {
		return r
	}
	if i := strings.LastIndexByte(inside, '.'); i > 0 {
		r.node, r.attribute = inside[:i], inside[i+1:]
	}
	return r
}

// namedNodes are the names of the nodes that the texts refer to, sorted, each once.
func namedNodes(texts ...string) []string {
	var names []string
	for _, text := range texts {
		// A brace that is missing is reported when the text is resolved.
		_ = pieces(text, func(string) {}, func(r reference) {
			if r.node != "" {
				names = append(names, r.node)
			}
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// resolve replaces every reference in text. Its error names every reference that cannot be resolved.
func (s scope) resolve(text string) (string, error) {
	var b strings.Builder
	var problems []error
	err := pieces(text, func(l string) { b.WriteString(l) }, func(r reference) {
		value, err := s.value(r)
		if err != nil {
			problems = append(problems, fmt.Errorf("${%s}: %w", r.text, err))
		}
		b.WriteString(value)
	})
	return b.String(), errors.Join(append(problems, err)...)
}

func (s scope) value(r reference) (string, error) {
	if name, ok := strings.CutPrefix(r.text, "env."); ok {
		if s.lookup != nil {
			if value, ok := s.lookup(name); ok {
				return value, nil
			}
		}
		return "", fmt.Errorf("the environment has no %s", name)
	}
	if text, ok := strings.CutPrefix(r.text, "scaled:"); ok {
		d, err := time.ParseDuration(text)
		if err != nil {
			return "", fmt.Errorf("%q is not a duration such as 60s", text)
		}
		if s.scale > 0 {
			d = time.Duration(float64(d) * s.scale)
		}
		return d.String(), nil
	}
	if r.node == "" {
		return "", errors.New("a reference is name.attribute, env.NAME or scaled:60s")
	}
	node, ok := s.nodes[r.node]
	if !ok {
		return "", fmt.Errorf("no node is named %s here (there are: %s)", r.node, list(s.nodes))
	}
	value, ok := node[r.attribute]
	if !ok {
		return "", fmt.Errorf("%s has no %s (it has: %s)", r.node, r.attribute, list(node))
	}
	return value, nil
}

// resolveAll resolves the values of a map; where names what it belongs to, for errors.
func (s scope) resolveAll(where string, values map[string]string) (map[string]string, error) {
	resolved := make(map[string]string, len(values))
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, err := s.resolve(values[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s.%s: %w", where, name, err))
			continue
		}
		resolved[name] = value
	}
	return resolved, errors.Join(problems...)
}

// resolveWords is resolveAll for a command line.
func (s scope) resolveWords(where string, words []string) ([]string, error) {
	resolved := slices.Clone(words)
	var problems []error
	for i, w := range words {
		value, err := s.resolve(w)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", where, err))
		}
		resolved[i] = value
	}
	return resolved, errors.Join(problems...)
}

func list[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
