package harness_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/devcraft-studio/brunt"

// room is one package: which rooms it may enter, and which outside technologies live in it. A test file may enter the
// rooms of its package and those named in tests.
type room struct {
	enters []string // packages of this module
	tech   []string // outside modules beyond the standard library
	tests  []string // further packages of this module that its tests may enter
}

const (
	cobra      = "github.com/spf13/cobra"
	yaml       = "go.yaml.in/yaml/v3"
	schema     = "github.com/invopop/jsonschema"
	containers = "github.com/testcontainers/testcontainers-go"
	moby       = "github.com/moby/moby"
	pgx        = "github.com/jackc/pgx/v5"
	goredis    = "github.com/redis/go-redis/v9"
	graphql    = "github.com/graphql-go/graphql"
	toxiproxy  = "github.com/Shopify/toxiproxy/v2"
	k6         = "go.k6.io/k6"
	fasthttp   = "github.com/valyala/fasthttp"
	websocket  = "github.com/gorilla/websocket"
	sqlite     = "modernc.org/sqlite"
	prometheus = "github.com/prometheus/client_golang"
	xsync      = "golang.org/x/sync"
	jose       = "github.com/go-jose/go-jose/v4"
	gonum      = "gonum.org/v1/gonum"
	expfmt     = "github.com/prometheus/common"
	pprof      = "github.com/google/pprof"
	renameio   = "github.com/google/renameio/v2"
)

// everywhere may be used in any test.
var everywhere = []string{
	"github.com/google/go-cmp", "github.com/rogpeppe/go-internal",
}

