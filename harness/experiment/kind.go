package experiment

import "slices"

// span says whether a fault of a kind lasts.
type span string

const (
	lasts   span = "lasts"   // `for` is needed
	mayLast span = "mayLast" // without `for` it strikes once
	strikes span = "strikes" // `for` has no meaning
)

// faultForm is what an experiment may say of a fault of one kind. What a kind does is for the room of faults.
type faultForm struct {
	kind   string
	node   bool // it acts on a node, else on a link
	http   bool // on a link that speaks plain HTTP/1.1
	span   span
	needs  []string // fields beside name, link, on, kind, at and for
	allows []string
}

func faultForms() []faultForm {
	return []faultForm{
		{kind: "latency", span: lasts, needs: []string{"latency"}, allows: []string{"jitter", "distribution", "ramp"}},
		{kind: "timeout", span: lasts},
		{kind: "reset", span: mayLast},
		{kind: "down", span: lasts},
		{kind: "bandwidth", span: lasts, needs: []string{"rate"}},
		{kind: "connect-blackhole", span: lasts},
		{kind: "connect-delay", span: lasts, needs: []string{"delay"}},
		{kind: "stall", span: lasts, needs: []string{"share"}, allows: []string{"delay"}},
		{kind: "slicer", span: lasts, needs: []string{"bytes", "delay"}},
		{kind: "limit-data", span: lasts, needs: []string{"bytes"}},
		{kind: "slow-close", span: lasts, needs: []string{"delay"}},
		{kind: "loss", span: lasts, needs: []string{"share"}},
		{kind: "http-error", http: true, span: lasts, allows: []string{"status", "share"}},
		{kind: "http-abort", http: true, span: lasts, allows: []string{"share"}},
		{kind: "http-slow", http: true, span: lasts, needs: []string{"delay"}, allows: []string{"share"}},
		{kind: "command", node: true, span: strikes, needs: []string{"run"}, allows: []string{"hold"}},
		{kind: "kill", node: true, span: mayLast},
		{kind: "restart", node: true, span: mayLast},
		{kind: "cpu-limit", node: true, span: lasts, needs: []string{"cpus"}},
		{kind: "memory-limit", node: true, span: lasts, needs: []string{"memory"}},
		{kind: "disconnect", node: true, span: lasts},
		{kind: "pause", node: true, span: lasts},
	}
}

// fields are those that it needs and those that it allows.
func (f faultForm) fields() []string { return append(slices.Clone(f.needs), f.allows...) }

func formOf(kind string) (faultForm, bool) {
	for _, f := range faultForms() {
		if f.kind == kind {
			return f, true
		}
	}
	return faultForm{}, false
}

func faultKinds() []string {
	var names []string
	for _, f := range faultForms() {
		names = append(names, f.kind)
	}
	return names
}

// elsewhere maps what other tools call a kind to what it is called here.
func elsewhere() map[string]string {
	return map[string]string{
		"reset_peer": "reset", "blackhole": "timeout", "slow": "latency", "delay": "latency", "partition": "down",
		"disable": "down", "stop": "restart", "reboot": "restart", "cpu": "cpu-limit", "memory": "memory-limit", "throttle": "cpu-limit", "freeze": "pause", "unpause": "pause", "exec": "command",
		"connect-timeout": "connect-blackhole", "connect_timeout": "connect-blackhole", "syn-drop": "connect-blackhole",
		"connect_delay": "connect-delay", "slow_close": "slow-close", "slice": "slicer", "hang": "stall",
		"http_error": "http-error", "http_abort": "http-abort", "http_slow_body": "http-slow", "http-slow-body": "http-slow", "abort": "http-abort", "limit_data": "limit-data", "packet_loss": "loss", "packet-loss": "loss",
	}
}
