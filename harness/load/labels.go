package load

import (
	"github.com/devcraft-studio/brunt/results/recording"
)

// maxLabels bounds how many texts of tags are remembered; beyond, they are worked out anew.
const maxLabels = 10_000

// labels takes secrets out of the tags by which series are kept: a URL without a name tag, the name of a check and the
// name of a group are texts that a script makes up, and may make up of a token. It is used by one goroutine.
type labels struct {
	redact func(string) string
	known  map[string]string // the texts of tags, as they came and as they are kept
}

func newLabels(redact func(string) string) *labels {
	return &labels{redact: redact, known: map[string]string{}}
}

// clean makes the frame fit to be kept. Series that differed by a secret alone have the same key afterwards; readers add
// them up.
func (l *labels) clean(f *recording.Frame) {
	for i := range f.Points {
		key := &f.Points[i].Key
		kept, ok := l.known[key.Tags]
		if !ok {
			kept = l.text(key.Tags)
			if len(l.known) >= maxLabels {
				clear(l.known)
			}
			l.known[key.Tags] = kept
		}
		key.Tags = kept
	}
}

// text cleans the values of free text, and every value of a selector, which is a text of the question and is kept there
// without secrets too, so that a judge still finds the series. The others are words of brunt and of the script's options.
func (l *labels) text(tags string) string {
	values, err := recording.SplitTags(tags)
	if err != nil {
		return l.redact(tags) // not written by us
	}
	changed := false
	for name, value := range values {
		free := name == "name" || name == "check" || name == "group" || values["selector"] != ""
		if free && value != "" {
			values[name] = l.redact(value)
			changed = changed || values[name] != value
		}
	}
	if !changed {
		return tags
	}
	return recording.JoinTags(values)
}
