package experiment

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

type rawRequest struct {
	place
	Name    text          `yaml:"name" jsonschema_description:"What series and SLOs call it: latency{name:...}. Default: its method and path."`
	Method  method        `yaml:"method" jsonschema_description:"Default GET."`
	Path    text          `yaml:"path" jsonschema_description:"Path and query at the service that load enters, such as /items/{{int 1 100}}."`
	URL     text          `yaml:"url" jsonschema_description:"Instead of path: a whole URL, such as ${api.url}/items."`
	Headers mapping[text] `yaml:"headers" jsonschema_description:"Header fields."`
	Body    text          `yaml:"body" jsonschema_description:"The body."`
	File    text          `yaml:"file" jsonschema_description:"Instead of body: a file of text that holds it."`
	Weight  integer       `yaml:"weight" jsonschema_description:"How often it is chosen, against the others. Default 1."`
	Checks  rawChecks     `yaml:"checks" jsonschema_description:"What is right of an answer; each is a sample of the metric checks."`
	Tags    mapping[text] `yaml:"tags" jsonschema_description:"Tags of its samples, for selectors: latency{endpoint:item}."`
}

type rawChecks struct {
	place
	Status   statuses `yaml:"status" jsonschema_description:"Statuses that are right: 200, 2xx or [200, 201]."`
	Contains text     `yaml:"contains" jsonschema_description:"A text that the body contains. {{iteration}} and columns of data sets can stand in it."`
	Matches  text     `yaml:"matches" jsonschema_description:"A regular expression (RE2) that the body matches."`
}

type rawData struct {
	place
	File  text  `yaml:"file" jsonschema:"required" jsonschema_description:"A .csv whose first line names the columns, or a .jsonl."`
	Order order `yaml:"order" jsonschema_description:"random, the default: a row that the seed chooses; sequential: one after another."`
}

type rawHTTP struct {
	place
	Version   httpVersion `yaml:"version" jsonschema_description:"1.1, the default, or 2: over TLS, else with prior knowledge."`
	Timeout   duration    `yaml:"timeout" jsonschema_description:"Of a request, connecting included. Default 60s."`
	KeepAlive truth       `yaml:"keepalive" jsonschema_description:"false: a connection for each request."`
	Insecure  truth       `yaml:"insecure" jsonschema_description:"true: any certificate is taken."`
	CA        text        `yaml:"ca" jsonschema_description:"A PEM file of certificates to trust beside the system's."`
}

// statuses are one status or several, as text.
type statuses struct{ words }

func methods() []string { return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} }

// requests checks load.requests and what goes with it.
func (c *checker) requests(raw rawLoad) {
	if !raw.Requests.given() {
		c.refuse("load", "without requests", sourceOf("data", raw.Data.place), sourceOf("http", raw.HTTP.place))
		return
	}
	c.refuse("load", "beside requests: write ${...} and {{...}} where they are needed", sourceOf("env", raw.Env.place))
	if len(raw.Requests.items) == 0 && !c.reported(raw.Requests.place) {
		c.problem(raw.Requests.place, "load.requests is empty", "give at least {path: /}")
	}
	sets, data := c.data(raw.Data)
	spec := &requests.Spec{Data: data, HTTP: c.http(raw.HTTP)}
	for i, r := range raw.Requests.items {
		spec.Requests = append(spec.Requests, c.request(r, "load.requests."+itoa(i), sets))
	}
	c.exp.Load.Requests = spec
}

