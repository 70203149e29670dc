package requests

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sets() []Set {
	return []Set{{Name: "item", Columns: []string{"id", "name"}}, {Name: "user", Columns: []string{"id"}}}
}

func TestTemplatesAreRefusedWithAHint(t *testing.T) {
	for _, row := range []struct {
		text, want, hint string
		place            Place
	}{
		{"{{int 1}}", "{{int 1}}: int takes 2 arguments, not 1", "write one such as {{int 1 100}}", InBody},
		{"{{int a b}}", "{{int a b}}: int takes whole numbers", "write one such as {{int 1 100}}", InBody},
		{"{{int 9 1}}", "{{int 9 1}}: the higher end comes second", "write {{int 1 9}}", InBody},
		{"{{int 1 99999999999999999999}}", "{{int 1 99999999999999999999}}: int takes whole numbers", "write one such as {{int 1 100}}", InBody},
		{"{{text 0}}", "{{text 0}}: the length is 1 to 1048576", "write one such as {{text 12}}", InBody},
		{"{{text}}", "{{text}}: text takes 1 arguments, not 0", "write one such as {{text 12}}", InBody},
		{"{{uuid 4}}", "{{uuid 4}}: uuid takes 0 arguments, not 1", "write one such as {{uuid}}", InBody},
		{"{{pick}}", "{{pick}}: pick takes words to pick from", "write one such as {{pick red green}}", InBody},
		{"{{rnd 1 2}}", "{{rnd 1 2}}: there is no function rnd", "functions are int, text, uuid, pick, iteration; a column is written {{item.id}}", InBody},
		{"{{}}", "{{}} is empty", "a literal {{ is written {{{{", InBody},
		{"a{{int 1 2", "{{int 1 2 has no closing braces", "a literal {{ is written {{{{", InBody},
		{"{{item.nam}}", "{{item.nam}}: the data set item has no column nam", "columns are id, name", InBody},
		{"{{itm.id}}", "{{itm.id}}: there is no data set itm", "data sets are item, user", InBody},
		{"{{json item}}", "{{json item}} takes one column of a data set", "write one such as {{json item.id}}", InBody},
		{"{{raw item.id user.id}}", "{{raw item.id user.id}} takes one column of a data set", "write one such as {{raw item.id}}", InBody},
		{"/a b", "' ' can't stand in a path", "write %20", InPath},
		{"/ä", "'ä' can't stand in a path", "write %C3%A4", InPath},
		{"/a#b", "'#' can't stand in a path", "write %23", InPath},
		{"a\r\nX: b", `'\r' can't stand in a header`, "the value of a header is one line", InHeader},
		{"{{int 1 2}}", "{{int 1 2}}: no random value can stand here", "each use is a new draw; {{iteration}} and columns of data sets can be used here", InAnswer},
	} {
		_, err := Parse(row.text, row.place, sets())
		var problem *Problem
		if !errors.As(err, &problem) || problem.Text != row.want || problem.Hint != row.hint {
			t.Errorf("%s: %+v", row.text, problem)
		}
	}
	if _, err := Parse("{{item.id}}", InBody, nil); err == nil || err.(*Problem).Hint != "name a file of values: data: {item: item.csv}" {
		t.Errorf("%+v", err)
	}
}

