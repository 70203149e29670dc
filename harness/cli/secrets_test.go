package cli_test

import (
	"bytes"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/topology"
)

// told are the secrets of TestASecretIsFoundNowhere by the way in which they came to brunt. They hold what every format
// writes in another way.
func told() map[string]string {
	secrets := map[string]string{}
	for _, way := range []string{
		"loadenv", "loadref", "serviceenv", "serviceref", "plainname", "flag", "setload", "setservice", "environ",
		"ownurl", "runningurl", "redis",
	} {
		secrets[way] = `k"<` + way + `>&+/ %3D=9`
	}
	secrets["threshold"] = "k9threshold9k" // of k6, whose selectors take no quotes
	secrets["redis"] = "k9redis9k/+="      // of redis-server, whose arguments take none either
	return secrets
}

const secretExperiment = `
name: secrets
services:
  api:
    command: [sh, -c, 'env > "$OUT"; exec server --tell']
    port: 8080
    ready: {http: /healthz}
    env:
      DATABASE_URL: "${db.url}"
      REDIS_URL: "${cache.url}"
      PGPASSWORD: "${db.password}"
      HALF_OF_A_DSN: "${db.password}"
      OTHER_DATABASE_URL: "postgres://me:%OWNURL%@127.0.0.1:9/other"
      API_KEY: '%SERVICEENV%'
      API_TOKEN: "${env.SERVICE_TOKEN}"
      API_SECRET: "${env.CRED}"
      OUT: "${env.OUT}"
  other: {url: "http://me:%RUNNINGURL%@%OTHER%"}
dependencies:
  db: {kind: postgres}
  cache: {kind: redis, args: [--requirepass, %REDIS%]}
load:
  target: api
  script: script.js
  env:
    BASE_URL: "${api.url}"
    OTHER_URL: "${other.url}"
    LOAD_TOKEN: '%LOADENV%'
    LOAD_SECRET: "${env.LOAD_REF}"
    THRESHOLD_TOKEN: "%THRESHOLD%"
  shape: smoke
  rate: 10/s
  duration: 3s
warmup: 0s
settle: 0s
faults:
  - {name: slow, link: api->cache, kind: latency, latency: 30ms, at: 1s, for: 1s}
slos: ["rate(http_req_failed) < 100%"]
`

// secretScript lets every secret that a script can know go wherever a script can put it.
const secretScript = `
import http from 'k6/http';
import encoding from 'k6/encoding';
import exec from 'k6/execution';
import { check, group } from 'k6';
import { Counter } from 'k6/metrics';
const names = ['LOAD_TOKEN', 'LOAD_SECRET', 'THRESHOLD_TOKEN', 'FLAG_TOKEN', 'SET_TOKEN', 'AWS_SECRET_ACCESS_KEY'];
const used = new Counter('used');
export const options = { thresholds: { ['http_reqs{name:get ' + __ENV.THRESHOLD_TOKEN + '}']: ['count>0'] } };
export default function () {
  const n = exec.scenario.iterationInTest;
  const token = __ENV[names[n % names.length]];
  if (!token) exec.test.abort('no ' + names[n % names.length]);
  console.log(token);
  console.warn(JSON.stringify({ token }), encodeURIComponent(token),
    encoding.b64encode(token), encoding.b64encode('u:' + token), encoding.b64encode('you:' + token));
  const headers = { Authorization: 'Bearer ' + token };
  const res = http.get(__ENV.BASE_URL + '/?token=' + encodeURIComponent(token), { headers });
  http.get(__ENV.BASE_URL + '/', { tags: { name: 'get ' + token } });
  http.get(__ENV.OTHER_URL + '/?token=' + encodeURIComponent(token));
  check(res, { ['answered ' + token]: (r) => r.status === 200 });
  group('with ' + token, () => used.add(1, { with: token }));
  if (n === 3) throw new Error('lost ' + token);
}
`