// data reads the files of values, so that columns are known and their mistakes are found before anything is started.
func (c *checker) data(raw mapping[rawData]) ([]requests.Set, []requests.Data) {
	var sets []requests.Set
	var all []requests.Data
	for _, e := range raw.entries {
		path := "load.data." + e.name.value
		if !nameForm().MatchString(e.name.value) {
			c.problem(e.name.place, path+": "+quote(e.name.value)+" is not a name", "a name has lower-case letters, digits and hyphens, and begins with a letter")
		}
		if !e.value.File.given() {
			c.problem(e.value.place, path+".file is missing", "name a .csv or .jsonl file")
		}
		d := requests.Data{Name: e.name.value, Order: requests.Order(e.value.Order.value)}
		set := requests.Set{Name: d.Name}
		if d.File = c.file(e.value.File, path+".file"); d.File != "" && !c.reported(e.value.File.place) {
			table, err := requests.ReadTable(d.File)
			c.wrong(e.value.File.place, path+".file", err)
			set.Columns = table.Columns
		}
		if d.Order == "" {
			d.Order = requests.Random
		}
		sets, all = append(sets, set), append(all, d)
	}
	return sets, all
}

func (c *checker) http(raw rawHTTP) requests.HTTP {
	o := requests.HTTP{
		Version: raw.Version.value, Timeout: raw.Timeout.value, NoKeepAlive: raw.KeepAlive.given() && !raw.KeepAlive.value,
		Insecure: raw.Insecure.value,
	}
	if raw.Timeout.given() && o.Timeout == 0 && !c.reported(raw.Timeout.place) {
		c.problem(raw.Timeout.place, "load.http.timeout is 0", "write one such as 10s")
	}
	if raw.CA.given() {
		o.CA = c.certificates(raw.CA)
	}
	return o
}

// certificates is the path of a file of certificates.
func (c *checker) certificates(t text) string {
	file := c.file(t, "load.http.ca")
	if file == "" || c.reported(t.place) {
		return file
	}
	content, err := os.ReadFile(file)
	switch {
	case err != nil:
		c.problem(t.place, "load.http.ca can't be read: "+err.Error(), "")
	case !x509.NewCertPool().AppendCertsFromPEM(content):
		c.problem(t.place, "load.http.ca: there is no certificate in "+filepath.Base(file), "a PEM file begins with -----BEGIN CERTIFICATE-----")
	}
	return file
}

func (c *checker) request(raw rawRequest, path string, sets []requests.Set) requests.Request {
	r := requests.Request{
		Name: raw.Name.value, Method: raw.Method.value, Weight: max(1, raw.Weight.value), Tags: textMap(raw.Tags), Body: raw.Body.value,
		Checks: requests.Checks{Status: raw.Checks.Status.value, Contains: raw.Checks.Contains.value, Matches: raw.Checks.Matches.value},
	}
	if r.Method == "" {
		r.Method = "GET"
	}
	r.URL = c.requestURL(raw, path, sets)
	if r.Name == "" {
		r.Name = r.Method + " " + raw.Path.value + raw.URL.value
	}
	for _, e := range raw.Headers.entries {
		c.header(e, path+".headers."+e.name.value, sets)
		r.Headers = append(r.Headers, requests.Header{Name: e.name.value, Value: e.value.value})
	}
	r.Body = c.requestBody(raw, r.Method, path, sets)
	c.checks(raw.Checks, path+".checks", sets)
	return r
}

// requestURL is the URL of a request, as a template with references. That of a path begins at the service that load enters.
func (c *checker) requestURL(raw rawRequest, path string, sets []requests.Set) string {
	key := c.exactlyOne(raw.place, path, sourceOf("path", raw.Path.place), sourceOf("url", raw.URL.place))
	at, base := raw.URL, ""
	if key == "path" {
		at, base = raw.Path, "http://127.0.0.1:9" // any: it is a place to look at the path from
	}
	if path += "." + key; key == "" || at.value == "" {
		return ""
	}
	if key == "path" && !strings.HasPrefix(at.value, "/") {
		c.problem(at.place, path+": "+quote(at.value)+" is not a path", "paths begin with /, whole addresses are given as url")
		return ""
	}
	c.expand(at, loadNode, path)
	_, _, _, err := requests.ParseURL(base+withoutReferences(at.value), sets)
	c.wrong(at.place, path, err)
	if several := c.runsSeveralTimes(c.exp.Load.Target); key == "path" && several != "" {
		c.problem(at.place, path+" leads to one address, and "+c.exp.Load.Target+" runs as "+several,
			"give url: ${"+c.exp.Load.Target+".1.url}"+at.value+" and a request for each other one, or name one as load.target")
	}
	if key == "path" {
		return "${" + c.exp.Load.Target + ".url}" + c.belowTarget(at.value)
	}
	return at.value
}

