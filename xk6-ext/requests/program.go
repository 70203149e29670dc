package requests

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/xk6-ext/random"
)

// Program is a Spec that is ready to run.
type Program struct {
	Spec     Spec
	Requests []Compiled // as in the Spec
	data     []table
	weights  int64
}

type table struct {
	Data
	Table
}

// Compiled is a request that is ready to be made.
type Compiled struct {
	Request
	Scheme, Host string // http or https; with the port, if it is given
	Path         Template
	Headers      []CompiledHeader
	Body         Template
	Checks       []Check
}

// CompiledHeader is a header field.
type CompiledHeader struct {
	Name  string
	Value Template
}

// Compile reads the files of values and the templates of a spec.
func Compile(spec Spec) (*Program, error) {
	p := &Program{Spec: spec}
	for _, d := range spec.Data {
		t, err := ReadTable(d.File)
		if err != nil {
			return nil, fmt.Errorf("data set %s: %w", d.Name, err)
		}
		p.data = append(p.data, table{d, t})
	}
	for _, r := range spec.Requests {
		c, err := compile(r, p.sets())
		if err != nil {
			return nil, fmt.Errorf("request %s: %w", r.Name, err)
		}
		p.Requests = append(p.Requests, c)
		p.weights += int64(max(1, r.Weight))
	}
	if len(p.Requests) == 0 {
		return nil, wrong("", "there are no requests")
	}
	return p, nil
}

func (p *Program) sets() []Set {
	sets := make([]Set, len(p.data))
	for i, d := range p.data {
		sets[i] = Set{Name: d.Name, Columns: d.Columns}
	}
	return sets
}

func compile(r Request, sets []Set) (Compiled, error) {
	c := Compiled{Request: r}
	var err error
	if c.Scheme, c.Host, c.Path, err = ParseURL(r.URL, sets); err != nil {
		return c, err
	}
	for _, h := range r.Headers {
		value, err := Parse(h.Value, InHeader, sets)
		if err != nil {
			return c, err
		}
		c.Headers = append(c.Headers, CompiledHeader{h.Name, value})
	}
	if c.Body, err = Parse(r.Body, InBody, sets); err != nil {
		return c, err
	}
	c.Checks, err = checks(r, sets)
	return c, err
}

// ParseURL divides a URL into scheme and host, which stay the same, and the template behind them. Its error is a *Problem.
func ParseURL(text string, sets []Set) (scheme, host string, path Template, err error) {
	scheme, rest, _ := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	base, err := url.Parse(scheme + "://" + rest[:end])
	if err != nil || base.Hostname() == "" || base.User != nil || base.Scheme != "http" && base.Scheme != "https" {
		return "", "", path, wrong("it begins with http:// or https:// and a host without values", "%q is not a URL", cut(text))
	}
	if rest = rest[end:]; !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	path, err = Parse(rest, InPath, sets)
	return base.Scheme, base.Host, path, err
}

// Drawer draws the values of one iteration after another. It is used by one goroutine.
type Drawer struct {
	program   *Program
	stream    random.Stream
	rows      []random.Stream // of each data set
	source    random.Source
	iteration int64
	drawn     []int // row of each data set; -1: not drawn yet
	answer    []byte
}

// Drawer draws for a scenario of a run.
func (p *Program) Drawer(seed int64, scenario string) *Drawer {
	d := &Drawer{program: p, stream: random.StreamOf(seed, scenario), drawn: make([]int, len(p.data))}
	for _, t := range p.data {
		d.rows = append(d.rows, random.StreamOf(seed, scenario+"/"+t.Name))
	}
	return d
}

// Begin begins an iteration and returns the index of its request.
func (d *Drawer) Begin(iteration int64) int {
	d.iteration = iteration
	d.source.Begin(d.stream, iteration)
	for i := range d.drawn {
		d.drawn[i] = -1
	}
	n, _ := d.source.Int(1, d.program.weights)
	for i := range d.program.Requests {
		if n -= int64(max(1, d.program.Requests[i].Weight)); n <= 0 {
			return i
		}
	}
	return 0
}

// row is the iteration's row of a data set.
func (d *Drawer) row(data int) []string {
	t := d.program.data[data]
	if d.drawn[data] < 0 {
		d.drawn[data] = int(d.iteration % int64(len(t.Rows)))
		if t.Order != Sequential {
			var source random.Source
			source.Begin(d.rows[data], d.iteration)
			n, _ := source.Int(0, int64(len(t.Rows)-1))
			d.drawn[data] = int(n)
		}
	}
	return t.Rows[d.drawn[data]]
}

// Append appends a template with the values of the iteration.
func (d *Drawer) Append(b []byte, t Template) []byte {
	for i := range t.parts {
		p := &t.parts[i]
		switch p.do {
		case literal:
			b = append(b, p.text...)
		case fnInt:
			n, _ := d.source.Int(p.low, p.high)
			b = strconv.AppendInt(b, n, 10)
		case fnText:
			b = d.source.AppendText(b, int(p.low))
		case fnUUID:
			b = appendUUID(b, d.source.Bits(), d.source.Bits())
		case fnPick:
			n, _ := d.source.Int(0, int64(len(p.words)-1))
			b = append(b, p.words[n]...)
		case fnIteration:
			b = strconv.AppendInt(b, d.iteration, 10)
		case fnColumn:
			b = append(b, p.written(d.row(p.data)[p.column], t.place)...)
		}
	}
	return b
}

// appendUUID writes 128 bits as a UUID of version 4, RFC 9562.
func appendUUID(b []byte, high, low uint64) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], high&^(0xf<<12)|4<<12)
	binary.BigEndian.PutUint64(raw[8:], low&^(3<<62)|2<<62)
	for i, group := range [][]byte{raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, group)
	}
	return b
}
