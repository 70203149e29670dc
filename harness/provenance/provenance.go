// Package provenance says where a run comes from: the commit and the state of the working tree, the CI around it, the
// machine, and the versions of the tools. It also holds the Redactor, which keeps secrets out of all that is stored or shown.
//
// Nothing here fails a run. What can't be known is left empty and said in a note that is kept with the build; an error means
// that the context has ended.
package provenance

import "strings"

// Environment is what is looked at. The zero value sees nothing but the current folder.
type Environment struct {
	Dir string // inside the working tree; empty is the current folder
	// Lookup returns a variable of the process environment, as os.LookupEnv. Nil: taken from Environ.
	Lookup  func(name string) (string, bool)
	Environ []string // NAME=VALUE, what the git child inherits; its GIT_* variables are dropped
	// Ignore lists paths whose state does not count as dirty, such as those of the store: absolute, or relative to the root of the
	// working tree. What is outside of it does not count anyway.
	Ignore []string
}

// variable returns the value of an environment variable, empty when it is not set.
func (e Environment) variable(name string) string {
	if e.Lookup != nil {
		value, _ := e.Lookup(name)
		return value
	}
	value := ""
	for _, entry := range e.Environ {
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			value = v // the last one counts, as in a shell
		}
	}
	return value
}