// belowTarget is a path below the address of a service that already runs, which may end in a slash.
func (c *checker) belowTarget(path string) string {
	for _, s := range c.exp.Services {
		if s.Name == c.exp.Load.Target && strings.HasSuffix(s.URL, "/") {
			return strings.TrimPrefix(path, "/")
		}
	}
	return path
}

// withoutReferences is a text as it may be read before references can be resolved: each stands for a URL.
func withoutReferences(text string) string {
	return regexp.MustCompile(`\$\{[^{}]*\}`).ReplaceAllString(text, "http://127.0.0.1:9")
}

func (c *checker) header(e entry[text], path string, sets []requests.Set) {
	switch name := e.name.value; {
	case !regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString(name):
		c.problem(e.name.place, path+": "+quote(name)+" is not the name of a header", "")
	case slices.ContainsFunc([]string{"Content-Length", "Transfer-Encoding"}, func(s string) bool { return strings.EqualFold(s, name) }):
		c.problem(e.name.place, path+" is set by brunt", "remove it")
	case strings.EqualFold(name, "Connection"):
		c.problem(e.name.place, path+" is set by brunt", "write http: {keepalive: false} for a connection for each request")
	}
	c.template(e.value, path, requests.InHeader, sets)
}

// requestBody is the text of the body, or that of a file.
func (c *checker) requestBody(raw rawRequest, method, path string, sets []requests.Set) string {
	there := given(sourceOf("body", raw.Body.place), sourceOf("file", raw.File.place))
	if len(there) == 0 {
		return ""
	}
	if len(there) > 1 {
		c.problem(there[1].place, path+" has both body and file", "give one of them")
		return ""
	}
	if method == "GET" || method == "HEAD" {
		c.problem(there[0].place, path+"."+there[0].key+" has no meaning beside "+method, "give a method such as POST")
		return ""
	}
	at := raw.Body
	if raw.File.given() {
		at.place = raw.File.place
		file := c.file(raw.File, path+".file")
		if file == "" || c.reported(raw.File.place) {
			return ""
		}
		content, err := os.ReadFile(file)
		switch {
		case err != nil:
			c.problem(raw.File.place, path+".file can't be read: "+err.Error(), "")
		case !utf8.Valid(content) || len(content) > largestFile:
			c.problem(raw.File.place, path+".file: "+filepath.Base(file)+" is not a text of at most 1 MiB", "a k6 script can send any bytes")
		}
		at.value = string(content)
	}
	c.template(at, path+"."+there[0].key, requests.InBody, sets)
	return at.value
}

func (c *checker) checks(raw rawChecks, path string, sets []requests.Set) {
	for _, status := range raw.Status.value {
		_, err := requests.ParseStatus(status)
		c.wrong(raw.Status.place, path+".status", err)
	}
	c.template(raw.Contains, path+".contains", requests.InAnswer, sets)
	if _, err := regexp.Compile(raw.Matches.value); err != nil {
		c.problem(raw.Matches.place, path+".matches: "+quote(raw.Matches.value)+" is not a regular expression", "regular expressions are those of Go (RE2)")
	}
}

// template checks the values and the references of a text.
func (c *checker) template(t text, path string, at requests.Place, sets []requests.Set) {
	if t.value == "" {
		return
	}
	c.expand(t, loadNode, path)
	_, err := requests.Parse(t.value, at, sets)
	c.wrong(t.place, path, err)
}

// wrong reports what package requests found, if it did.
func (c *checker) wrong(p place, path string, err error) {
	var found *requests.Problem
	switch {
	case err == nil:
	case errors.As(err, &found):
		c.problem(p, path+": "+found.Text, found.Hint)
	default:
		c.problem(p, path+": "+err.Error(), "")
	}
}
