// Package slo is the SLO language.
package slo

// SLO is replaced by the real one.
type SLO struct{}
