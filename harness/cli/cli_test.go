package cli_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/devcraft-studio/brunt/harness/cli"
	"github.com/devcraft-studio/brunt/harness/topology"
)

func TestMain(m *testing.M) {
	// brunt's own children (k6, proxy, watchdog) are this binary too, called by its path and not by the name brunt.
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "__") {
		brunt()
	}
	// Of what these tests take, most is waiting; they are not bound to the number of cores.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"brunt": brunt, "server": server, "convalescent": convalescent, "worker": worker, "stormy": stormy, "clerk": clerk, "retrier": retrier, "stove": stove,
	})
}

// brunt is the real command line.
func brunt() {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	os.Exit(cli.Main(cli.Process{
		Args: os.Args[1:], Environ: os.Environ(), Dir: dir, Exe: exe, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}))
}

// server is a user's service: it answers 200, and misbehaves as its flags say.
func server() {
	delay := flag.Duration("delay", 0, "before each answer")
	unhealthy := flag.Bool("unhealthy", false, "GET /healthz answers 500")
	die := flag.Bool("die", false, "end at once")
	tell := flag.Bool("tell", false, "write the whole environment to the log")
	grow := flag.Bool("grow", false, "GET /metrics tells of a backlog of 60 a minute, and of a leak of 1 MiB a minute")
	planted := flag.Bool("planted", false, "one order in 10,000 is lost, one arrives twice, and a key is admitted once too often")
	redis := flag.String("redis", "", "address of a Redis that GET /redis/seq/3 and /redis/par/10 ask, and /dial/seq/1 on connections of its own")
	timeout := flag.Duration("timeout", time.Second, "that it has for an answer")
	pool := flag.Int("pool", 20, "connections to it, and to the Postgres of DATABASE_URL that /postgres/seq/3 asks")
	narrow := flag.Int("narrow", 2, "connections to Postgres of /narrow/par/100")
	basket := flag.Int("basket", 0, "how often GET /basket asks Postgres, one time after another")
	address := flag.String("listen", net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), "address")
	flag.Parse()
	if *tell {
		fmt.Println(strings.Join(os.Environ(), "\n"))
	}
	if *die {
		fmt.Println("config file missing")
		os.Exit(7)
	}
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if *unhealthy {
			http.Error(w, "database is gone", http.StatusInternalServerError)
		}
	})
	asker := newAsker(*redis, *timeout, *pool)
	http.HandleFunc("/redis/", asking(asker.ask))
	http.HandleFunc("/dial/", asking(asker.dialAndAsk))
	postgres := querying(*pool)
	http.HandleFunc("/postgres/", postgres)
	http.HandleFunc("/basket", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = fmt.Sprint("/postgres/seq/", *basket)
		postgres(w, r)
	})
	http.HandleFunc("/narrow/", querying(*narrow))
	var answered atomic.Int64
	http.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, answered.Load()) })
	http.HandleFunc("/metrics", serverMetrics(*grow))
	http.HandleFunc("/takes", serverTakes())
	shop(*planted)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answered.Add(1)
		time.Sleep(*delay)
		if *tell {
			fmt.Println(r.Header.Get("Authorization"))
		}
		fmt.Fprintln(w, `{"ok":true}`)
	})
	if err := http.ListenAndServe(*address, nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// serverTakes answers after a time that is log-normal about ?median=4ms, with a standard deviation of the logarithm of 0.4, which is
// how endpoints spread that do one thing each.
func serverTakes() http.HandlerFunc {
	var mu sync.Mutex
	draws := rand.New(rand.NewPCG(1, 2))
	return func(w http.ResponseWriter, r *http.Request) {
		median, err := time.ParseDuration(r.FormValue("median"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		factor := math.Exp(0.4 * draws.NormFloat64())
		mu.Unlock()
		time.Sleep(time.Duration(float64(median) * factor))
	}
}

// serverMetrics tells what grows, or not, and what collections every two seconds left of the heap.
func serverMetrics(grow bool) http.HandlerFunc {
	began := time.Now()
	return func(w http.ResponseWriter, _ *http.Request) {
		at := time.Since(began).Seconds()
		collections := math.Floor(at / 2)
		grown := 0.0
		if grow {
			grown = 1
		}
		fmt.Fprintf(w, "# TYPE backlog gauge\nbacklog %f\n# TYPE workers gauge\nworkers{pool=\"a\"} 3\nworkers{pool=\"b\"} 4\n", 5+grown*at)
		fmt.Fprintf(w, "# TYPE jobs_total counter\njobs_total %f\n", 10*at)
		fmt.Fprintf(w, "# TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds_sum 1\ngo_gc_duration_seconds_count %f\n", collections)
		live := float64(20<<20) + grown*collections*2*(1<<20)/60
		fmt.Fprintf(w, "# TYPE go_gc_heap_live_bytes gauge\ngo_gc_heap_live_bytes %f\n", live)
		fmt.Fprintf(w, "# TYPE go_memstats_heap_alloc_bytes gauge\ngo_memstats_heap_alloc_bytes %f\n", live*(1+at/2-collections))
	}
}

// TestScripts runs brunt as a user would: real binary, real files, real k6.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scriptParams())
}

func scriptParams() testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// Scripts share the caches of this machine's user: templates and the target binary.
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PROVIDER", topology.ProviderLocal)
			env.Setenv("BRUNT_STORE", "sqlite:"+filepath.Join(env.WorkDir, "store", "brunt.db"))
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"smalldisk": smallDisk,
			"newer":     newer,
		},
	}
}

func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "docker":
		engine := topology.EngineInfo(context.Background())
		if !engine.OK && os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			return false, fmt.Errorf("BRUNT_REQUIRE_DOCKER=1 and the engine can't be used: %s", engine.Reason)
		}
		return engine.OK, nil
	}
	return false, fmt.Errorf("no condition %s", name)
}

// exits CODE[,CODE] COMMAND... runs a command that must end with exactly that code, or one of them.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if !slices.Contains(strings.Split(args[0], ","), code) {
		ts.Fatalf("%s ended with %s, not %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// smallDisk DIR mounts a file system of 256 KiB, so that it is soon full. It needs root.
func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: smalldisk DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"))
	ts.Defer(func() { ts.Check(syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

// newer FILE makes a store look as if a later version of brunt had written it: SQLite keeps the number that counts its
// migrations (user_version) in four bytes at offset 60.
func newer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: newer FILE")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	_, err = f.WriteAt([]byte{0, 0, 0, 99}, 60)
	ts.Check(err)
	ts.Check(f.Close())
}
