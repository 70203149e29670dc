package requests

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Place is where a template stands. It says what is escaped, and what may stand there.
type Place string

// The places.
const (
	InPath   Place = "path"   // and query: what a data set holds is escaped
	InHeader Place = "header" // line breaks of a data set become blanks
	InBody   Place = "body"   // nothing is escaped
	InAnswer Place = "answer" // no random values
)

// Problem is what is wrong with a text of the experiment, and what to write instead.
type Problem struct{ Text, Hint string }

func (p *Problem) Error() string { return p.Text }

func wrong(hint, format string, args ...any) error {
	return &Problem{Text: fmt.Sprintf(format, args...), Hint: hint}
}

// function is what an expression does.
type function string

const (
	literal     function = ""
	fnInt       function = "int"
	fnText      function = "text"
	fnUUID      function = "uuid"
	fnPick      function = "pick"
	fnIteration function = "iteration"
	fnColumn    function = "column"
)

func functions() []string { return []string{"int", "text", "uuid", "pick", "iteration"} }

// mode is how the value of a data set is written.
type mode string

const (
	plain  mode = ""
	asRaw  mode = "raw"
	asJSON mode = "json"
)

// longestText bounds {{text N}}, in characters.
const longestText = 1 << 20

// part is a literal or an expression.
type part struct {
	do        function
	text      string // of a literal
	low, high int64  // of int; of text, low is the length
	words     []string

	data, column int
	ref          string // data.column, as written
	mode         mode
	query        bool // it stands after the ? of a path
}

// Template is a text with values that differ from iteration to iteration.
type Template struct {
	place Place
	parts []part
}

// Set are the data sets that a template can refer to, by the order in which they are given.
type Set struct {
	Name    string
	Columns []string
}

// Parse reads a template. Its error is a *Problem.
func Parse(text string, place Place, sets []Set) (Template, error) {
	t := Template{place: place}
	p := parser{template: &t, sets: sets}
	for rest := text; rest != ""; {
		braces := strings.IndexByte(rest, '{')
		if braces < 0 {
			p.literal(rest)
			break
		}
		n := len(rest[braces:]) - len(strings.TrimLeft(rest[braces:], "{"))
		p.literal(rest[:braces] + strings.Repeat("{{", n/4))
		rest = rest[braces+n:]
		if n%2 == 1 {
			p.literal("{")
		}
		if n%4 < 2 {
			continue
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return t, wrong("a literal {{ is written {{{{", "{{%s has no closing braces", cut(inside))
		}
		if err := p.expression(inside); err != nil {
			return t, err
		}
		rest = after
	}
	return t, t.sendable()
}

// sendable refuses what can't stand in the first line of a request, or in a header.
func (t Template) sendable() error {
	if t.place != InPath && t.place != InHeader {
		return nil
	}
	for _, p := range t.parts {
		for _, text := range append([]string{p.text}, p.words...) {
			for _, r := range text {
				switch {
				case t.place == InPath && (r <= ' ' || r >= 0x7f || r == '#'):
					return wrong("write "+url.PathEscape(string(r)), "%q can't stand in a path", r)
				case t.place == InHeader && (r < ' ' && r != '\t' || r == 0x7f):
					return wrong("the value of a header is one line", "%q can't stand in a header", r)
				}
			}
		}
	}
	return nil
}

type parser struct {
	template *Template
	sets     []Set
	query    bool // a ? was seen
}

func (p *parser) literal(text string) {
	if text == "" {
		return
	}
	p.query = p.query || strings.Contains(text, "?")
	parts := p.template.parts
	if n := len(parts); n > 0 && parts[n-1].do == literal {
		parts[n-1].text += text
		return
	}
	p.template.parts = append(parts, part{text: text})
}

func (p *parser) expression(inside string) error {
	words := strings.Fields(inside)
	if len(words) == 0 {
		return wrong("a literal {{ is written {{{{", "{{%s}} is empty", cut(inside))
	}
	name, args := words[0], words[1:]
	made := part{do: function(name), query: p.query}
	var err error
	switch {
	case strings.Contains(name, ".") && len(args) == 0:
		err = p.column(&made, name)
	case name == string(asRaw) || name == string(asJSON):
		if made.mode = mode(name); len(args) != 1 || !strings.Contains(args[0], ".") {
			err = wrong("write one such as {{"+name+" item.id}}", "{{%s}} takes one column of a data set", cut(inside))
			break
		}
		err = p.column(&made, args[0])
	case !slices.Contains(functions(), name):
		err = wrong(p.known(), "{{%s}}: there is no function %s", cut(inside), name)
	default:
		err = made.arguments(args)
	}
	random := made.do == fnInt || made.do == fnText || made.do == fnUUID || made.do == fnPick
	if err == nil && random && p.template.place == InAnswer {
		err = wrong("each use is a new draw; {{iteration}} and columns of data sets can be used here", "{{%s}}: no random value can stand here", cut(inside))
	}
	if err == nil {
		p.template.parts = append(p.template.parts, made)
	}
	return err
}

