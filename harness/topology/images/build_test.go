package images_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// engine returns a client of the real engine. Without one it announces the skip, which BRUNT_REQUIRE_DOCKER=1 forbids.
func engine(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.FromEnv)
	if err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	}
	if err != nil {
		if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and no engine answers: %v", err)
		}
		t.Skipf("SKIPPED, no Docker engine answers: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var initdbArgs = []string{"--encoding=UTF8", "--locale=C"}

// build returns the tag of a kind's image, which it builds where it is not there in the current recipe.
func build(t *testing.T, docker *client.Client, kind string) images.Image {
	t.Helper()
	built, err := images.Build(t.Context(), docker, images.Options{
		Kinds: []string{kind}, InitdbArgs: initdbArgs, Progress: func(text string) { t.Log(text) },
	})
	if missing := (*images.NoPackagesError)(nil); errors.As(err, &missing) && os.Getenv("BRUNT_REQUIRE_DOCKER") != "1" {
		t.Skipf("SKIPPED, %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return built[0]
}

func TestAnImageIsBuiltOnce(t *testing.T) {
	docker := engine(t)
	first := build(t, docker, "redis")
	if !strings.HasPrefix(first.Tag, "brunt/redis:") || first.Major == "" || first.ID == "" || !first.Current {
		t.Errorf("built %+v", first)
	}
	if again := build(t, docker, "redis"); again.Built || again.ID != first.ID {
		t.Errorf("the second call made %+v after %+v", again, first)
	}
	if _, err := images.Build(t.Context(), docker, images.Options{Kinds: []string{"oracle"}}); err == nil {
		t.Error("an image without a recipe was built")
	}
}

// server is a running container of the postgres image.
type server struct {
	t      *testing.T
	docker *client.Client
	id     string
}

// run starts the image with the files of scripts in its folder for init scripts.
func run(t *testing.T, tag string, env []string, scripts map[string]string) server {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil { // the server's user has to enter
			t.Fatal(err)
		}
	}
	docker := engine(t)
	made, err := docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config: &container.Config{Image: tag, Env: env, Cmd: []string{"-c", "fsync=off"}},
		HostConfig: &container.HostConfig{
			NetworkMode: "none", Binds: []string{dir + ":/docker-entrypoint-initdb.d:ro"},
			Tmpfs: map[string]string{"/var/lib/postgresql/data": ""},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := docker.ContainerRemove(context.Background(), made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil {
			t.Error(err)
		}
	})
	if _, err := docker.ContainerStart(t.Context(), made.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return server{t, docker, made.ID}
}

// ask executes psql inside, over TCP so that the temporary server for init scripts does not answer, until it succeeds.
func (s server) ask(password, user, database, sql string) string {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		answer, err := s.execute("env", "PGPASSWORD="+password, "psql", "-h", "127.0.0.1", "-U", user, "-d", database, "-tAc", sql)
		if err == nil {
			return answer
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("psql: %v: %s\n%s", err, answer, s.log())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s server) execute(words ...string) (string, error) {
	s.t.Helper()
	ctx := s.t.Context()
	made, err := s.docker.ExecCreate(ctx, s.id, client.ExecCreateOptions{Cmd: words, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return "", err
	}
	stream, err := s.docker.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer stream.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, stream.Reader); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	ended, err := s.docker.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err == nil && ended.ExitCode != 0 {
		err = fmt.Errorf("exit code %d", ended.ExitCode)
	}
	return strings.TrimSpace(out.String()), err
}

func (s server) log() string {
	s.t.Helper()
	stream, err := s.docker.ContainerLogs(s.t.Context(), s.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer stream.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, stream); err != nil {
		s.t.Fatal(err)
	}
	return out.String()
}

func TestThePostgresImageUnderstandsTheOfficialVariables(t *testing.T) {
	tag := build(t, engine(t), "postgres").Tag
	t.Run("without any but a password it is the user and database postgres", func(t *testing.T) {
		s := run(t, tag, []string{"POSTGRES_PASSWORD=x"}, nil)
		if got := s.ask("x", "postgres", "postgres", "SHOW server_encoding"); got != "UTF8" {
			t.Errorf("encoding %s", got)
		}
	})
	t.Run("init scripts run in the new database, in order, before it is open", func(t *testing.T) {
		s := run(t, tag, []string{"POSTGRES_USER=me", "POSTGRES_PASSWORD=x", "POSTGRES_DB=mine"}, map[string]string{
			"1.sql": "CREATE TABLE steps (n int, by text); INSERT INTO steps VALUES (1, current_user);",
			"2.sh":  `psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO steps VALUES (2, current_user)"`,
		})
		if got := s.ask("x", "me", "mine", "SELECT string_agg(n || by, ' ' ORDER BY n) FROM steps"); got != "1me 2me" {
			t.Errorf("the scripts left %q", got)
		}
	})
	t.Run("other arguments for initdb make another cluster", func(t *testing.T) {
		s := run(t, tag, []string{"POSTGRES_USER=me", "POSTGRES_PASSWORD=x", "POSTGRES_INITDB_ARGS=--data-checksums --locale=C"}, nil)
		if got := s.ask("x", "me", "me", "SHOW data_checksums"); got != "on" {
			t.Errorf("data_checksums is %s", got)
		}
	})
	t.Run("without a password it says what is missing and ends", func(t *testing.T) {
		s := run(t, tag, nil, nil)
		waiting := s.docker.ContainerWait(t.Context(), s.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
		select {
		case ended := <-waiting.Result:
			if ended.StatusCode == 0 || !strings.Contains(s.log(), "POSTGRES_PASSWORD") {
				t.Errorf("exit code %d, log: %s", ended.StatusCode, s.log())
			}
		case err := <-waiting.Error:
			t.Fatal(err)
		}
	})
}
