package experiment

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// Schema is the JSON Schema of the experiment file, made from the types that the file is read into.
func Schema() ([]byte, error) {
	s := reflected(reflect.TypeFor[rawFile]())
	s.Version = jsonschema.Version
	s.Title = "brunt experiment"
	s.Description = "One question: topology, load, faults and SLOs. Durations are written 300ms, 20s, 1m30s or 2d, rates 100/s, sizes 256MiB."
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return b, nil
}

func reflected(t reflect.Type) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
	}
	s := r.ReflectFromType(t)
	s.Version = ""
	return s
}

// anyScalar is the schema of a text: YAML may take what looks like a number or a truth value for one.
func anyScalar() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

func patterned(pattern, example string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: []any{example}}
}

func oneOf(now []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range now {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// JSONSchema of the scalars.

func (text) JSONSchema() *jsonschema.Schema { return anyScalar() }
func (duration) JSONSchema() *jsonschema.Schema {
	return patterned(`^([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h|d))+$`, "20s")
}
func (scalable) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{duration{}.JSONSchema(), patterned(`^\$\{scaled:[^}]+\}$`, "${scaled:60s}")}}
}
func (moment) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{duration{}.JSONSchema(), {Const: "script"}}}
}
func (rate) JSONSchema() *jsonschema.Schema {
	return patterned(`^[0-9]*\.?[0-9]+ */ *(s|sec|m|min|h)$`, "100/s")
}
func (size) JSONSchema() *jsonschema.Schema {
	return patterned(`^[0-9]*\.?[0-9]+ *([KMGkmg]i?)?[Bb]?$`, "256MiB")
}
func (throughput) JSONSchema() *jsonschema.Schema {
	return patterned(`^[0-9]*\.?[0-9]+ *([KMGkmg]i?)?[Bb]? */s$`, "100KiB/s")
}
func (integer) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: "1"}
}
func (cores) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0"}
}
func (share) JSONSchema() *jsonschema.Schema {
	return patterned(`^[0-9]*\.?[0-9]+ *%$`, "5%")
}
func (increase) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number", ExclusiveMinimum: "0"}, patterned(`^[0-9]*\.?[0-9]+ *%?$`, "10%")}}
}
func (truth) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean"} }
func (words) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "array", Items: anyScalar()}, {Type: "string"}}}
}
func (rawSLO) JSONSchema() *jsonschema.Schema {
	k6 := &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string", Examples: []any{
		"p95(latency) < 300ms in steady", "p95(latency) < 300ms in every 1m", "p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)",
		"slope(after_gc(heap)) < 1MiB/min", "max(process_open_fds{node:api}) < 500",
	}}, k6}}
}
func (rawMeasurement) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Examples: []any{"p95(latency) in redis-slow", "per_request(postgres.queries)", "admitted(limiter) per 60s"}}
}

// JSONSchema of the choices. What is not supported yet is not among them.

func (variant) JSONSchema() *jsonschema.Schema        { return oneOf(variants()) }
func (declared) JSONSchema() *jsonschema.Schema       { return oneOf(verdicts()) }
func (shape) JSONSchema() *jsonschema.Schema          { return oneOf(shapes()) }
func (dependencyKind) JSONSchema() *jsonschema.Schema { return oneOf(dependencyKinds()) }
func (dataset) JSONSchema() *jsonschema.Schema        { return oneOf(datasets()) }
func (reference) JSONSchema() *jsonschema.Schema      { return oneOf(references()) }
func (method) JSONSchema() *jsonschema.Schema         { return oneOf(methods()) }
func (order) JSONSchema() *jsonschema.Schema          { return oneOf(requests.Orders()) }
func (httpVersion) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{oneOf(requests.Versions()), {Type: "number"}}}
}
func (statuses) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "array", Items: anyScalar()}, {Type: "string"}, {Type: "number"}}}
}
func (distribution) JSONSchema() *jsonschema.Schema { return oneOf(distributions()) }
func (faultKind) JSONSchema() *jsonschema.Schema    { return oneOf(faultKinds()) }

// JSONSchema of the containers. An empty mapping or list may be left empty in YAML, which is null.

func (mapping[T]) JSONSchema() *jsonschema.Schema {
	return orNull(&jsonschema.Schema{Type: "object", AdditionalProperties: reflected(reflect.TypeFor[T]())})
}
func (list[T]) JSONSchema() *jsonschema.Schema {
	return orNull(&jsonschema.Schema{Type: "array", Items: reflected(reflect.TypeFor[T]())})
}
func (later[T]) JSONSchema() *jsonschema.Schema {
	s := reflected(reflect.TypeFor[T]())
	s.Deprecated = true // the nearest that the vocabulary has to: not yet
	return s
}

func orNull(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

// JSONSchemaExtend states which keys exclude each other.

func (rawFile) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = alternatives("target", "services")
}

func (rawService) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = alternatives("reference", "image", "build", "command", "url")
}

func (rawDependency) JSONSchemaExtend(s *jsonschema.Schema) {
	s.AnyOf = alternatives("kind", "image")
}

func (rawLoad) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = alternatives("script", "requests")
}

func (rawRequest) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = alternatives("path", "url")
}

func (rawStep) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = alternatives("sql", "dataset")
}

func alternatives(keys ...string) []*jsonschema.Schema {
	all := make([]*jsonschema.Schema, len(keys))
	for i, key := range keys {
		all[i] = &jsonschema.Schema{Required: []string{key}}
	}
	return all
}