func (p *parser) known() string {
	hint := "functions are " + strings.Join(functions(), ", ")
	for _, s := range p.sets {
		if len(s.Columns) > 0 {
			return hint + "; a column is written {{" + s.Name + "." + s.Columns[0] + "}}"
		}
	}
	return hint
}

// column finds the column that a reference names.
func (p *parser) column(made *part, ref string) error {
	made.do, made.ref = fnColumn, ref
	name, column, _ := strings.Cut(ref, ".")
	made.data = slices.IndexFunc(p.sets, func(s Set) bool { return s.Name == name })
	if made.data < 0 {
		names := make([]string, len(p.sets))
		for i, s := range p.sets {
			names[i] = s.Name
		}
		hint := "name a file of values: data: {" + name + ": " + name + ".csv}"
		if len(names) > 0 {
			hint = "data sets are " + strings.Join(names, ", ")
		}
		return wrong(hint, "{{%s}}: there is no data set %s", ref, name)
	}
	made.column = slices.Index(p.sets[made.data].Columns, column)
	if made.column < 0 {
		return wrong("columns are "+strings.Join(p.sets[made.data].Columns, ", "), "{{%s}}: the data set %s has no column %s", ref, name, column)
	}
	return nil
}

// arguments reads the words after the name of a function.
func (made *part) arguments(args []string) error {
	count := map[function]int{fnInt: 2, fnText: 1, fnUUID: 0, fnIteration: 0}
	all := strings.Join(append([]string{string(made.do)}, args...), " ")
	if want, fixed := count[made.do]; fixed && len(args) != want {
		return wrong("write one such as "+example(made.do), "{{%s}}: %s takes %d arguments, not %d", all, made.do, want, len(args))
	}
	switch made.do {
	case fnPick:
		if made.words = args; len(args) == 0 {
			return wrong("write one such as "+example(made.do), "{{%s}}: pick takes words to pick from", all)
		}
	case fnInt:
		low, err1 := strconv.ParseInt(args[0], 10, 64)
		high, err2 := strconv.ParseInt(args[1], 10, 64)
		switch made.low, made.high = low, high; {
		case err1 != nil || err2 != nil:
			return wrong("write one such as "+example(made.do), "{{%s}}: int takes whole numbers", all)
		case high < low:
			return wrong(fmt.Sprintf("write {{int %d %d}}", high, low), "{{%s}}: the higher end comes second", all)
		}
	case fnText:
		n, err := strconv.ParseInt(args[0], 10, 64)
		if made.low = n; err != nil || n < 1 || n > longestText {
			return wrong("write one such as "+example(made.do), "{{%s}}: the length is 1 to %d", all, longestText)
		}
	}
	return nil
}

func example(of function) string {
	return map[function]string{
		fnInt: "{{int 1 100}}", fnText: "{{text 12}}", fnUUID: "{{uuid}}", fnPick: "{{pick red green}}", fnIteration: "{{iteration}}",
	}[of]
}

// String is the template as it is written. Reading it gives the same template.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.do {
		case literal:
			b.WriteString(strings.ReplaceAll(p.text, "{{", "{{{{"))
		case fnInt:
			fmt.Fprintf(&b, "{{int %d %d}}", p.low, p.high)
		case fnText:
			fmt.Fprintf(&b, "{{text %d}}", p.low)
		case fnPick:
			b.WriteString("{{pick " + strings.Join(p.words, " "))
			if strings.HasSuffix(p.words[len(p.words)-1], "}") { // which would be taken for the end
				b.WriteByte(' ')
			}
			b.WriteString("}}")
		case fnColumn:
			b.WriteString("{{" + strings.TrimSpace(string(p.mode)+" "+p.ref) + "}}")
		default:
			b.WriteString("{{" + string(p.do) + "}}")
		}
	}
	return b.String()
}

// Static is the text of a template that never differs; ok is false when it may.
func (t Template) Static() (text string, ok bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].do == literal:
		return t.parts[0].text, true
	}
	return "", false
}

// written is the value of a data set as it stands in that place.
func (made part) written(value string, place Place) string {
	if made.mode == asJSON {
		var b strings.Builder
		quoted := json.NewEncoder(&b)
		quoted.SetEscapeHTML(false)
		if err := quoted.Encode(value); err != nil {
			return `""` // of a string: never
		}
		value = strings.TrimSuffix(b.String(), "\n")
	}
	switch {
	case place == InHeader && strings.ContainsAny(value, "\r\n"):
		return strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	case place != InPath || made.mode == asRaw:
		return value
	case made.query:
		return url.QueryEscape(value)
	}
	return url.PathEscape(value)
}

// cut is the beginning of a text that may be long.
func cut(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "..."
	}
	return text
}