// TestASecretIsFoundNowhere runs an experiment whose service and script tell all that they know, and looks into every
// file that was kept or written, into what was said, and into what stood in the store and the leases meanwhile.
func TestASecretIsFoundNowhere(t *testing.T) {
	t.Parallel()
	secrets := told()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(other.Close)
	p := newPlace(t, topology.ProviderLocal)
	seen := filepath.Join(t.TempDir(), "environment")
	p.write("script.js", secretScript)
	p.write("experiment.yaml", secretText(secretExperiment, secrets, strings.TrimPrefix(other.URL, "http://")))
	clean := p.env
	p.env = append(slices.Clone(p.env), "OUT="+seen, "SERVICE_TOKEN="+secrets["serviceref"], "CRED="+secrets["plainname"],
		"LOAD_REF="+secrets["loadref"], "AWS_SECRET_ACCESS_KEY="+secrets["environ"])

	watched := p.watch()
	v := p.run(1, p.runArgs("-e", "FLAG_TOKEN="+secrets["flag"],
		"--set", "load.env.SET_TOKEN="+quotedYAML(secrets["setload"]), "--set", "services.api.env.SET_KEY="+quotedYAML(secrets["setservice"]),
		"--json", p.path("out.json"), "--junit", p.path("out.xml"), "--markdown", p.path("out.md"))...)
	kept := watched()
	secrets["generated"] = p.generated(seen, secrets)
	kept["stdout"], kept["stderr"] = v.stdout.Bytes(), []byte(v.stderr())

	// Whoever shows or judges the run later does not know the secrets any more.
	p.env = clean
	for _, args := range [][]string{{"show", "latest"}, {"report", "latest", "--format", "json"}, {"report", "latest", "--format", "junit"}} {
		kept[strings.Join(args, " ")] = p.run(0, args...).stdout.Bytes()
	}
	kept["rejudge latest"] = p.run(1, "rejudge", "latest").stdout.Bytes()
	for _, file := range []string{"out.json", "out.xml", "out.md"} {
		kept[file] = p.read(file)
	}
	maps.Copy(kept, p.files("store"))
	maps.Copy(kept, p.files("tmp"))
	nowhere(t, secrets, kept)
	marked(t, kept, map[string]string{
		"out.json": "lost [redacted]", "rejudge latest": "lost [redacted]", "api.log": "API_SECRET=[redacted]",
		"k6-1.log": "[redacted]", "recording-1.brunt": "answered [redacted]", "brunt.db": "lost [redacted]",
	})
	if log := whole(kept, "api.log"); !strings.Contains(log, "Bearer [redacted]") {
		t.Error("the service's log lacks the header that it wrote")
	}
}

const failingExperiment = `
name: failing
services:
  api:
    command: [server, --tell, --die]
    port: 8080
    env:
      ZZ_DSN: "${db.url}"
      ZZ_HALF: "${db.password}"
      ZZ_NOTE: "%PADDING%${env.SERVICE_TOKEN}"
      ZZ_TOKEN: "${env.CRED}"
dependencies:
  db: {kind: postgres}
load: {script: script.js, shape: smoke, duration: 3s}
slos: ["rate(http_req_failed) < 100%"]
`

// TestASecretIsNotToldByAStartThatFails quotes the end of a log that consists of secrets, one of them where the line is cut.
func TestASecretIsNotToldByAStartThatFails(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"cut": "k9-across-the-end-of-the-line", "plain name": "k9-under-a-plain-name"}
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", "export default function () {}\n")
	p.write("experiment.yaml", strings.ReplaceAll(failingExperiment, "%PADDING%", strings.Repeat("x", 376)))
	p.env = append(p.env, "SERVICE_TOKEN="+secrets["cut"], "CRED="+secrets["plain name"])
	watched := p.watch()
	v := p.run(3, p.runArgs()...)
	kept := watched()
	kept["stdout"], kept["stderr"] = v.stdout.Bytes(), []byte(v.stderr())
	maps.Copy(kept, p.files("store"))
	secrets["half"] = "k9-across-the"
	nowhere(t, secrets, kept)
	marked(t, kept, map[string]string{"stderr": "ZZ_HALF=[redacted]", "stdout": "ZZ_TOKEN=[redacted]", "brunt.db": "ZZ_HALF=[redacted]"})
}

