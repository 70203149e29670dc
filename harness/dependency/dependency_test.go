package dependency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// goldenItems is the beginning of the SHA-256 of 1000 items of seed 1.
const goldenItems = "5f280eaed2cc8704"

func known(t *testing.T, kind string) Server {
	t.Helper()
	s, ok := Known(kind)
	if !ok {
		t.Fatalf("%s is not known", kind)
	}
	return s
}

func TestTheImageIsTheEnvironmentsThenTheExperimentsThenTheOfficialOne(t *testing.T) {
	for _, row := range []struct {
		name, kind string
		asked      experiment.Dependency
		env        map[string]string
		want       string
	}{
		{"nothing is asked for postgres", Postgres, experiment.Dependency{}, nil, "postgres:17"},
		{"nothing is asked for redis", Redis, experiment.Dependency{}, nil, "redis:7"},
		{"a version is asked", Postgres, experiment.Dependency{Version: "15"}, nil, "postgres:15"},
		{"an image is asked", Postgres, experiment.Dependency{Version: "15", Image: "my/pg:1"}, nil, "my/pg:1"},
		{"the environment overrides", Redis, experiment.Dependency{Image: "x"}, map[string]string{"BRUNT_REDIS_IMAGE": "y"}, "y"},
		{"an empty variable overrides nothing", Redis, experiment.Dependency{Image: "x"}, map[string]string{"BRUNT_REDIS_IMAGE": ""}, "x"},
	} {
		t.Run(row.name, func(t *testing.T) {
			lookup := func(name string) (string, bool) { v, ok := row.env[name]; return v, ok }
			if got := known(t, row.kind).Image(row.asked, lookup); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestParametersAndURLs(t *testing.T) {
	postgres, redis := known(t, Postgres), known(t, Redis)
	a, b := postgres.Params(nil, nil), postgres.Params(nil, nil)
	if a[ParamPassword] == b[ParamPassword] || len(a[ParamPassword]) < 20 {
		t.Errorf("passwords %q and %q", a[ParamPassword], b[ParamPassword])
	}
	own := postgres.Params(map[string]string{"POSTGRES_USER": "me", "POSTGRES_PASSWORD": "p@ss:/?#", "POSTGRES_DB": "shop"}, nil)
	for _, row := range []struct{ name, got, want string }{
		{"postgres quotes a password", postgres.URL("127.1.2.3:5432", own), "postgres://me:p%40ss%3A%2F%3F%23@127.1.2.3:5432/shop?sslmode=disable"},
		{"the database defaults to the user", postgres.Params(map[string]string{"POSTGRES_USER": "me"}, nil)[ParamDatabase], "me"},
		{"redis has no password", redis.URL("127.1.2.3:6379", redis.Params(nil, nil)), "redis://127.1.2.3:6379/0"},
		{"redis has the password of its arguments", redis.URL("h:1", redis.Params(nil, []string{"--requirepass", "x"})), "redis://:x@h:1/0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("got %s, want %s", row.got, row.want)
			}
		})
	}
	want := map[string]string{
		"POSTGRES_USER": "me", "POSTGRES_PASSWORD": "p@ss:/?#", "POSTGRES_DB": "shop", "TZ": "UTC",
		"POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C",
	}
	if diff := cmp.Diff(want, postgres.Environment(own, map[string]string{"TZ": "UTC"})); diff != "" {
		t.Error(diff)
	}
}

func TestArgumentsOfTheExperimentComeLast(t *testing.T) {
	got := known(t, Postgres).Args("127.1.2.3:5432", Settings{Statements: true, Extra: []string{"-c", "fsync=on"}})
	want := []string{"-c", "listen_addresses=127.1.2.3", "-c", "port=5432", "-c", "fsync=off", "-c", "shared_preload_libraries=pg_stat_statements", "-c", "fsync=on"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	redis := strings.Join(known(t, Redis).Args("0.0.0.0:6379", Settings{Extra: []string{"--maxmemory", "1mb"}}), " ")
	if !strings.HasPrefix(redis, "--bind 0.0.0.0 --port 6379 ") || !strings.HasSuffix(redis, " --maxmemory 1mb") {
		t.Errorf("got %s", redis)
	}
}

func TestADataSetIsTheSameBytesForEver(t *testing.T) {
	d, err := FindDataset("items")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := d.Write(&out, 1000, 1); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	// Whoever changes this digest raises DatasetFormat with it.
	if got, want := hex.EncodeToString(sum[:8]), goldenItems; got != want || DatasetFormat != 1 {
		t.Errorf("format %d has digest %s, want %s", DatasetFormat, got, want)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	if fields := strings.Split(first, "\t"); len(fields) != 6 || fields[0] != "1" {
		t.Errorf("the first row is %q", first)
	}
	var longer, other bytes.Buffer
	if err := d.Write(&longer, 1001, 1); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(longer.Bytes(), out.Bytes()) {
		t.Error("a row depends on how many there are")
	}
	if err := d.Write(&other, 1000, 2); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(other.Bytes(), out.Bytes()) {
		t.Error("two seeds make the same rows")
	}
}

func TestWhatRedisCannotTakeIsRefused(t *testing.T) {
	i := known(t, Redis).At("127.0.0.1:1", nil)
	for name, err := range map[string]error{
		"sql":      i.RunSQL(t.Context(), "a.sql", "SELECT 1"),
		"data set": i.LoadDataset(t.Context(), "items", 10, 1),
	} {
		if err == nil || !strings.Contains(err.Error(), "redis takes neither SQL nor data sets") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Command(t.Context(), &site.Node{Name: "api", Kind: "command"}, []string{"x"}); err == nil {
		t.Error("a command went to a node of no known kind")
	}
}
