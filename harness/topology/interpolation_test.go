package topology

import (
	"strings"
	"testing"
)

func TestReferencesAreReplaced(t *testing.T) {
	s := scope{
		nodes: map[string]map[string]string{
			"orders-db": {"url": "postgres://u:p@127.64.0.1:5432/d", "host": "127.64.0.1", "port": "5432", "password": "p"},
			"api":       {"url": "http://127.64.0.2:8080"},
		},
		lookup: func(name string) (string, bool) { return "s3cr3t ${api.url}", name == "TOKEN" },
		scale:  0.1,
	}
	for _, row := range []struct{ name, text, want string }{
		{"text without references stays", "a $ b } c", "a $ b } c"},
		{"an attribute of a node", "${orders-db.url}?x=1", "postgres://u:p@127.64.0.1:5432/d?x=1"},
		{"several in one text", "${orders-db.host}:${orders-db.port}", "127.64.0.1:5432"},
		{"a variable, whose value is not looked into", "Bearer ${env.TOKEN}", "Bearer s3cr3t ${api.url}"},
		{"a duration is scaled", "${scaled:60s}", "6s"},
		{"an escaped brace is itself", "$${api.url} ${api.url}", "${api.url} http://127.64.0.2:8080"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.resolve(row.text)
			if err != nil || got != row.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for _, row := range []struct{ name, text, want string }{
		{"a node that is not there", "${cache.url}", "${cache.url}: no node is named cache here (there are: api, orders-db)"},
		{"an attribute that is not there", "${api.password}", "${api.password}: api has no password (it has: url)"},
		{"a variable that is not set", "${env.NOPE}", "${env.NOPE}: the environment has no NOPE"},
		{"a duration without a unit", "${scaled:60}", `${scaled:60}: "60" is not a duration such as 60s`},
		{"a word alone", "${api}", "${api}: a reference is name.attribute, env.NAME or scaled:60s"},
		{"a missing brace", "x${api.url", "${api.url has no closing brace"},
		{"all at once", "${a.b} ${c.d}", "${a.b}: no node is named a here (there are: api, orders-db)\n${c.d}: no node is named c here (there are: api, orders-db)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := s.resolve(row.text); err == nil || err.Error() != row.want {
				t.Errorf("got %v\nwant %s", err, row.want)
			}
		})
	}
}

// FuzzReferences: resolving never panics, text without references is itself, and escaped text comes back as it was.
func FuzzReferences(f *testing.F) {
	for _, text := range []string{"", "${a.b}", "$${", "$$${a.url}", "${", "${scaled:1s}", "${env.A}}"} {
		f.Add(text)
	}
	s := scope{nodes: map[string]map[string]string{"a": {"url": "x"}}}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.resolve(text)
		if !strings.Contains(text, "${") && (err != nil || got != text) {
			t.Fatalf("%q became %q, %v", text, got, err)
		}
		escaped := strings.ReplaceAll(text, "${", "$${")
		if got, err := s.resolve(escaped); err != nil || got != text {
			t.Fatalf("%q, escaped %q, came back as %q, %v", text, escaped, got, err)
		}
	})
}
