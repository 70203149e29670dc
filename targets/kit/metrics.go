package kit

import (
	"bufio"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry makes a registry with the process and Go collectors, and with the heap that Go's last collection found alive:
// what tells a leak from garbage.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	live := collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}
	r.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(live)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Observe measures every request that next answers: http_request_duration_seconds{method,route,code} and
// http_requests_in_flight. The route is the pattern that matched, never the path, so that series stay few.
func Observe(registry *prometheus.Registry, next http.Handler) http.Handler {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time from a request's head to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .3, .5, .8, 1, 2.5, 5, 10},
	}, []string{"method", "route", "code"})
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight", Help: "Requests being answered."})
	registry.MustRegister(duration, inFlight)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inFlight.Inc()
		defer inFlight.Dec()
		began := time.Now()
		seen := &statusWriter{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(seen, r)
		duration.WithLabelValues(method(r.Method), route(r.Pattern), strconv.Itoa(seen.code)).Observe(time.Since(began).Seconds())
	})
}

func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead:
		return m
	}
	return "other"
}

func route(pattern string) string {
	if pattern == "" {
		return "none"
	}
	return pattern
}

// statusWriter remembers the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// Hijack hands over the connection, as to a WebSocket.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.code = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
