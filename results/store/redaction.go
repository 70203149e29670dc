package store

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// identityKeys name the top-level values that tell what a run is. A secret that happens to be one of these words is no
// secret there, and replacing it would lose the run.
var identityKeys = map[string]bool{"id": true, "status": true}

// redactDocument passes every string value of a JSON object through redact. Keys, numbers and the values under
// identityKeys stay as they are; the order of the keys does too.
func redactDocument(document []byte, redact func(string) string) ([]byte, error) {
	out := make([]byte, 0, len(document))
	depth, key := 0, ""
	for i := 0; i < len(document); {
		c := document[i]
		if c != '"' {
			switch c {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			out = append(out, c)
			i++
			continue
		}
		end := closingQuote(document, i)
		literal := document[i:end]
		i = end
		if i < len(document) && document[i] == ':' {
			key = string(bytes.Trim(literal, `"`))
			out = append(out, literal...)
			continue
		}
		if depth == 1 && identityKeys[key] {
			out = append(out, literal...)
			continue
		}
		var err error
		if out, err = appendRedacted(out, literal, redact); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// appendRedacted appends one string literal, redacted.
func appendRedacted(out, literal []byte, redact func(string) string) ([]byte, error) {
	var text string
	if err := json.Unmarshal(literal, &text); err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	clean := redact(text)
	if clean == text {
		return append(out, literal...), nil
	}
	encoded, err := json.Marshal(clean)
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return append(out, encoded...), nil
}

// closingQuote is the index after the string literal that begins at start.
func closingQuote(document []byte, start int) int {
	for i := start + 1; i < len(document); i++ {
		switch document[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(document)
}
