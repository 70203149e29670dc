package load

import (
	"fmt"
	"strings"
)

// ours says why a flag of k6 can't be given with a bare script; "" if it can.
func ours(flag string) string {
	switch flag {
	case "--log-format", "--log-output":
		return "brunt reads k6's log, in which alone k6 tells of exceptions"
	case "--linger", "-l", "--paused", "-p":
		return "nobody would tell k6 to go on"
	case "--no-thresholds":
		return "the thresholds are what is judged"
	}
	return ""
}

// checkFlags refuses k6's flags that would keep a bare script from being measured, or that nothing would come of.
func (s Script) checkFlags() error {
	for _, given := range s.Flags {
		name, _, _ := strings.Cut(given, "=")
		if why := ours(name); why != "" {
			return &ScriptError{Kind: KindConfig, Script: s.Path, Message: fmt.Sprintf("the flag %s goes only with `brunt k6 run`: %s", name, why)}
		}
	}
	return nil
}
