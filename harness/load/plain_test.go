package load

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// plain runs `brunt k6 …`: the same binary without a parent on a wire.
func plain(t *testing.T, env []string, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{command}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestPlainK6KnowsTheExtension(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	base := `
import http from 'k6/http';
import brunt from 'k6/x/brunt';
import exec from 'k6/execution';
export const options = { ` + arrival(`{ rate: 20, duration: '1s', maxVUs: 3 }`) + `, thresholds: { THRESHOLD } };
export default function () {
  http.get(__ENV.URL);
  if (exec.scenario.iterationInTest === 5) console.log('seed ' + brunt.seed + ' of ' + exec.scenario.name + ' ' + (brunt.rand().float() < 1));
  BODY
}`
	for _, row := range []struct {
		name, threshold, body string
		code                  int
		says                  string
	}{
		{"it passes", "http_reqs: ['count==20'], dropped_iterations: ['count==0']", "", 0, "seed 7 of s true"},
		{"it fails on a threshold", "http_reqs: ['count<20']", "", exitThresholds, "thresholds on metrics 'http_reqs' have been crossed"},
		{"it is aborted", "", "exec.test.abort('enough')", exitAborted, "test aborted: enough"},
		{"an exception is logged and nothing more", "", "throw new Error('boom')", 0, "boom"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, "script.js", strings.NewReplacer("THRESHOLD", row.threshold, "BODY", row.body).Replace(base))
			out, code := plain(t, []string{"URL=" + url}, "run", "--quiet", "--address=", "--no-usage-report", "-e", "BRUNT_SEED=7", path)
			if code != row.code || !strings.Contains(out, row.says) {
				t.Errorf("exit code %d, want %d\n%s", code, row.code, out)
			}
		})
	}
}

func TestOurOutputNeedsBrunt(t *testing.T) {
	t.Parallel()
	out, code := plain(t, nil, "run", "--quiet", "-o", "brunt", write(t, "script.js", "export default function () {}"))
	if code == 0 || !strings.Contains(out, "works only where brunt itself starts k6") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestLatencyIsKnownWhateverSystemTagsTheScriptAsksFor(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", get(arrival(`{ rate: 20, duration: '1s' }`)+", systemTags: ['status']"))
	fitness, err, r := run(t, Options{Script: Script{Path: path, Env: map[string]string{"URL": serve(t, ok)}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if n := r.trend("latency", 0, always, "scenario:s", "name:root").Count(); n != 20 {
		t.Errorf("%d latencies", n)
	}
}

func TestSecretsStayOutOfLogAndFitness(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", `
export const options = { `+arrival(`{ rate: 5, duration: '1s' }`)+` };
export default function () { console.log('with ' + __ENV.TOKEN); throw new Error('bad ' + __ENV.TOKEN); }`)
	p := start(t, Options{
		Script: Script{Path: path, Env: map[string]string{"TOKEN": "hunter2"}},
		Redact: func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") },
	})
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(p.options.LogPath)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(fitness.FirstException, "Error: bad *** (") || strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "with ***") {
		t.Errorf("%q\n%s", fitness.FirstException, text)
	}
	if !strings.HasPrefix(fitness.FirstStack, "Error: bad ***\n\tat default (") || strings.Contains(fitness.FirstStack, "hunter2") {
		t.Errorf("the stack is %q", fitness.FirstStack)
	}
}
