package output

import "github.com/devcraft-studio/brunt/results/histogram"

// precision is that of a metric's base series. Where the time of a request or of an iteration went is looked at, and rarely
// judged: that is kept coarser, unless something that was known before the load judges it.
func (x *index) precision(metric string) histogram.Precision {
	switch metric {
	case metricLateness, "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking", "http_req_sending",
		"http_req_waiting", "http_req_receiving", "iteration_duration", "group_duration":
		if !x.named[metric] {
			return histogram.Coarse
		}
	}
	return histogram.Fine
}
