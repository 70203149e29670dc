package recording

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// JoinTags is the canonical text of tags, as it stands in a Key: `name:value` sorted by name, joined by commas, with `\`,
// `,` and `:` escaped by a backslash. No tags are the empty string.
func JoinTags(tags map[string]string) string {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(tags)) {
		if i > 0 {
			b.WriteByte(',')
		}
		escape(&b, name)
		b.WriteByte(':')
		escape(&b, tags[name])
	}
	return b.String()
}

func escape(b *strings.Builder, s string) {
	for i := range len(s) {
		switch s[i] {
		case '\\', ',', ':':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
}

// SplitTags undoes JoinTags. It accepts canonical text only: what JoinTags would write for the tags returned.
func SplitTags(s string) (map[string]string, error) {
	tags := map[string]string{}
	if s == "" {
		return tags, nil
	}
	var part strings.Builder
	name, named := "", false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if i++; i == len(s) || !strings.ContainsRune(`\,:`, rune(s[i])) {
				return nil, fmt.Errorf("tags %q: a backslash that escapes nothing at byte %d", s, i-1)
			}
			part.WriteByte(s[i])
		case c == ':' && !named:
			name, named = part.String(), true
			part.Reset()
		case c == ',' && named:
			tags[name] = part.String()
			named = false
			part.Reset()
		case c == ':' || c == ',':
			return nil, fmt.Errorf("tags %q: unexpected %q at byte %d", s, c, i)
		default:
			part.WriteByte(c)
		}
	}
	if !named {
		return nil, fmt.Errorf("tags %q: a name without a value", s)
	}
	tags[name] = part.String()
	if JoinTags(tags) != s {
		return nil, fmt.Errorf("tags %q: not sorted by name, or a name twice", s)
	}
	return tags, nil
}
