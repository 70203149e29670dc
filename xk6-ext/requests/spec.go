package requests

import (
	"slices"
	"time"
)

// Spec is what a scenario offers. It travels as JSON, in the options of the scenario.
type Spec struct {
	Requests []Request `json:"requests"`
	Data     []Data    `json:"data,omitempty"`
	HTTP     HTTP      `json:"http"`
}

// Request is one kind of request.
type Request struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	URL     string            `json:"url"` // scheme and host as they are, then a template
	Headers []Header          `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"` // a template
	Weight  int               `json:"weight"`         // 1 or more
	Checks  Checks            `json:"checks"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// Header is one header field.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"` // a template
}

// Checks say what is right of an answer. What is left out is not checked.
type Checks struct {
	Status   []string `json:"status,omitempty"`   // such as 200 or 2xx; one of them
	Contains string   `json:"contains,omitempty"` // a template without random values
	Matches  string   `json:"matches,omitempty"`  // a regular expression
}

// Data is a file of values.
type Data struct {
	Name  string `json:"name"`
	File  string `json:"file"` // absolute; .csv with a header, or .jsonl
	Order Order  `json:"order"`
}

// Order says which row of a data set an iteration gets.
type Order string

// The orders.
const (
	Random     Order = "random"
	Sequential Order = "sequential"
)

// Orders are the orders there are.
func Orders() []string { return []string{string(Random), string(Sequential)} }

// HTTP says how requests are sent.
type HTTP struct {
	Version     string        `json:"version,omitempty"` // "1.1", the default, or "2": over TLS by ALPN, else with prior knowledge
	Timeout     time.Duration `json:"timeout,omitempty"` // of a request, connecting included; default 60 s
	NoKeepAlive bool          `json:"noKeepAlive"`       // a connection for each request
	Insecure    bool          `json:"insecure"`          // any certificate is taken
	CA          string        `json:"ca,omitempty"`      // path of a PEM file to trust beside the system's
}

// DefaultTimeout is k6's.
const DefaultTimeout = 60 * time.Second

// HTTP2 is the version that is not the default.
const HTTP2 = "2"

// Versions are the versions of HTTP there are.
func Versions() []string { return []string{"1.1", HTTP2} }

// Texts are the texts of the spec in which references to nodes can stand, in an order that WithTexts knows.
func (s Spec) Texts() []string {
	var all []string
	s.each(func(text *string) { all = append(all, *text) })
	return all
}

// WithTexts is a copy of the spec with other texts: as many as Texts returns.
func (s Spec) WithTexts(texts []string) Spec {
	s.Requests = slices.Clone(s.Requests)
	for i := range s.Requests {
		s.Requests[i].Headers = slices.Clone(s.Requests[i].Headers)
	}
	s.each(func(text *string) {
		if len(texts) > 0 {
			*text, texts = texts[0], texts[1:]
		}
	})
	return s
}

func (s Spec) each(do func(text *string)) {
	for i := range s.Requests {
		r := &s.Requests[i]
		do(&r.URL)
		for k := range r.Headers {
			do(&r.Headers[k].Value)
		}
		do(&r.Body)
		do(&r.Checks.Contains)
	}
}
