package kit

import (
	"fmt"
	"io"
	"net/http"
)

const longestAnswer = 64 << 10 // bytes of what another service says

// Answer is what another service said.
type Answer struct {
	Code int
	Body []byte
}

// Call makes one call of another service and reads its answer to the end, or 64 KiB of it: the connection can be used again. An
// answer that says that the service failed (5xx) comes with an error as well.
func Call(client *http.Client, request *http.Request) (Answer, error) {
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	a := Answer{Code: response.StatusCode}
	if a.Body, err = io.ReadAll(io.LimitReader(response.Body, longestAnswer)); err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	if a.Code >= http.StatusInternalServerError {
		return a, fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	return a, nil
}
