package webhooks

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// lateness is how long after the order an endpoint may hear of it.
const lateness = 2 * time.Second

// openReceiver makes a stub of endpoints: it notes what arrives, each time that it does.
func openReceiver(env kit.Environment) (kit.Service, error) {
	arrived := prometheus.NewCounter(prometheus.CounterOpts{Name: "webhooks_arrived_total", Help: "Orders that arrived, again or not."})
	late := prometheus.NewCounter(prometheus.CounterOpts{Name: "webhooks_late_total", Help: "Those that did more than 2 s after the request."})
	for _, c := range []prometheus.Collector{arrived, late} {
		if err := env.Registry.Register(c); err != nil {
			return kit.Service{}, err
		}
	}
	ledger := &kit.Ledger{}
	mux := http.NewServeMux()
	mux.Handle("GET /ledger", ledger)
	mux.HandleFunc("POST /hooks/{number}", func(w http.ResponseWriter, r *http.Request) {
		var o Order
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestInput)).Decode(&o); err != nil || o.ID < 1 {
			http.Error(w, "the body is no order", http.StatusBadRequest)
			return
		}
		ledger.Seen(uint64(o.ID))
		arrived.Inc()
		if time.Since(o.At) > lateness {
			late.Inc()
		}
	})
	return kit.Service{Handler: mux, Close: func() {}}, nil
}
