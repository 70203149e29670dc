package topology

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// The test binary plays three parts: the tests, a reference target, and a brunt that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "echo" {
		os.Exit(serveEcho(os.Args[2:]))
	}
	if os.Getenv("TOPOLOGY_TEST_START") != "" {
		os.Exit(startAndWait())
	}
	code := m.Run()
	_ = os.RemoveAll(sharedCache())
	os.Exit(code)
}

// serveEcho is a reference target: it answers /healthz, and every other path with the variable that the path names.
func serveEcho(args []string) int {
	listen, variant := "", ""
	for _, a := range args {
		if v, ok := strings.CutPrefix(a, "--listen="); ok {
			listen = v
		}
		if v, ok := strings.CutPrefix(a, "--variant="); ok {
			variant = v
		}
	}
	fmt.Fprintf(os.Stderr, "variant %s listens on %s\n", variant, listen)
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(strings.TrimPrefix(r.URL.Path, "/")))
	})
	server := &http.Server{Addr: listen, Handler: mux}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { <-ctx.Done(); _ = server.Close() }()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startAndWait starts a topology, says so, and waits to be killed.
func startAndWait() int {
	o := Options{
		RunID: os.Getenv("TOPOLOGY_TEST_START"), Provider: ProviderLocal, Lookup: os.LookupEnv, CacheDir: os.Getenv("TOPOLOGY_TEST_CACHE"),
		Experiment: experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}}},
	}
	top, err := Start(context.Background(), o)
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	for _, n := range top.Site().Nodes {
		fmt.Println("pid", n.PID)
	}
	fmt.Println("ready")
	for { // without cgo the runtime takes `select {}` for a deadlock
		time.Sleep(time.Hour)
	}
}

// sharedCache is one cache for the whole package, so that initdb runs once.
var sharedCache = sync.OnceValue(func() string {
	dir := filepath.Join(os.TempDir(), "brunt-topology-test-"+strconv.Itoa(os.Getpid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		panic(err)
	}
	return dir
})

// records is a Registrar that remembers.
type records struct {
	mu    sync.Mutex
	pids  []int
	paths []string
}

func (r *records) Process(pid int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pids = append(r.pids, pid)
	return nil
}

func (r *records) Path(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, path)
	return nil
}

// forwarder is a Linker that passes bytes on, and counts connections by link.
type forwarder struct {
	t     *testing.T
	mu    sync.Mutex
	count map[string]int
}

func (f *forwarder) Open(_ context.Context, name, listen, upstream string) (string, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	f.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.count[name]++
			f.mu.Unlock()
			go func() {
				defer in.Close()
				out, err := net.Dial("tcp", upstream)
				if err != nil {
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(out, in) }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return l.Addr().String(), nil
}

func (f *forwarder) connections(link string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[link]
}

// options are those of a local run of exp, with everything a test wants to look at.
func options(t *testing.T, exp experiment.Experiment) (Options, *records) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	registered := &records{}
	if exp.Dir == "" {
		exp.Dir = t.TempDir()
	}
	return Options{
		RunID:      strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))[:min(20, len(t.Name()))] + strconv.FormatInt(time.Now().UnixNano(), 36),
		Experiment: exp, Provider: ProviderLocal, Registrar: registered, Linker: &forwarder{t: t, count: map[string]int{}},
		Logger: slog.New(slog.DiscardHandler), Lookup: os.LookupEnv, CacheDir: sharedCache(),
		TargetBinary: func(context.Context) (string, error) { return exe, nil },
		Progress:     func(text string) { t.Log(text) },
	}, registered
}

// start starts a topology and stops it with the test; afterwards nothing of the run may be left.
func start(t *testing.T, o Options) *Topology {
	t.Helper()
	began := time.Now()
	top, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %d ms", time.Since(began).Milliseconds())
	t.Cleanup(func() {
		if err := top.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		nothingLeft(t, o)
	})
	return top
}

// nothingLeft looks for processes and directories of a run as somebody from outside would.
func nothingLeft(t *testing.T, o Options) {
	t.Helper()
	r, _ := o.Registrar.(*records)
	for _, path := range r.paths {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("directory %s is left (%v)", path, err)
		}
	}
	for _, pid := range processesOf(t, o.RunID) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		t.Errorf("process %d is left: %q", pid, line)
	}
}

// processesOf are the living processes that carry the run's mark, or work in its directory, as PostgreSQL's children do,
// which overwrite their environment.
func processesOf(t *testing.T, runID string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !alive(pid) {
			continue
		}
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		if bytes.Contains(env, []byte(markName+"="+runID)) || strings.Contains(cwd, runID) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// maskAddress hides which loopback address a run was given.
var maskAddress = regexp.MustCompile(`127\.\d+\.\d+\.\d+:`)
