package lease

import (
	"slices"
	"strings"
)

// kept names what the watchdog needs: to reach a container engine, and little else. All other variables are dropped,
// because CI systems find the processes of a job by marks in their environment (RUNNER_TRACKING_ID, JENKINS_NODE_COOKIE,
// BUILD_ID and others), and would kill the watchdog before it has cleaned up.
var kept = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "TZ", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"GOCOVERDIR", "GORACE", "GOMAXPROCS",
}

var keptPrefixes = []string{"DOCKER_", "TESTCONTAINERS_"}

// scrub returns the entries of an environment that the watchdog keeps.
func scrub(environ []string) []string {
	out := []string{}
	for _, entry := range environ {
		name, _, ok := strings.Cut(entry, "=")
		if !ok {
			continue
		}
		hasPrefix := func(p string) bool { return strings.HasPrefix(name, p) }
		if slices.Contains(kept, name) || slices.ContainsFunc(keptPrefixes, hasPrefix) {
			out = append(out, entry)
		}
	}
	return out
}
