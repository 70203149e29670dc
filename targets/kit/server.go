package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second // longer than a CPU profile of 30 s takes
	idleTimeout       = 2 * time.Minute
	drainTimeout      = 5 * time.Second
	pingTimeout       = time.Second
	mutexFraction     = 10 // one in so many contended locks is sampled for /debug/pprof/mutex
)

// Serve answers on listen (host:port) until ctx is done, then lets requests under way end for up to five seconds and
// closes the service. It returns nil after an orderly end.
func Serve(ctx context.Context, listen string, env Environment, service Service) error {
	defer service.Close()
	runtime.SetMutexProfileFraction(mutexFraction)
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := service.Server
	if server == nil {
		server = &http.Server{
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
		}
	}
	if service.TLS != nil {
		listener = speakEither(listener, service.TLS)
	}
	server.Handler = Routes(env, service)
	server.ErrorLog = slog.NewLogLogger(env.Logger.Handler(), slog.LevelWarn)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	env.Logger.Info("listening", "address", listener.Addr().String(), "variant", string(env.Variant))

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		env.Logger.Warn("requests were cut off at the end", "error", err)
		_ = server.Close() // the listener is closed already
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	env.Logger.Info("stopped")
	return nil
}

// Routes is the service's handler, observed, beside /metrics, /healthz and /debug/pprof.
func Routes(env Environment, service Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", Observe(env.Registry, service.Handler))
	mux.Handle("GET /metrics", promhttp.HandlerFor(env.Registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", newHealth(service.Dependencies))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// health answers 200 when every dependency answers, 503 with the reasons otherwise.
type health struct {
	dependencies []Dependency
	answered     []atomic.Bool // an optional dependency has answered once
}

func newHealth(dependencies []Dependency) *health {
	return &health{dependencies: dependencies, answered: make([]atomic.Bool, len(dependencies))}
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	var problems []error
	for i, d := range h.dependencies {
		if d.Optional && h.answered[i].Load() {
			continue
		}
		if err := d.Ping(ctx); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", d.Name, err))
			continue
		}
		h.answered[i].Store(true)
	}
	if err := errors.Join(problems...); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok") // a client that left is no concern of ours
}
