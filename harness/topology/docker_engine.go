package topology

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// engineDeadline bounds one question to the engine that needs no work of it. An engine that hangs counts as none.
const engineDeadline = 5 * time.Second

// EngineError says that there is no container engine that can serve us, and why.
type EngineError struct {
	Missing bool // nothing answers at all; otherwise what answers cannot serve
	Reason  string
	Err     error // may be nil
}

func (e *EngineError) Error() string { return "no usable Docker engine: " + e.Reason }

func (e *EngineError) Unwrap() error { return e.Err }

// Engine is what the container engine says of itself.
type Engine struct {
	OK      bool   // it can serve the docker provider
	Reason  string // why not; empty when OK
	Version string // such as "20.10.24"; empty when it does not answer
	API     string // newest API version that it and we speak
	Storage string // storage driver
}

// EngineInfo asks the container engine who it is and whether the docker provider can work with it. It takes at most a few
// seconds and never fails: that there is none is an answer.
func EngineInfo(ctx context.Context) Engine {
	engine, info, err := connectEngine(ctx)
	if err != nil {
		return Engine{Reason: err.Error(), Version: info.Version, API: info.API, Storage: info.Storage}
	}
	_ = engine.Close()
	return info
}

// connectEngine returns a client of an engine that the docker provider can work with. Its error is an *EngineError.
func connectEngine(ctx context.Context) (*client.Client, Engine, error) {
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil, Engine{}, &EngineError{Missing: true, Reason: err.Error(), Err: err}
	}
	info, err := ask(ctx, engine)
	if err == nil {
		err = usable(engine.DaemonHost(), info)
	}
	if err != nil {
		_ = engine.Close()
		return nil, info.Engine, err
	}
	info.OK = true
	return engine, info.Engine, nil
}

type engineFacts struct {
	Engine
	system   string // operating system of the host that it runs on
	security []string
}

func ask(ctx context.Context, engine *client.Client) (engineFacts, error) {
	limited, cancel := context.WithTimeout(ctx, engineDeadline)
	defer cancel()
	answer, err := engine.Info(limited, client.InfoOptions{})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return engineFacts{}, ctx.Err()
	case limited.Err() != nil:
		return engineFacts{}, &EngineError{Missing: true, Err: err, Reason: fmt.Sprintf("the engine at %s did not answer within %s", engine.DaemonHost(), engineDeadline)}
	default:
		return engineFacts{}, &EngineError{Missing: true, Err: err, Reason: strings.TrimSpace(err.Error())}
	}
	return engineFacts{
		Engine: Engine{Version: answer.Info.ServerVersion, API: engine.ClientVersion(), Storage: answer.Info.Driver},
		system: answer.Info.OperatingSystem, security: answer.Info.SecurityOptions,
	}, nil
}

// usable says why nodes in host networking would not be reachable on our loopback addresses.
func usable(host string, info engineFacts) error {
	rootless := slices.ContainsFunc(info.security, func(s string) bool { return strings.Contains(s, "rootless") })
	switch {
	case runtime.GOOS != "linux":
		return &EngineError{Reason: "the docker provider puts nodes on loopback addresses of the host, which needs Linux"}
	case !strings.HasPrefix(host, "unix://"):
		return &EngineError{Reason: fmt.Sprintf("the engine at %s is another machine's; nodes must be on loopback addresses of this one", host)}
	case rootless:
		return &EngineError{Reason: "a rootless engine has a loopback of its own, which this machine's processes can't reach"}
	case info.system == "Docker Desktop":
		return &EngineError{Reason: "Docker Desktop runs in a virtual machine, whose loopback this machine's processes can't reach"}
	}
	return nil
}

// configureTestcontainers sets what the library reads from the environment, once, at its first call:
//   - no reaper: its image can't be pulled without a registry, and our watchdog does its work;
//   - the host where published ports are: with a /.dockerenv present it would choose the bridge's gateway;
//   - the engine that we have just spoken to, so that it does not look for another.
//
// It also sends what the library wants to tell the world to our log. All of this is process-wide, because the library is.
func configureTestcontainers(host string, logger *slog.Logger) error {
	tclog.SetDefault(libraryLog{logger})
	errs := []error{
		os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"),
		os.Setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1"),
	}
	if os.Getenv("DOCKER_HOST") == "" {
		errs = append(errs, os.Setenv("DOCKER_HOST", host))
	}
	return errors.Join(errs...)
}

// libraryLog is what Testcontainers logs to.
type libraryLog struct{ logger *slog.Logger }

// Printf logs a line for whoever looks into details.
func (l libraryLog) Printf(format string, args ...any) {
	if l.logger != nil {
		l.logger.Debug("testcontainers: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
