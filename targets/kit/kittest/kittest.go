// Package kittest starts real Postgres and Redis servers for the tests of targets: child processes on 127.0.0.1 that end
// with the test.
package kittest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const startTimeout = 30 * time.Second

// Postgres starts a server with an empty database and returns its URL. pg_stat_statements is loaded: CREATE EXTENSION makes it.
func Postgres(t testing.TB) string {
	t.Helper()
	bin := program(t, "initdb", "/usr/lib/postgresql/*/bin/initdb", "/usr/local/opt/postgresql*/bin/initdb")
	server := filepath.Join(filepath.Dir(bin), "postgres")
	dir, owner := scratch(t)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(bin, "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
	initdb.Dir, initdb.SysProcAttr = dir, owner
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePort(t)
	start(t, dir, owner, server, "-D", data, "-h", "127.0.0.1", "-p", port, "-c", "fsync=off", "-c", "unix_socket_directories=",
		"-c", "shared_preload_libraries=pg_stat_statements")
	url := "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	env := environment("DATABASE_URL", url)
	await(t, "Postgres", func(ctx context.Context) error {
		conn, err := kit.Dial(ctx, env)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	return url
}

// Redis starts an empty server and returns its URL.
func Redis(t testing.TB) string {
	t.Helper()
	server := program(t, "redis-server", "/usr/bin/redis-server")
	dir, owner := scratch(t)
	port := freePort(t)
	start(t, dir, owner, server, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", dir)
	url := "redis://127.0.0.1:" + port
	cache, err := kit.OpenCache(environment("REDIS_URL", url), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	await(t, "Redis", func(ctx context.Context) error { return cache.Ping(ctx).Err() })
	return url
}

func environment(name, value string) kit.Environment {
	return kit.Environment{
		Lookup:   func(n string) (string, bool) { return value, n == name },
		Registry: prometheus.NewRegistry(),
	}
}

// program finds a server's binary. Without it the test is skipped, loudly, and fails under BRUNT_REQUIRE_LOCAL=1.
func program(t testing.TB, name string, places ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern) // the pattern is a constant
		slices.Sort(found)
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	if os.Getenv("BRUNT_REQUIRE_LOCAL") == "1" {
		t.Fatalf("%s is not installed, and BRUNT_REQUIRE_LOCAL=1", name)
	}
	t.Skipf("SKIPPED: %s is not installed here: apt-get install postgresql redis-server", name)
	return ""
}

// scratch makes a folder and says as whom to run there: Postgres refuses to be root.
func scratch(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kittest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	attributes := &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal is for the test alone
	if os.Getuid() != 0 {
		return dir, attributes
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatalf("root needs another user to run servers as: %v", err)
	}
	uid, _ := strconv.Atoi(nobody.Uid) // numeric on unix
	gid, _ := strconv.Atoi(nobody.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return dir, attributes
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// start runs a server until the test ends.
func start(t testing.TB, dir string, attributes *syscall.SysProcAttr, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := exec.Command(program, args...)
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = dir, attributes, log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // both end at once and take their children with them
		ended := make(chan struct{})
		go func() { _ = server.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = server.Process.Kill()
			<-ended
		}
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("%s said:\n%s", filepath.Base(program), text)
		}
	})
}

func await(t testing.TB, name string, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("%s did not start: %w", name, err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