// plan is the floor plan: a new package is one line here, in the same commit.
var plan = map[string]room{
	"harness":                     {},
	"harness/cmd/brunt":           {enters: []string{"harness/cli"}},
	"harness/cli":                 {enters: []string{"harness/campaign", "harness/runner", "harness/experiment", "harness/site", "harness/topology", "harness/dependency", "harness/fault", "harness/lease", "harness/load", "harness/probe", "harness/build", "harness/provenance", "results", "results/slo", "results/verdict", "results/store", "results/report", "results/profile", "results/recording", "results/ledger", "xk6-ext/wire", "scenarios"}, tests: []string{"results/proof", "harness/campaign/simulation"}, tech: []string{cobra, "github.com/spf13/pflag", renameio, "golang.org/x/term"}},
	"harness/campaign":            {enters: []string{"harness/runner", "results", "results/verdict"}},
	"harness/campaign/simulation": {enters: []string{"harness/campaign", "results", "results/histogram", "results/stats", "results/verdict"}},
	"harness/runner":              {enters: []string{"harness/experiment", "harness/site", "results"}},
	"harness/experiment":          {enters: []string{"results", "results/slo", "scenarios", "xk6-ext/requests"}, tech: []string{yaml, schema, renameio}},
	"harness/site":                {},
	"harness/cgroup":              {},
	"harness/topology":            {enters: []string{"harness/experiment", "harness/site", "harness/cgroup", "harness/dependency", "harness/topology/images"}, tests: []string{"xk6-ext/requests"}, tech: []string{containers, moby, "github.com/containerd/errdefs", "golang.org/x/sys"}},
	"harness/topology/images":     {tech: []string{moby, "github.com/containerd/errdefs"}},
	"harness/dependency":          {enters: []string{"harness/site", "harness/experiment"}, tech: []string{pgx, goredis}},
	"harness/fault":               {enters: []string{"harness/experiment", "harness/site", "results"}, tech: []string{toxiproxy, "golang.org/x/sys", "github.com/rs/zerolog", "github.com/prometheus/client_golang"}, tests: []string{"harness/dependency"}},
	"harness/lease":               {enters: []string{"harness/site"}, tech: []string{"golang.org/x/sys"}},
	"harness/load":                {enters: []string{"harness/experiment", "harness/site", "harness/cgroup", "results", "results/recording", "results/ledger", "results/histogram", "xk6-ext", "xk6-ext/wire", "xk6-ext/requests"}, tests: []string{"results/proof", "results/stats"}, tech: []string{k6, "golang.org/x/sys"}},
	"harness/probe":               {enters: []string{"results", "results/recording"}, tech: []string{expfmt, "github.com/prometheus/client_model"}},
	"harness/build":               {enters: []string{"harness/experiment", "results"}, tech: []string{renameio}},
	"harness/provenance":          {enters: []string{"results"}, tech: []string{"golang.org/x/sys"}},

	"results":           {},
	"results/proof":     {enters: []string{"results"}},
	"results/scan":      {},
	"results/histogram": {enters: []string{"results/scan"}},
	"results/ledger":    {enters: []string{"results/scan"}},
	"results/recording": {enters: []string{"results/scan", "results/histogram"}},
	"results/slo":       {},
	"results/stats":     {tech: []string{gonum}},
	"results/verdict":   {enters: []string{"results", "results/slo", "results/recording", "results/ledger", "results/histogram", "results/stats"}, tests: []string{"results/proof"}},
	"results/store":     {enters: []string{"results"}, tests: []string{"results/proof"}, tech: []string{sqlite}},
	"results/report":    {enters: []string{"results"}},
	"results/profile":   {enters: []string{"results"}, tech: []string{pprof}},

	"xk6-ext":          {enters: []string{"xk6-ext/jsmodule", "xk6-ext/executor", "xk6-ext/native", "xk6-ext/output", "xk6-ext/wire", "results/ledger"}, tech: []string{k6}},
	"xk6-ext/jsmodule": {enters: []string{"scenarios/lib", "xk6-ext/wire", "xk6-ext/random", "xk6-ext/sockets", "results/ledger"}, tech: []string{k6, "github.com/grafana/sobek"}},
	"xk6-ext/executor": {enters: []string{"xk6-ext/wire", "xk6-ext/random"}, tech: []string{k6, "gopkg.in/guregu/null.v3", "github.com/sirupsen/logrus", "golang.org/x/sys"}},
	"xk6-ext/output":   {enters: []string{"xk6-ext/wire", "xk6-ext/executor", "results", "results/recording", "results/ledger", "results/histogram"}, tech: []string{k6, "gopkg.in/guregu/null.v3", "github.com/sirupsen/logrus"}},
	"xk6-ext/wire":     {enters: []string{"results/histogram"}},
	"xk6-ext/random":   {},
	"xk6-ext/sockets":  {tech: []string{websocket}},
	"xk6-ext/requests": {enters: []string{"xk6-ext/random"}},
	"xk6-ext/native":   {enters: []string{"xk6-ext/executor", "xk6-ext/requests"}, tech: []string{k6, fasthttp, "github.com/sirupsen/logrus"}},

	"targets":              {enters: []string{"targets/auth", "targets/cache", "targets/jsonb", "targets/leak", "targets/missingindex", "targets/nplusone", "targets/ratelimit", "targets/restapi", "targets/timeouts", "targets/webhooks", "targets/kit"}},
	"targets/cmd/target":   {enters: []string{"targets", "targets/kit"}},
	"targets/kit/kittest":  {enters: []string{"targets/kit"}, tech: []string{pgx, goredis, prometheus}},
	"targets/kit":          {tech: []string{pgx, goredis, prometheus, xsync}, tests: []string{"targets/kit/kittest"}},
	"targets/kit/identity": {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}, tech: []string{jose}},
	"targets/auth":         {enters: []string{"targets/kit", "targets/kit/identity"}, tests: []string{"targets/kit/kittest"}},
	"targets/missingindex": {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}},
	"targets/nplusone":     {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}, tech: []string{prometheus, graphql}},
	"targets/leak":         {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}, tech: []string{websocket}},
	"targets/ratelimit":    {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}, tech: []string{prometheus}},
	"targets/jsonb":        {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}},
	"targets/cache":        {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}, tech: []string{prometheus, xsync}},
	"targets/webhooks":     {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}},
	"targets/timeouts":     {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}},
	"targets/restapi":      {enters: []string{"targets/kit"}, tests: []string{"targets/kit/kittest"}},

	"scenarios":     {},
	"scenarios/lib": {},
}

// TestEveryImportUsesADoor reads the sources in-process and holds every import against the plan.
func TestEveryImportUsesADoor(t *testing.T) {
	for dir, files := range sources(t) {
		room, ok := plan[dir]
		if !ok {
			t.Errorf("package %s has no line in the floor plan: add one to harness/arch_test.go, with the rooms it enters", dir)
			continue
		}
		for _, file := range files {
			test := strings.HasSuffix(file, "_test.go")
			for _, path := range imports(t, file) {
				if why := refused(dir, room, path, test); why != "" {
					t.Errorf("%s imports %s: %s", file, path, why)
				}
			}
		}
	}
}

