package experiment

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func schema(t *testing.T) map[string]any {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Every key that the decoder knows stands in the schema, described, and no other.
func TestTheSchemaHasEveryKey(t *testing.T) {
	checked := 0
	compare(t, reflect.TypeFor[rawFile](), schema(t), "", &checked)
	if checked < 100 {
		t.Errorf("only %d keys were compared", checked)
	}
}

func compare(t *testing.T, of reflect.Type, s map[string]any, path string, checked *int) {
	if strings.HasPrefix(of.Name(), "later[") {
		compare(t, reflect.Zero(of).FieldByName("value").Type(), s, path, checked)
		return
	}
	if all, ok := s["anyOf"].([]any); ok && s["properties"] == nil {
		s = all[0].(map[string]any)
	}
	if c, ok := reflect.Zero(of).Interface().(container); ok {
		inner := s["additionalProperties"]
		if inner == nil {
			inner = s["items"]
		}
		compare(t, c.element(), inner.(map[string]any), path+".*", checked)
		return
	}
	fields, keys := fieldsOf(reflect.Zero(of))
	if len(keys) == 0 {
		return
	}
	properties, _ := s["properties"].(map[string]any)
	if len(properties) != len(keys) || s["additionalProperties"] != false {
		t.Errorf("%s has %d keys and the schema %d (additional: %v)", path, len(keys), len(properties), s["additionalProperties"])
	}
	for _, key := range keys {
		*checked++
		p, ok := properties[key].(map[string]any)
		if !ok {
			t.Errorf("the schema lacks %s.%s", path, key)
			continue
		}
		if p["description"] == nil || p["description"] == "" {
			t.Errorf("%s.%s is not described", path, key)
		}
		compare(t, of.Field(fields[key]).Type, p, path+"."+key, checked)
	}
}

func TestValidFilesFitTheSchema(t *testing.T) {
	s := schema(t)
	files, _ := filepath.Glob("testdata/good/*.yaml")
	more, _ := filepath.Glob(scenarios + "/*/*.yaml")
	for _, file := range append(files, more...) {
		for _, problem := range misfits(s, yamlValue(t, file), "") {
			t.Errorf("%s: %s", file, problem)
		}
	}
}

func TestInvalidFilesDoNotFitTheSchema(t *testing.T) {
	s := schema(t)
	for _, name := range []string{"structure", "units", "target-twice", "nothing", "load-shape", "load-target", "later", "list", "accept"} {
		if len(misfits(s, yamlValue(t, "testdata/bad/"+name+".yaml"), "")) == 0 {
			t.Errorf("%s fits", name)
		}
	}
}

func yamlValue(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^  script: other.js\n`).ReplaceAll(text, nil)  // the key that is given twice
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAll(text, []byte(`"$0"`)) // as YAML 1.2 has it, which knows no dates
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// misfits checks a value against as much of JSON Schema as ours uses.
func misfits(s map[string]any, v any, path string) []string {
	var found []string
	miss := func(format string, args ...any) { found = append(found, path+": "+fmt.Sprintf(format, args...)) }
	if s["type"] != nil && !hasType(s["type"].(string), v) {
		miss("%v is no %v", v, s["type"])
		return found
	}
	if enum, ok := s["enum"].([]any); ok && !containsValue(enum, v) {
		miss("%v is none of %v", v, enum)
	}
	if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(v)) {
		miss("%v does not match %s", v, pattern)
	}
	if _, whole := v.(int); whole && s["minimum"] != nil && float64(v.(int)) < s["minimum"].(float64) {
		miss("%v is too small", v)
	}
	for _, key := range asList(s["required"]) {
		if m, ok := v.(map[string]any); ok && m[key.(string)] == nil {
			miss("%s is missing", key)
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		fits := 0
		for _, one := range asList(s[keyword]) {
			if len(misfits(one.(map[string]any), v, path)) == 0 {
				fits++
			}
		}
		if n := len(asList(s[keyword])); n > 0 && (fits == 0 || keyword == "oneOf" && fits > 1) {
			miss("%v fits %d of %s", v, fits, keyword)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for key, value := range v {
			inner, known := properties[key].(map[string]any)
			if !known {
				if inner, known = s["additionalProperties"].(map[string]any); !known && s["additionalProperties"] == false {
					miss("unknown key %s", key)
				}
			}
			if known && inner["deprecated"] == true {
				miss("%s is not supported yet", key)
			}
			if known {
				found = append(found, misfits(inner, value, path+"."+key)...)
			}
		}
	case []any:
		if items, ok := s["items"].(map[string]any); ok {
			for _, item := range v {
				found = append(found, misfits(items, item, path+".*")...)
			}
		}
	}
	return found
}

func hasType(name string, v any) bool {
	switch name {
	case "object":
		_, ok := v.(map[string]any)
		return ok
	case "array":
		_, ok := v.([]any)
		return ok
	case "string":
		_, ok := v.(string)
		return ok
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "integer":
		_, ok := v.(int)
		return ok
	case "number":
		_, whole := v.(int)
		_, fraction := v.(float64)
		return whole || fraction
	}
	return name == "null" && v == nil
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func containsValue(list []any, v any) bool {
	for _, one := range list {
		if one == v {
			return true
		}
	}
	return false
}
