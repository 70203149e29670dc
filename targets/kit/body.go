package kit

import (
	"encoding/json"
	"net/http"
)

// LongestBody is how many bytes of a request's body a target reads that has no reason for another bound.
const LongestBody = 4 << 10

// ReadJSON decodes a request's body, of up to LongestBody, into value.
func ReadJSON(w http.ResponseWriter, r *http.Request, value any) error {
	return json.NewDecoder(http.MaxBytesReader(w, r.Body, LongestBody)).Decode(value)
}

// WriteJSON answers with a body of JSON.
func WriteJSON(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that left is no concern of ours
}
