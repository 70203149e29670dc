package topology

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// usersImage is a redis that plays an image of the user's.
func usersImage(t *testing.T, engine *client.Client) string {
	t.Helper()
	ours, err := images.Present(t.Context(), engine, "redis")
	if err != nil || len(ours) == 0 {
		if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and there is no image to play the user's: %v %v", ours, err)
		}
		t.Skipf("SKIPPED, no image to play the user's: %v %v", ours, err)
	}
	return ours[0].Tag
}

func TestAnyImageCanBeADependencyOrAService(t *testing.T) {
	o, engine := dockerOptions(t, experiment.Experiment{})
	users := usersImage(t, engine)
	folder := t.TempDir()
	binary, err := echoBinary()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"echo": program, "Dockerfile.web": []byte("FROM scratch\nCOPY echo /echo\nENTRYPOINT [\"/echo\"]\n"), ".dockerignore": []byte("secret\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	free, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	fixed := free.Addr().(*net.TCPAddr).Port
	o.Experiment = experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "events", Kind: "image", Image: users, Port: 6379, Ready: experiment.Ready{Log: "Ready to accept connections"}}},
		Services: []experiment.Service{{
			Name: "web", Build: &experiment.BuildRecipe{Context: folder, Dockerfile: "Dockerfile.web"}, Port: fixed,
			Env: map[string]string{"FIXED_PORT": port}, Resources: experiment.Resources{CPUs: 0.5, Memory: 64 << 20},
		}},
	}

	// A port that another program has is told before anything starts.
	if top, err := Start(t.Context(), o); err == nil {
		t.Error("a port in use was not noticed")
		stop(t, top)
	} else if taken := (*PortTakenError)(nil); !errors.As(err, &taken) {
		t.Errorf("a port in use is reported as %v", err)
	}
	noContainers(t, engine, o.RunID)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}

	top := startContainers(t, o, engine)
	s := top.Site()
	t.Cleanup(func() {
		stop(t, top)
		if _, err := engine.ImageRemove(context.WithoutCancel(t.Context()), s.Node("web").Image, client.ImageRemoveOptions{PruneChildren: true}); err != nil {
			t.Error(err)
		}
	})
	if got := get(t, s.TargetURL+"/ping/"+s.Node("events").Address); got != "+PONG<nil>" {
		t.Errorf("the service reaches the dependency with %q", got)
	}
	found, err := engine.ContainerInspect(t.Context(), s.Node("web").Container, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if h := found.Container.HostConfig; h.NanoCPUs != 5e8 || h.Memory != 64<<20 {
		t.Errorf("limits are %d nano CPUs and %d bytes", h.NanoCPUs, h.Memory)
	}
}

// Copies of one commit stand in folders of their own; what is built from them is named alike.
func TestImagesOfCopiesAreNamedAlike(t *testing.T) {
	t.Parallel()
	copied := Options{Copy: "/cache/trees/1a2b-run7", CopyOf: "/cache/trees/1a2b"}
	for _, row := range []struct {
		name         string
		options      Options
		folder, want string
	}{
		{"no copy", Options{}, "/home/me/shop", "/home/me/shop"},
		{"a folder of the copy", copied, "/cache/trees/1a2b-run7/service", "/cache/trees/1a2b/service"},
		{"all of the copy", copied, "/cache/trees/1a2b-run7", "/cache/trees/1a2b"},
		{"a folder outside of it", copied, "/cache/trees/1a2b-run77", "/cache/trees/1a2b-run77"},
	} {
		if got := row.options.lasting(row.folder); got != row.want {
			t.Errorf("%s: %s is named by %s, want %s", row.name, row.folder, got, row.want)
		}
	}
}

func TestReferencesOfImagesAreSplit(t *testing.T) {
	for ref, want := range map[string][2]string{
		"postgres":                     {"postgres", ""},
		"postgres:17-alpine":           {"postgres", "17-alpine"},
		"docker.io/library/redis:7":    {"redis", "7"},
		"library/redis:7":              {"redis", "7"},
		"localhost:5000/postgres":      {"localhost:5000/postgres", ""},
		"localhost:5000/postgres:16":   {"localhost:5000/postgres", "16"},
		"postgres:17@sha256:0123456":   {"postgres", "17"},
		"acme/postgres@sha256:0123456": {"acme/postgres", ""},
	} {
		if repository, tag := splitReference(ref); repository != want[0] || tag != want[1] {
			t.Errorf("%s is split into %q and %q, want %q", ref, repository, tag, want)
		}
	}
}

func TestADynamicTargetIsRefusedByName(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := staticDigest(shell); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("bash as a target: %v", err)
	}
	if _, err := staticDigest("docker_test.go"); err == nil {
		t.Error("a text was taken for a target")
	}
}
