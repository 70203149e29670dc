// Package lib holds JavaScript that scripts can import: the traffic shapes, which k6/x/brunt exports.
package lib

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// shapes is the source of shapes.js, an ES module without imports. Each of its exports is a function declaration that
// begins with "export function" at the start of a line.
//
//go:embed shapes.js
var shapes string

// Names are the names of the shapes, in the order in which they are explained.
func Names() []string { return []string{"smoke", "ramp", "soak", "spike", "breakpoint"} }

// Functions are the names of the functions that Program makes: the shapes, shape, scaled and turns.
func Functions() []string { return append(Names(), "shape", "scaled", "turns") }

// Program is shapes.js as a plain script, whose value is an object of its functions.
func Program() string {
	plain := regexp.MustCompile(`(?m)^export (function)`).ReplaceAllString(shapes, "$1")
	return fmt.Sprintf("(() => {\n%s\nreturn { %s };\n})()\n", plain, strings.Join(Functions(), ", "))
}