// TestThePlanNamesOnlyRoomsThatExist keeps the map from growing stale.
func TestThePlanNamesOnlyRoomsThatExist(t *testing.T) {
	exist := sources(t)
	for dir := range plan {
		if len(exist[dir]) == 0 {
			t.Errorf("the floor plan has a line for %s, which has no Go files", dir)
		}
	}
}

func refused(dir string, r room, path string, test bool) string {
	if inside, ok := strings.CutPrefix(path, module+"/"); ok {
		if inside == dir || slices.Contains(r.enters, inside) || test && slices.Contains(r.tests, inside) {
			return ""
		}
		if strings.HasPrefix(inside, "targets") && !strings.HasPrefix(dir, "targets") {
			return "nobody imports targets: the tool must never be measured with the candidate's code"
		}
		if strings.HasPrefix(dir, "results") && !strings.HasPrefix(inside, "results") {
			return "results enters no other wing: old runs are judged without Docker, k6 or YAML"
		}
		return "there is no door from " + dir + " to " + inside + ": if there is to be one, add it to what " + dir + " enters in the floor plan"
	}
	if !strings.Contains(strings.Split(path, "/")[0], ".") {
		return "" // the standard library
	}
	within := func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }
	if slices.ContainsFunc(r.tech, within) || test && slices.ContainsFunc(append(everywhere, testTech(dir)...), within) {
		return ""
	}
	return "this technology has no room in " + dir
}

// testTech is what tests use to look at a room from outside, as a real client would.
func testTech(dir string) []string {
	switch dir {
	case "harness/fault", "harness/topology", "harness/lease":
		return []string{pgx, goredis, moby}
	case "harness/cli":
		return []string{pgx, goredis, moby, "google.golang.org/grpc", yaml}
	case "harness/load":
		return []string{"github.com/gorilla/websocket", "google.golang.org/grpc"}
	case "results/slo", "results/verdict":
		return []string{k6} // the reference for what a threshold means
	}
	return nil
}

// sources are the Go files of the module by package directory.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != ".." && (name == "testdata" || name == "data" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".go") {
			rel, err := filepath.Rel("..", filepath.Dir(path))
			if err != nil {
				return err
			}
			found[filepath.ToSlash(rel)] = append(found[filepath.ToSlash(rel)], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("no sources found: the test looks in the wrong place")
	}
	return found
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestInitStandsOnlyWhereK6NeedsIt holds the rule of explicit lists: k6 alone can be told of an extension in no other way.
func TestInitStandsOnlyWhereK6NeedsIt(t *testing.T) {
	for dir, files := range sources(t) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "\nfunc init()") && file != filepath.Join("..", "xk6-ext", "register.go") {
				t.Errorf("%s (package %s) has an init function: use an explicit list", file, dir)
			}
		}
	}
}

// TestFilesAndPackagesAreNounsOfTheDesign refuses the names that say nothing.
func TestFilesAndPackagesAreNounsOfTheDesign(t *testing.T) {
	empty := []string{"util", "utils", "common", "helpers", "helper", "base", "types", "models", "misc"}
	for dir, files := range sources(t) {
		for _, file := range append([]string{dir}, files...) {
			name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".go"), "_test")
			if slices.Contains(empty, name) {
				t.Errorf("%s: a package or file is a noun of DESIGN.md; %q says nothing", file, name)
			}
		}
	}
}

// TestTheHouseHasItsTopLevelOnly keeps the top level at what it is.
func TestTheHouseHasItsTopLevelOnly(t *testing.T) {
	allowed := []string{
		"harness", "results", "xk6-ext", "targets", "scenarios", "go.mod", "go.sum", "Makefile", "README.md", "CONTRIBUTING.md",
		"LICENSE", "bin",
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}

// TestNoFileGrowsPastItsCap: 400 lines a file, tests included.
func TestNoFileGrowsPastItsCap(t *testing.T) {
	for _, files := range sources(t) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), "\n"); n > 400 {
				t.Errorf("%s has %d lines; the cap is 400", file, n)
			}
		}
	}
}

// TestATargetStaysReadableAtASitting: 300 lines a target, its tests apart. What two targets need goes to targets/kit.
func TestATargetStaysReadableAtASitting(t *testing.T) {
	for dir, files := range sources(t) {
		if filepath.Dir(dir) != "targets" || dir == "targets/kit" || dir == "targets/cmd" {
			continue
		}
		lines := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines += strings.Count(string(text), "\n")
		}
		if lines > 300 {
			t.Errorf("%s has %d lines without its tests; the cap is 300", dir, lines)
		}
	}
}
