package recording

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTagsAreJoinedInOneWay(t *testing.T) {
	rows := []struct {
		name string
		tags map[string]string
		want string
	}{
		{"no tags are the empty string", map[string]string{}, ""},
		{"one tag", map[string]string{"scenario": "browse"}, "scenario:browse"},
		{"sorted by name", map[string]string{"scenario": "s", "name": "n", "outcome": "ok"}, "name:n,outcome:ok,scenario:s"},
		{"separators are escaped", map[string]string{"name": `http://h:1/a,b\c`}, `name:http\://h\:1/a\,b\\c`},
		{"a name may hold separators too", map[string]string{`a:b`: "", `a,b`: "x"}, `a\,b:x,a\:b:`},
		{"an empty name is not no tag", map[string]string{"": ""}, ":"},
		{"the name decides, not its escaped form", map[string]string{"a:": "1", "aB": "2"}, `a\::1,aB:2`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := JoinTags(row.tags); got != row.want {
				t.Errorf("joined %q, want %q", got, row.want)
			}
			got, err := SplitTags(row.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.tags, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTagsThatAreNotCanonicalAreRefused(t *testing.T) {
	rows := []struct{ name, tags, want string }{
		{"a name without a value", "scenario", "a name without a value"},
		{"a comma at the end", "a:b,", "a name without a value"},
		{"a comma at the start", ",a:b", "unexpected"},
		{"two colons", "a:b:c", "unexpected"},
		{"a backslash at the end", `a:b\`, "escapes nothing"},
		{"an escape that is not needed", `a:\b`, "escapes nothing"},
		{"not sorted", "b:1,a:2", "not sorted"},
		{"a name twice", "a:1,a:2", "a name twice"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if tags, err := SplitTags(row.tags); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, error %v; want an error with %q", tags, err, row.want)
			}
		})
	}
}

func FuzzJoinTags(f *testing.F) {
	f.Add("scenario", "browse", "name", `http://h:1/a,b\c`)
	f.Add("", "", ":", `\`)
	f.Add("a,", "b", "a", ",b\xff")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		want := map[string]string{name1: value1, name2: value2}
		got, err := SplitTags(JoinTags(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

func FuzzSplitTags(f *testing.F) {
	f.Add("name:n,outcome:ok,scenario:s")
	f.Add(`a\,b:x,a\:b:`)
	f.Add("b:1,a:2")
	f.Fuzz(func(t *testing.T, s string) {
		tags, err := SplitTags(s)
		if err != nil {
			return
		}
		if got := JoinTags(tags); got != s {
			t.Fatalf("%q was split into %v, which joins to %q", s, tags, got)
		}
	})
}
