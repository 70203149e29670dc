// Package lib holds JavaScript that scripts can import: the traffic shapes.
package lib

import _ "embed"

// Shapes is the source of shapes.js, an ES module without imports. Each of its exports is a function declaration that
// begins with "export function" at the start of a line.
//
//go:embed shapes.js
var Shapes string

// Names are the names of the shapes, in the order in which they are explained.
func Names() []string { return []string{"smoke", "ramp", "soak", "spike"} }
