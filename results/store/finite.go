package store

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// finite returns a copy of the run without floats that JSON can't express, and with a warning that names each of them.
// The original shares no changed memory with the copy.
func finite(run results.Run) results.Run {
	var fields []string
	clean := finiteValue(reflect.ValueOf(run), "run", &fields).Interface().(results.Run)
	clean.Warnings = append(clean.Warnings[:len(clean.Warnings):len(clean.Warnings)],
		"not finite, and stored as 0 or null: "+strings.Join(fields, ", "))
	return clean
}

// finiteValue copies v, replacing what is not finite and adding its path to fields.
func finiteValue(v reflect.Value, path string, fields *[]string) reflect.Value {
	switch v.Kind() {
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			*fields = append(*fields, path)
			return reflect.Zero(v.Type())
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		before := len(*fields)
		element := finiteValue(v.Elem(), path, fields)
		if v.Elem().Kind() == reflect.Float64 && len(*fields) > before {
			return reflect.Zero(v.Type())
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(element)
		return p
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			s.Index(i).Set(finiteValue(v.Index(i), fmt.Sprintf("%s[%d]", path, i), fields))
		}
		return s
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		s.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				s.Field(i).Set(finiteValue(v.Field(i), path+"."+f.Name, fields))
			}
		}
		return s
	}
	return v
}
