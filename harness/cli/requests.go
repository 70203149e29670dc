package cli

import (
	"regexp"
	"strings"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
)

// scriptless says where the load comes from when there is no script, and what it leaves out, for every report of it.
const scriptless = "brunt-native, without a script: no cookies, redirects, compression or JavaScript"

var anyReference = regexp.MustCompile(`\$\{[^{}]*\}`)

// takeRequests makes the experiment's requests the load, if it has some: as they can be inspected before the topology
// stands, with a URL in place of each reference.
func (q *question) takeRequests(e experiment.Experiment) {
	if e.Load.Requests == nil {
		return
	}
	texts := e.Load.Requests.Texts()
	for i, text := range texts {
		texts[i] = anyReference.ReplaceAllString(text, "http://127.0.0.1:9")
	}
	spec := e.Load.Requests.WithTexts(texts)
	q.script.Requests, q.script.Path = &spec, e.File
}

// generator is what made the load, where it is not a script.
func (q *question) generator() string {
	if q.script.Requests == nil {
		return ""
	}
	return scriptless
}

// resolvedRequests gives the requests of a script, if it has some, the texts of a site that stands.
func resolvedRequests(s *load.Script, texts []string) {
	if s.Requests == nil {
		return
	}
	spec := s.Requests.WithTexts(texts)
	s.Requests = &spec
}

// sideRequests gives each build of a script, if it has requests, those with the texts of its own site.
func sideRequests(s *load.Script, texts ...[]string) {
	s.Sides = nil
	if s.Requests == nil {
		return
	}
	for _, of := range texts {
		s.Sides = append(s.Sides, s.Requests.WithTexts(of))
	}
}

// headerSecrets are the headers of requests as variables whose names say which of them are secret. What differs from
// request to request is none.
func headerSecrets(e experiment.Experiment) map[string]string {
	found := map[string]string{}
	if e.Load.Requests == nil {
		return found
	}
	for _, r := range e.Load.Requests.Requests {
		for _, h := range r.Headers {
			if strings.Contains(h.Value, "{{") {
				continue
			}
			name := strings.ToUpper(strings.ReplaceAll(h.Name, "-", "_"))
			switch name {
			case "AUTHORIZATION", "PROXY_AUTHORIZATION":
				_, credentials, _ := strings.Cut(h.Value, " ") // the scheme before them is no secret
				found[name+"_TOKEN"] = credentials
			case "COOKIE":
				found[name+"_SECRET"] = h.Value
			default:
				found[name] = h.Value
			}
		}
	}
	return found
}