// TestAPlainWordAsAPasswordDestroysNoRecord: many a developer's password is postgres.
func TestAPlainWordAsAPasswordDestroysNoRecord(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", "export default function () {}\n")
	p.write("experiment.yaml", strings.NewReplacer("%PADDING%", "", "{kind: postgres}", "{kind: postgres, env: {POSTGRES_PASSWORD: postgres}}").
		Replace(failingExperiment))
	p.env = append(p.env, "SERVICE_TOKEN=none", "CRED=none")
	v := p.run(3, p.runArgs()...)
	for _, want := range []string{"db is ready: postgres ", "ZZ_DSN=postgres://brunt:[redacted]@"} {
		if !strings.Contains(v.stderr(), want) {
			t.Errorf("standard error lacks %q:\n%s", want, v.stderr())
		}
	}
}

// TestASecretOfABareScript comes by both kinds of -e, and makes a threshold that can be judged again without it.
func TestASecretOfABareScript(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"ours": "k9-our-own-flag", "k6's": "k9-a-flag-of-k6", "joined": "k9-a-joined-flag"}
	p := newPlace(t, topology.ProviderLocal)
	p.write("bare.js", `
import { check } from 'k6';
const all = __ENV.OUR_TOKEN + __ENV.K6_S_TOKEN + __ENV.JOINED_TOKEN;
export const options = { thresholds: { ['checks{check:' + all + '}']: ['rate==1'] } };
export default function () { check(1, { [all]: () => true }); }
`)
	p.write("init.js", "throw new Error('with ' + __ENV.OUR_TOKEN);\nexport default function () {}\n")
	flags := []string{"-e", "OUR_TOKEN=" + secrets["ours"], "--", "-e", "K6_S_TOKEN=" + secrets["k6's"], "--env=JOINED_TOKEN=" + secrets["joined"]}
	watched := p.watch()
	passes := p.run(0, append([]string{"run", p.path("bare.js")}, append(flags, "--iterations", "3")...)...)
	throws := p.run(2, append([]string{"run", p.path("init.js")}, flags...)...)
	kept := watched()
	again := p.run(0, "rejudge", "latest")
	for name, v := range map[string]*victim{"run": passes, "throwing": throws, "rejudge": again} {
		kept[name+" stdout"], kept[name+" stderr"] = v.stdout.Bytes(), []byte(v.stderr())
	}
	maps.Copy(kept, p.files("store"))
	nowhere(t, secrets, kept)
	marked(t, kept, map[string]string{"throwing stderr": "with [redacted]", "rejudge stdout": "checks{check:[redacted]}: rate==1"})
}

// secretText fills an experiment in.
func secretText(text string, secrets map[string]string, other string) string {
	for way, secret := range secrets {
		if strings.HasSuffix(way, "url") {
			secret = strings.TrimPrefix(url.UserPassword("", secret).String(), ":")
		}
		text = strings.ReplaceAll(text, "%"+strings.ToUpper(way)+"%", secret)
	}
	return strings.ReplaceAll(text, "%OTHER%", other)
}

func quotedYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// generated is the password that brunt made up for the database, out of what the service was started with; the secrets of
// the service have to be there too, or nothing is proven.
func (p *place) generated(environment string, secrets map[string]string) string {
	p.Helper()
	text, err := os.ReadFile(environment)
	if err != nil {
		p.Fatal(err)
	}
	for _, way := range []string{"serviceenv", "serviceref", "plainname", "setservice", "environ"} {
		if !bytes.Contains(text, []byte(secrets[way])) {
			p.Errorf("the secret by way of %s has not reached the service", way)
		}
	}
	for line := range strings.Lines(string(text)) {
		if password, ok := strings.CutPrefix(strings.TrimSpace(line), "PGPASSWORD="); ok && len(password) >= 16 {
			return password
		}
	}
	p.Fatalf("no password was made:\n%s", text)
	return ""
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) read(name string) []byte {
	p.Helper()
	text, err := os.ReadFile(p.path(name))
	if err != nil {
		p.Fatal(err)
	}
	return text
}

// files are the contents of all files below a folder of the place, by their paths.
func (p *place) files(folder string) map[string][]byte {
	found := map[string][]byte{}
	_ = filepath.WalkDir(p.path(folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, err := os.ReadFile(path); err == nil { // it may be gone by now
				name, _ := filepath.Rel(p.dir, path)
				found[name] = spelled(text)
			}
		}
		return nil
	})
	return found
}
