package kit

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
)

// LongestBody is how many bytes of a request's body a target reads that has no reason for another bound.
const LongestBody = 4 << 10

// ReadJSON decodes a request's body, of up to LongestBody, into value.
func ReadJSON(w http.ResponseWriter, r *http.Request, value any) error {
	return json.NewDecoder(http.MaxBytesReader(w, r.Body, LongestBody)).Decode(value)
}

// PathID is the id in a request's path; where it is none, that is answered.
func PathID(w http.ResponseWriter, r *http.Request) (int64, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "an id is a whole number", http.StatusBadRequest)
	}
	return id, err == nil
}

// Reply answers with a value as JSON (a json.RawMessage is JSON already), or else says what err is to the client: that there is
// nothing (ErrNoRow, 404), or that the request failed (500), in which case the log says why.
func Reply(w http.ResponseWriter, logger *slog.Logger, code int, value any, err error) {
	body, ready := value.(json.RawMessage)
	if err == nil && !ready {
		body, err = json.Marshal(value)
	}
	switch {
	case errors.Is(err, ErrNoRow):
		http.Error(w, "there is no such thing", http.StatusNotFound)
	case err != nil:
		logger.Error("a request failed", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	default:
		WriteJSON(w, code, body)
	}
}

// WriteJSON answers with a body of JSON.
func WriteJSON(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that left is no concern of ours
}