// table writes a file of values.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// program is one with a request whose body is the template.
func program(t testing.TB, body string, data ...Data) *Program {
	t.Helper()
	p, err := Compile(Spec{Data: data, Requests: []Request{{Name: "r", Method: "POST", URL: "http://h/{{item.name}}?q={{item.name}}&r={{raw item.id}}", Body: body,
		Weight: 1, Headers: []Header{{Name: "X", Value: "{{item.name}}"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a seed gives is part of the contract: a stored seed must give the same payloads in every later version.
func TestValuesAreTheSameForEver(t *testing.T) {
	file := write(t, "items.csv", "id,name\n1,one\n2,\"t/w&o \"\"2\"\"\"\n3,three\r\n")
	p := program(t, `{{int 1 1000}} {{text 4}} {{pick a b c}} {{iteration}} {{uuid}} {{item.id}} {{json item.name}} {{{{ {"a":{{int 5 5}}}`, Data{Name: "item", File: file})
	var got []string
	d := p.Drawer(42, "load")
	for _, i := range []int64{0, 1, 2, 1 << 40, 0} {
		if d.Begin(i) != 0 {
			t.Fatal("there is one request")
		}
		got = append(got, string(d.Append(nil, p.Requests[0].Body)))
	}
	got = append(got, string(d.Append(nil, p.Requests[0].Path)), string(d.Append(nil, p.Requests[0].Headers[0].Value)))
	other := p.Drawer(42, "other")
	other.Begin(0)
	got = append(got, string(other.Append(nil, p.Requests[0].Body)))
	want := []string{
		`455 ajjc b 0 8c5fe493-5f06-44f1-b87a-49e2fa48e654 2 "t/w&o \"2\"" {{ {"a":5}`,
		`717 gg6g c 1 0f090f08-6f2a-488f-99d9-231b6c8a4bf4 1 "one" {{ {"a":5}`,
		`524 m5ar a 2 81d80702-922b-4f05-aa24-7506048fef4b 1 "one" {{ {"a":5}`,
		`860 lasj a 1099511627776 2932602d-849c-4c50-9a4d-94e7ea1cbf19 3 "three" {{ {"a":5}`,
		`455 ajjc b 0 8c5fe493-5f06-44f1-b87a-49e2fa48e654 2 "t/w&o \"2\"" {{ {"a":5}`,
		"/t%2Fw&o%20%222%22?q=t%2Fw%26o+%222%22&r=2",
		`t/w&o "2"`,
		`739 hvni b 0 18637aa9-52db-42a8-a02b-da24102eb2de 2 "t/w&o \"2\"" {{ {"a":5}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[0] != got[4] {
		t.Error("an iteration gave other values when it was drawn again")
	}
	if !regexp.MustCompile(` [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} `).MatchString(got[0]) {
		t.Errorf("no UUID of version 4: %s", got[0])
	}
}

func TestWeightsConverge(t *testing.T) {
	const draws = 100_000
	spec := Spec{}
	weights := []int{7, 2, 1, 0} // 0 is 1
	for i, w := range weights {
		spec.Requests = append(spec.Requests, Request{Name: fmt.Sprint(i), Method: "GET", URL: "http://h", Weight: w})
	}
	p, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]float64, len(weights))
	d := p.Drawer(1, "s")
	for i := range int64(draws) {
		counts[d.Begin(i)]++
	}
	for i, share := range []float64{7. / 11, 2. / 11, 1. / 11, 1. / 11} {
		// A binomial count has a standard deviation of at most 158 here: five of them are 790.
		if got := counts[i]; got < share*draws-790 || got > share*draws+790 {
			t.Errorf("request %d came %v times of %d, want about %v", i, got, draws, share*draws)
		}
	}
}

func TestRowsAreSequentialOrRandomWhateverTheRequest(t *testing.T) {
	file := write(t, "items.jsonl", "{\"name\": \"a\", \"id\": 1}\n\n{\"id\": {\"x\": 2}, \"name\": \"b\"}\n{\"id\": null, \"name\": \"c\"}\n")
	rows := func(order Order, requests int) string {
		spec := Spec{Data: []Data{{Name: "item", File: file, Order: order}}}
		for range requests {
			spec.Requests = append(spec.Requests, Request{Name: "r", Method: "POST", URL: "http://h", Body: "{{item.name}}{{item.name}}", Weight: 1})
		}
		p, err := Compile(spec)
		if err != nil {
			t.Fatal(err)
		}
		d := p.Drawer(3, "s")
		var b []byte
		for i := range int64(30) {
			b = d.Append(b, p.Requests[d.Begin(i)].Body)
		}
		return string(b)
	}
	if got := rows(Sequential, 2); got != strings.Repeat("aabbcc", 10) {
		t.Errorf("sequential: %s", got)
	}
	random := rows(Random, 1)
	for _, row := range []string{"aa", "bb", "cc"} {
		if n := strings.Count(random, row); n < 3 {
			t.Errorf("random: %s", random)
		}
	}
	if again := rows("", 5); again != random {
		t.Errorf("the rows depend on the request: %s and %s", random, again)
	}
}

func TestFilesOfValuesAreRefusedByLine(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"a.csv", "id,name\n1\n", "a.csv:2: 1 values, but the header names 2 columns"},
		{"a.csv", "id,name\n1,\"a\n", "a.csv:2: extraneous or missing \" in quoted-field"},
		{"a.csv", "id,id\n1,2\n", `a.csv:1: column 2 is called "id"`},
		{"a.csv", "id,\n1,2\n", `a.csv:1: column 2 is called ""`},
		{"a.csv", "id\n", "a.csv has no rows"},
		{"a.csv", "", "a.csv has no rows"},
		{"a.jsonl", "{\"id\": 1}\n[1]\n", "a.jsonl:2: this is not a JSON object"},
		{"a.jsonl", "{\"id\": 1}\n{\"di\": 1}\n", "a.jsonl:2: the keys are not those of the first line: id"},
		{"a.jsonl", "{\"id\": 1}\n{\"id\": 1, \"x\": 2}\n", "a.jsonl:2: the keys are not those of the first line: id"},
		{"a.jsonl", "null\n", "a.jsonl:1: this is not a JSON object"},
		{"a.txt", "x", "a.txt is not a file of values"},
	} {
		_, err := ReadTable(write(t, row.name, row.text))
		var problem *Problem
		if !errors.As(err, &problem) || problem.Text != row.want {
			t.Errorf("%q: %v", row.text, err)
		}
	}
	if _, err := ReadTable("/nowhere/a.csv"); err == nil || err.Error() != "a.csv can't be read: no such file or directory" {
		t.Error(err)
	}
}

func TestChecks(t *testing.T) {
	for _, row := range []struct {
		checks Checks
		status int
		body   string
		want   string
	}{
		{Checks{Status: []string{"200"}}, 200, "", "true"},
		{Checks{Status: []string{"200", "201"}}, 201, "", "true"},
		{Checks{Status: []string{"2xx"}}, 299, "", "true"},
		{Checks{Status: []string{"2xx"}}, 300, "", "false"},
		{Checks{Status: []string{"5XX", "404"}}, 404, "", "true"},
		{Checks{Status: []string{"200"}}, 0, "", "false"},
		{Checks{Contains: "b"}, 500, "abc", "true"},
		{Checks{Contains: "b"}, 0, "abc", "false"},
		{Checks{Contains: "n={{iteration}}"}, 200, "n=5", "true"},
		{Checks{Contains: "n={{iteration}}"}, 200, "n=6", "false"},
		{Checks{Matches: `^a.c$`}, 200, "abc", "true"},
		{Checks{Matches: `^a.c$`}, 200, "xabc", "false"},
		{Checks{Status: []string{"200"}, Contains: "x", Matches: "b"}, 200, "abc", "true false true"},
		{Checks{}, 200, "", ""},
	} {
		p, err := Compile(Spec{Requests: []Request{{Name: "r", Method: "GET", URL: "http://h", Checks: row.checks}}})
		if err != nil {
			t.Fatal(err)
		}
		d := p.Drawer(0, "s")
		d.Begin(5)
		var got []string
		for _, c := range p.Requests[0].Checks {
			got = append(got, fmt.Sprint(c.Holds(row.status, []byte(row.body), d)))
		}
		if s := strings.Join(got, " "); s != row.want {
			t.Errorf("%+v of %d %q: %s, want %s", row.checks, row.status, row.body, s, row.want)
		}
	}
	for _, bad := range []string{"", "20", "600", "xx", "6xx", "0xx", "ok", "2x"} {
		if _, err := ParseStatus(bad); err == nil {
			t.Errorf("%q is read as a status", bad)
		}
	}
}

func TestURLsNeedAHostWithoutValues(t *testing.T) {
	for url, want := range map[string]string{
		"http://h": "h /", "https://h:8443?a=b": "h:8443 /?a=b", "http://[::1]:80/x/{{int 1 1}}": "[::1]:80 /x/{{int 1 1}}",
		"http://{{text 3}}/x": "", "h/x": "", "ftp://h/": "", "http:///x": "", "http://u:p@h/": "",
	} {
		c, err := compile(Request{URL: url}, nil)
		if got := c.Host + " " + c.Path.String(); want != "" && (err != nil || got != want) || want == "" && err == nil {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
}

// Whatever a text holds, it is read without a panic: into a template that is written back as one that reads the same and
// draws the same, or into a problem.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "{", "{{", "{{{", "{{{{", "{{{{{", "{{{{{{int 1 2}}", "{{{int 1 2}}}", `{"a":{"b":{{int 1 2}}}}`, "{{text 3}}{{uuid}}{{iteration}}", "{{pick {a b}}",
		"{{pick a b}}?{{item.id}}{{raw item.name}}{{json user.id}}", "/a/{{int -5 5}}", "{{ int  1	2 }}", "}}{{", "{{int 1 2}", "{{json item.id}}}}",
	} {
		for _, place := range []Place{InPath, InHeader, InBody, InAnswer} {
			f.Add(text, string(place))
		}
	}
	file := write(f, "v.csv", "id,name\n1,a b/c?\n2,\"x\ny\"\n")
	values := program(f, "", Data{Name: "item", File: file}, Data{Name: "user", File: file})
	known := []Set{{Name: "item", Columns: []string{"id", "name"}}, {Name: "user", Columns: []string{"id", "name"}}}
	f.Fuzz(func(t *testing.T, text, place string) {
		first, err := Parse(text, Place(place), known)
		if err != nil {
			var problem *Problem
			if !errors.As(err, &problem) || problem.Text == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		written := first.String()
		second, err := Parse(written, Place(place), known)
		if err != nil || second.String() != written {
			t.Fatalf("%q is written as %q, which is read as %q, %v", text, written, second.String(), err)
		}
		draw := func(of Template) string {
			d := values.Drawer(1, "s")
			d.Begin(3)
			return string(d.Append(nil, of))
		}
		if a, b := draw(first), draw(second); a != b {
			t.Fatalf("%q draws %q, and written as %q it draws %q", text, a, written, b)
		} else if fixed, ok := first.Static(); ok && a != fixed {
			t.Fatalf("%q is said to be %q always and draws %q", text, fixed, a)
		} else if place == string(InPath) && strings.ContainsAny(a, " \r\n#") && !strings.Contains(text, "raw") {
			t.Fatalf("%q draws a path with what can't stand in one: %q", text, a)
		} else if place == string(InHeader) && !strings.ContainsAny(text, "\r\n") && strings.ContainsAny(a, "\r\n") {
			t.Fatalf("%q draws a header with a line break: %q", text, a)
		}
	})
}
