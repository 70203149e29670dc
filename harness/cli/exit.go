package cli

import (
	"errors"
	"fmt"
)

// The exit codes. Nothing turns 3 or 4 into 0 but --inconclusive=pass.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2 // usage, or an invalid experiment
	exitBroken       = 3 // could not measure
	exitInconclusive = 4
	exitInterrupted  = 130
)

// exitError ends a command with a code. Its error may be nil when everything has been said already, as by a report.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error  { return &exitError{exitUsage, err} }
func broken(err error) error { return &exitError{exitBroken, err} }

// codeOf is the exit code of a command's error. What nobody classified is broken: an unknown failure is never a verdict.
func codeOf(err error) int {
	if err == nil {
		return exitPass
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitBroken
}
