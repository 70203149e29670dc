package dependency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

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

// goldenDatasets are the beginnings of the SHA-256 of 1000 rows of seed 1, and how many columns there are.
func goldenDatasets() map[string]golden {
	return map[string]golden{
		"items": {"5f280eaed2cc8704", 6}, "orders": {"e3eab3612733d940", 6}, "documents": {"284db6ad3a4c2541", 2},
		"users": {"3b1fb2d0c6344435", 2}, "posts": {"b132a0e7ff7cf44c", 4}, "comments": {"f7c2ebd99df5b79d", 4},
	}
}

type golden struct {
	digest  string
	columns int
}

func TestADataSetIsTheSameBytesForEver(t *testing.T) {
	all := goldenDatasets()
	for _, d := range Datasets() {
		t.Run(d.Name, func(t *testing.T) {
			want, known := all[d.Name]
			if !known {
				t.Fatal("no digest is known")
			}
			out := written(t, d, 1000, 1)
			sum := sha256.Sum256(out)
			// Whoever changes a digest raises DatasetFormat with it; a new data set has a new one.
			if got := hex.EncodeToString(sum[:8]); got != want.digest || DatasetFormat != 1 {
				t.Errorf("format %d has digest %s, want %s", DatasetFormat, got, want.digest)
			}
			first, _, _ := strings.Cut(string(out), "\n")
			if fields := strings.Split(first, "\t"); len(fields) != want.columns || fields[0] != "1" {
				t.Errorf("the first row is %q", first)
			}
			if !bytes.HasPrefix(written(t, d, 1001, 1), out) {
				t.Error("a row depends on how many there are")
			}
			if bytes.Equal(written(t, d, 1000, 2), out) {
				t.Error("two seeds make the same rows")
			}
		})
	}
}

func written(t *testing.T, d Dataset, rows int, seed int64) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := d.Write(&out, rows, seed); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The incident of a missing index needs one customer with a tenth of the orders, and an order of time without ties; the forum
// as many comments on each post as on any other.
func TestWhatDataSetsPromise(t *testing.T) {
	columns := func(name string, rows int) [][]string {
		d, err := FindDataset(name)
		if err != nil {
			t.Fatal(err)
		}
		var all [][]string
		for line := range strings.Lines(string(written(t, d, rows, 1))) {
			all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		return all
	}
	const rows = 20000
	largest, paid, last := 0, 0, ""
	for _, order := range columns("orders", rows) {
		if order[1] == "1" {
			largest++
		}
		if order[2] == "paid" {
			paid++
		}
		if order[4] <= last {
			t.Fatalf("order %s is of %s, not after %s", order[0], order[4], last)
		}
		last = order[4]
	}
	if largest < rows*9/100 || largest > rows*11/100 || paid < rows*58/100 || paid > rows*62/100 {
		t.Errorf("of %d orders %d are customer 1's and %d are paid, want 10 %% and 60 %%", rows, largest, paid)
	}
	on := map[string]int{}
	for _, comment := range columns("comments", 28*50) {
		on[comment[1]]++
		if author, err := strconv.Atoi(comment[2]); err != nil || author < 1 || author > 5000 {
			t.Errorf("comment %s is by %s", comment[0], comment[2])
		}
	}
	for post := range 50 {
		if n := on[strconv.Itoa(post+1)]; n != 28 {
			t.Errorf("post %d has %d comments, want 28", post+1, n)
		}
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
