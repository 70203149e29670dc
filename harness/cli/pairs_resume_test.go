package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// TestARunGoesOnWithTheFlagsThatItWasBegunWith: others may be given only where they change nothing of what is measured, and so have to be
// secrets, which are not kept.
func TestARunGoesOnWithTheFlagsThatItWasBegunWith(t *testing.T) {
	begun := []string{"brunt", "gate", "shop", "--rate", "60/s", "-e", "A=1", "-e", "TOKEN=[redacted]", "--set", "target.env.URL=pg://u:[redacted]@h", "--seed=7"}
	secrets := []string{"-e", "TOKEN=abc", "--set", "target.env.URL=pg://u:p@h"}
	for _, row := range []struct {
		name  string
		given []string
		says  string // "": it goes on
	}{
		{"the secrets", secrets, ""},
		{"the secrets, and reports", append([]string{"--json", "-", "--no-wait", "--quiet", "--store", "sqlite:x.db", "--no-profiles"}, secrets...), ""},
		{"what it was begun with", append([]string{"--rate", "60/s", "-e", "A=1", "--seed", "7"}, secrets...), ""},
		{"no secrets", nil, "the value of --env TOKEN is a secret, which was not kept"},
		{"one of the secrets", secrets[:2], "the value of --set target.env.URL is a secret"},
		{"another rate", append([]string{"--rate", "10/s"}, secrets...), "--rate is not as it was"},
		{"another value", append([]string{"-e", "A=2"}, secrets...), "--env is not as it was"},
		{"another name", append([]string{"-e", "B=1"}, secrets...), "--env is not as it was"},
		{"another host", []string{"--set", "target.env.URL=pg://u:p@other"}, "--set is not as it was"},
		{"another candidate", append([]string{"--candidate-set", "target.env.A=1"}, secrets...), "--candidate-set is not as it was"},
		{"another baseline", append([]string{"--baseline", "main"}, secrets...), "--baseline is not as it was"},
		{"another provider", append([]string{"--provider", "docker"}, secrets...), "--provider is not as it was"},
		{"another seed", append([]string{"--seed", "8"}, secrets...), "--seed is not as it was"},
	} {
		a := &app{Process: Process{Args: append([]string{"gate", "--resume", "it"}, row.given...)}}
		c, given, err := a.bothCommands("gate", results.Run{ID: "it", Command: begun})
		if err != nil {
			t.Fatal(err)
		}
		err = takeGiven(c.Flags(), given.Flags(), "it")
		if row.says != "" {
			if err == nil || !strings.Contains(err.Error(), row.says) || codeOf(err) != exitUsage {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		env, _ := c.Flags().GetStringArray("env")
		set, _ := c.Flags().GetStringArray("set")
		resume, _ := c.Flags().GetString("resume")
		if diff := cmp.Diff([]string{"A=1", "TOKEN=abc", "target.env.URL=pg://u:p@h", "it"}, append(append(env, set...), resume)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", row.name, err, diff)
		}
	}
	if got := hintFor(usage(&notKeptError{"it", "env", "TOKEN"})); got != "give it again: --resume it --env TOKEN=VALUE" {
		t.Error(got)
	}
}
