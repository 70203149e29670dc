package topology

import (
	"os"
	"strings"
	"testing"
)

// needOwner announces a skip where the system does not identify processes, which BRUNT_REQUIRE_DOCKER=1 forbids.
func needOwner(t *testing.T) {
	t.Helper()
	if owner() != "" {
		return
	}
	if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
		t.Fatal("BRUNT_REQUIRE_DOCKER=1 and this system does not identify processes")
	}
	t.Skip("SKIPPED, this system does not identify processes")
}

func TestWhoseOwnerIsDead(t *testing.T) {
	needOwner(t)
	parts := strings.Split(owner(), "/")
	with := func(at int, value string) string {
		changed := append([]string(nil), parts...)
		changed[at] = value
		return strings.Join(changed, "/")
	}
	for _, row := range []struct {
		name  string
		label string
		dead  bool
	}{
		{"this process lives", owner(), false},
		{"another boot's process is dead, whatever its number", with(0, "00000000-0000"), true},
		{"of a process in another namespace nothing is known", with(1, "pid:[1]"), false},
		{"a number that nobody has is dead", with(2, "4194305"), true},
		{"a number that another process has by now is dead", with(3, "1"), true},
		{"without a label nothing is known", "", false},
		{"of a label that cannot be read nothing is known", "a/b/c", false},
		{"of a number that is none nothing is known", with(2, "one"), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := ownerDead(row.label); got != row.dead {
				t.Errorf("ownerDead(%q) = %v", row.label, got)
			}
		})
	}
}
