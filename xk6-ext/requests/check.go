package requests

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Status is a status that is right, or a class of them.
type Status struct{ Low, High int }

// ParseStatus reads 200 or 2xx. Its error is a *Problem.
func ParseStatus(text string) (Status, error) {
	if class, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok && len(class) == 1 && class >= "1" && class <= "5" {
		low := int(class[0]-'0') * 100
		return Status{low, low + 99}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 || n > 599 {
		return Status{}, wrong("write one such as 200, 2xx or [200, 201]", "%q is not a status", cut(text))
	}
	return Status{n, n}, nil
}

// Check is one thing that is right of an answer.
type Check struct {
	Name     string // of the tag check, such as "item: status is 200"
	status   []Status
	contains *Template
	matches  *regexp.Regexp
}

// Body says whether the check looks at the body.
func (c Check) Body() bool { return c.status == nil }

// Holds says whether an answer is right. An answer that never came has the status 0.
func (c Check) Holds(status int, body []byte, d *Drawer) bool {
	switch {
	case status == 0:
		return false
	case c.contains != nil:
		if text, fixed := c.contains.Static(); fixed {
			return bytes.Contains(body, []byte(text))
		}
		d.answer = d.Append(d.answer[:0], *c.contains)
		return bytes.Contains(body, d.answer)
	case c.matches != nil:
		return c.matches.Match(body)
	}
	for _, s := range c.status {
		if s.Low <= status && status <= s.High {
			return true
		}
	}
	return false
}

// checks are those of a request, in the order status, contains, matches.
func checks(r Request, sets []Set) ([]Check, error) {
	var all []Check
	if len(r.Checks.Status) > 0 {
		c := Check{Name: r.Name + ": status is " + strings.Join(r.Checks.Status, " or ")}
		for _, text := range r.Checks.Status {
			s, err := ParseStatus(text)
			if err != nil {
				return nil, err
			}
			c.status = append(c.status, s)
		}
		all = append(all, c)
	}
	if r.Checks.Contains != "" {
		t, err := Parse(r.Checks.Contains, InAnswer, sets)
		if err != nil {
			return nil, err
		}
		all = append(all, Check{Name: r.Name + ": body contains " + cut(r.Checks.Contains), contains: &t})
	}
	if r.Checks.Matches != "" {
		m, err := regexp.Compile(r.Checks.Matches)
		if err != nil {
			return nil, wrong("regular expressions are those of Go (RE2)", "%q is not a regular expression", cut(r.Checks.Matches))
		}
		all = append(all, Check{Name: r.Name + ": body matches " + cut(r.Checks.Matches), matches: m})
	}
	return all, nil
}
