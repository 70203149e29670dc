package topology

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

func TestLocalStartThatFailsLeavesNothing(t *testing.T) {
	command := func(words ...string) experiment.Service {
		return experiment.Service{Name: "api", Command: words, Port: 8080, Ready: experiment.Ready{Timeout: 400 * time.Millisecond}}
	}
	for _, row := range []struct {
		name   string
		change func(e *experiment.Experiment)
		want   string
	}{
		{"a service that ends at once tells its last lines", func(e *experiment.Experiment) {
			e.Services[0] = command("sh", "-c", "echo no configuration; exit 3")
		}, "api ended before it was ready (accepts a connection at 127.x:8080): exit status 3\nits last lines:\nno configuration"},
		{"a service that ends well at once is no service", func(e *experiment.Experiment) {
			e.Services[0] = command("true")
		}, "exit status 0"},
		{"a service that never listens is given up", func(e *experiment.Experiment) {
			e.Services[0] = command("sh", "-c", "sleep 60 & echo waiting; wait")
		}, "api did not become ready within 400ms (accepts a connection at 127.x:8080)"},
		{"a service that is unhealthy tells its answer", func(e *experiment.Experiment) {
			e.Services[0].Ready = experiment.Ready{Command: []string{"sh", "-c", "echo unhealthy; exit 1"}, Timeout: 300 * time.Millisecond}
		}, "unhealthy"},
		{"a log line that never comes is named", func(e *experiment.Experiment) {
			e.Services[0].Ready = experiment.Ready{Log: "bananas", Timeout: 300 * time.Millisecond}
		}, `(logs "bananas"): no such line yet`},
		{"a program that is not there is named", func(e *experiment.Experiment) {
			e.Services[0] = command("./no-such-program")
		}, "command ./no-such-program: stat"},
		{"a program that is not in PATH is named", func(e *experiment.Experiment) {
			e.Services[0] = command("no-such-program")
		}, "command no-such-program: executable file not found"},
		{"a setup step that fails names file and line", func(e *experiment.Experiment) {
			e.Setup[0].SQL = filepath.Join(e.Dir, "broken.sql")
			if err := os.WriteFile(e.Setup[0].SQL, []byte("SELECT 1;\n\nSELECT\n  nothing_here;\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, `setup of orders-db: broken.sql:4: ERROR: column "nothing_here" does not exist`},
		{"a server that refuses its arguments tells why", func(e *experiment.Experiment) {
			e.Dependencies[0].Args = []string{"-c", "no_such_setting=1"}
		}, "no_such_setting"},
		{"a data set that is not known is named", func(e *experiment.Experiment) {
			e.Setup[1].Dataset = "ships"
		}, `no data set is named "ships" (there are: items, orders, documents, users, posts, comments)`},
		{"a data set without rows is refused", func(e *experiment.Experiment) {
			e.Setup[1].Rows = 0
		}, "0 rows were asked for"},
	} {
		t.Run(row.name, func(t *testing.T) {
			exp := orders(t)
			row.change(&exp)
			o, _ := options(t, exp)
			_, err := Start(t.Context(), o)
			if err == nil {
				t.Fatal("it started")
			}
			if text := maskAddress.ReplaceAllString(err.Error(), "127.x:"); !strings.Contains(text, row.want) {
				t.Errorf("got %q\nwant %q", text, row.want)
			}
			nothingLeft(t, o)
		})
	}
}

func TestLocalSaysWhereAServiceListensInstead(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // in place of a service that does not look at HOST
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o, _ := options(t, experiment.Experiment{Services: []experiment.Service{{
		Name: "api", Command: []string{"sleep", "60"}, Port: l.Addr().(*net.TCPAddr).Port, Ready: experiment.Ready{Timeout: 100 * time.Millisecond},
	}}})
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "something listens on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
	nothingLeft(t, o)
}

// deaf is a Registrar that fails.
type deaf struct{ records }

func (*deaf) Process(int) error { return errors.New("the watchdog is gone") }

func TestLocalStartsNothingThatCannotBeRegistered(t *testing.T) {
	o, _ := options(t, orders(t))
	o.Registrar = &deaf{}
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the watchdog is gone") {
		t.Errorf("got %v", err)
	}
	if left := processesOf(t, o.RunID); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestLocalStartThatIsInterruptedLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{time.Millisecond, 40 * time.Millisecond, 120 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			exp := orders(t)
			exp.Services[0].Ready = experiment.Ready{Log: "never", Timeout: time.Minute}
			o, _ := options(t, exp)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			if _, err := Start(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			nothingLeft(t, o)
		})
	}
}

func TestLocalRefusesWhatNeedsAContainerEngine(t *testing.T) {
	exp := experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "events", Kind: "image", Image: "redpanda:v25", Port: 9092}},
		Services: []experiment.Service{
			{Name: "a", Image: "nginx", Port: 80},
			{Name: "b", Build: &experiment.BuildRecipe{Context: "/x", Dockerfile: "Dockerfile"}, Port: 81},
		},
		Load: experiment.Load{Target: "a"},
	}
	o, _ := options(t, exp)
	_, err := Start(t.Context(), o)
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{"dependency events: the local provider cannot start the image redpanda:v25", "service a:", "service b: the local provider cannot build Dockerfile"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

func TestLocalSaysThatLimitsAreNotEnforced(t *testing.T) {
	exp := orders(t)
	exp.Dependencies, exp.Setup, exp.Faults = nil, nil, nil
	exp.Services[0].Env = nil
	exp.Services[0].Resources = experiment.Resources{CPUs: 1}
	o, _ := options(t, exp)
	want := []string{"api: the local provider does not enforce resources; it ran without a limit"}
	if diff := cmp.Diff(want, start(t, o).Site().Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestServicesThatAlreadyRunAreReachedAndNotStarted(t *testing.T) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	exp := experiment.Experiment{
		Services: []experiment.Service{{Name: "api", URL: "http://" + l.Addr().String() + "/v1", Ready: experiment.Ready{HTTP: "/healthz"}}},
		Load:     experiment.Load{Target: "api", Env: map[string]string{"BASE": "${api.url}"}},
		Faults:   []experiment.Fault{{Name: "slow", Link: "load->api", Kind: "latency"}},
	}
	o, _ := options(t, exp)
	o.Provider = ProviderAuto
	s := start(t, o).Site()
	link, _ := s.Link("load->api")
	if want := "http://" + link.Address + "/v1"; !link.Proxied || s.TargetURL != want || s.LoadEnv["BASE"] != want {
		t.Errorf("target %q, want %q through %+v", s.TargetURL, want, link)
	}
	if got := get(t, s.TargetURL); got != "/v1" {
		t.Errorf("the target answered %q", got)
	}

	_ = server.Close()
	exp.Services[0].Ready.Timeout = 200 * time.Millisecond
	again, _ := options(t, exp)
	_, err = Start(t.Context(), again)
	var gone *UnreachableError
	if !errors.As(err, &gone) || gone.Service != "api" {
		t.Errorf("got %v", err)
	}
}

func TestMissingProgramsAreNamedTogether(t *testing.T) {
	empty := t.TempDir()
	if dir := findPostgres(empty, []string{empty + "/*/bin"}, ""); dir != "" {
		t.Errorf("found %s", dir)
	}
	for _, version := range []string{"9.6", "15", "17"} {
		for _, name := range []string{"postgres", "initdb"} {
			path := filepath.Join(empty, version, "bin", name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for asked, want := range map[string]string{"": "17", "15": "15", "15.3": "15", "12": "17", "9.6": "9.6"} {
		if dir := findPostgres("", []string{empty + "/*/bin"}, asked); dir != filepath.Join(empty, want, "bin") {
			t.Errorf("asked %q, found %q", asked, dir)
		}
	}
	err := &MissingProgramsError{[]string{"postgres", "redis-server"}}
	if want := "the local provider needs postgres and redis-server, which this machine does not have"; err.Error() != want {
		t.Errorf("got %q", err)
	}
}
