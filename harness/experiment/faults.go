package experiment

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results/slo"
)

// Bounds of a fault's strength.
const (
	leastLatency    = time.Millisecond
	mostLatency     = time.Hour
	leastThroughput = 1000 // bytes per second
	leastCPUs       = 0.01
	leastMemory     = 6 << 20 // bytes: a container engine takes no less
	mostPiece       = 16 << 10
	mostLimit       = 1 << 20
	leastLoss       = 0.001
	mostLoss        = 0.5
	defaultStatus   = 503
)

// leastRest is between two times of a repeated fault, for its probe to see the link or the node sound.
const leastRest = 2 * time.Second

func (c *checker) faults() {
	seen := map[string]int{}
	var items []int // of the file, for each fault
	for i, raw := range c.raw.Faults.items {
		path := "faults." + itoa(i)
		if raw.Name.value != "" {
			path = "fault " + raw.Name.value
		}
		c.faultName(path, raw, seen)
		f := Fault{
			Name: raw.Name.value, Link: linkName(raw.Link), Node: raw.On.value, Kind: raw.Kind.value,
			At: raw.At.value, For: raw.For.value, Latency: raw.Latency.value, Jitter: raw.Jitter.value,
			Distribution: raw.Distribution.value, Ramp: raw.Ramp.value, Rate: raw.Rate.value, Run: raw.Run.value,
			Share: raw.Share.value, Delay: raw.Delay.value, Bytes: raw.Bytes.value, Status: raw.Status.value, Line: raw.line(), CPUs: raw.CPUs.value, Memory: raw.Memory.value,
			Hold: raw.Hold.value, HoldScaled: raw.Hold.scaled, Scripted: raw.At.scripted,
		}
		if f.Hold > 0 {
			f.For = f.Hold
		}
		if f.Kind == "http-error" && !raw.Status.given() {
			f.Status = defaultStatus
		}
		c.faultTime(path, raw)
		if form, known := formOf(f.Kind); known {
			c.faultFields(path, raw, form)
			c.faultObject(path, raw, form)
		} else if !raw.Kind.given() {
			c.problem(raw.place, path+": kind is missing", "kinds are "+enumerate(faultKinds(), "and"))
		}
		for _, time := range c.spread(path, raw, c.times(path, raw, f)) {
			c.exp.Faults = append(c.exp.Faults, time)
			items = append(items, i)
		}
	}
	c.overlaps(items)
}

// times are the faults that a repeated one stands for, or the fault itself.
func (c *checker) times(path string, raw rawFault, f Fault) []Fault {
	repeat, every := raw.Repeat, raw.Every
	switch {
	case every.given() && !repeat.given():
		c.problem(every.place, path+": every has no meaning without repeat", "say how many times in all, such as repeat: 3")
	case repeat.given() && !every.given():
		c.problem(repeat.place, path+": every is missing", "say how far apart the starts are, such as every: 20s")
	case c.reported(repeat.place) || c.reported(every.place):
	case repeat.given() && every.value < f.For+leastRest:
		c.problem(every.place, path+" comes again "+every.value.String()+" after its start and lasts "+f.For.String(),
			"at least "+(f.For+leastRest).String()+" apart, so that a probe sees it gone in between")
	case repeat.value > mostEntries:
		c.problem(repeat.place, path+": "+itoa(repeat.value)+" times make no sense", "at most "+itoa(mostEntries))
	case repeat.value > 1:
		all := make([]Fault, repeat.value)
		for i := range all {
			all[i] = f
			all[i].At += time.Duration(i) * every.value
			all[i].Occurrence = i + 1
		}
		return all
	}
	return []Fault{f}
}

func (c *checker) faultName(path string, raw rawFault, seen map[string]int) {
	switch name := raw.Name.value; {
	case !raw.Name.given():
		c.problem(raw.place, path+".name is missing", "SLOs and reports need one")
	case slo.Reserved(name):
		c.problem(raw.Name.place, path+": the name "+name+" has a meaning of its own in SLOs", "choose another, such as "+name+"-1")
	case !nameForm().MatchString(name):
		c.problem(raw.Name.place, path+": "+quote(name)+" is not a name",
			"a name has lower-case letters, digits and hyphens, at most 40, and begins with a letter")
	case seen[name] > 0:
		c.problem(raw.Name.place, path+": the name is taken", "the other fault stands on line "+itoa(seen[name]))
	default:
		seen[name] = max(raw.line(), 1)
	}
}

// faultTime checks that the fault lies within the load.
func (c *checker) faultTime(path string, raw rawFault) {
	if !raw.At.given() {
		c.problem(raw.place, path+": at is missing", "say when it starts, counted from the end of the warm-up, such as at: 40s")
	}
	if raw.At.scripted {
		c.scripted(path, raw)
		return
	}
	duration := c.exp.Load.Duration
	if duration == 0 {
		return // the script's own scenarios: only k6 knows how long they last
	}
	length := raw.For
	if raw.Hold.given() {
		length = raw.Hold.duration
	}
	last := raw.At.value + time.Duration(max(raw.Repeat.value-1, 0))*raw.Every.value
	end := last + length.value
	hint := "the load lasts " + duration.String() + " after the warm-up; --time-scale changes both"
	switch {
	case raw.At.value >= duration:
		c.problem(raw.At.place, path+" starts at "+raw.At.value.String()+", after the load", hint)
	case end > duration && raw.Repeat.value > 1:
		c.problem(raw.Repeat.place, path+" ends at "+end.String()+" the last time, after the load", hint)
	case end > duration:
		c.problem(length.place, path+" ends at "+end.String()+", after the load", hint)
	}
}

// scripted checks a fault that waits for the script.
func (c *checker) scripted(path string, raw rawFault) {
	if raw.Repeat.given() {
		c.problem(raw.Repeat.place, path+": repeat has no meaning with at: script", "the script asks for it as often as it likes")
	}
	if c.raw.Load.Requests.given() {
		c.problem(raw.At.place, path+": there is no script that could say when", "say when it starts, such as at: 40s")
	}
}

func (c *checker) faultFields(path string, raw rawFault, form faultForm) {
	switch {
	case form.span == lasts && !raw.For.given():
		c.problem(raw.place, path+": for is missing", "say how long it lasts, such as for: 20s")
	case form.span == lasts && raw.For.value == 0 && !c.reported(raw.For.place):
		c.problem(raw.For.place, path+": for is 0", "say how long it lasts, such as for: 20s")
	case form.span == strikes && raw.For.given():
		c.problem(raw.For.place, path+": for has no meaning for "+form.kind+", which happens at once", "remove it")
	}
	for _, s := range []source{
		{"latency", raw.Latency.place}, {"jitter", raw.Jitter.place}, {"distribution", raw.Distribution.place},
		{"ramp", raw.Ramp.place}, {"rate", raw.Rate.place}, {"run", raw.Run.place}, {"share", raw.Share.place},
		{"delay", raw.Delay.place}, {"bytes", raw.Bytes.place}, {"status", raw.Status.place},
		{"cpus", raw.CPUs.place}, {"memory", raw.Memory.place},
		{"hold", raw.Hold.place},
	} {
		needed := slices.Contains(form.needs, s.key)
		switch {
		case needed && !s.place.given():
			c.problem(raw.place, path+": "+s.key+" is missing", form.kind+" needs it")
		case !needed && s.place.given() && !slices.Contains(form.allows, s.key):
			c.problem(s.place, path+": "+s.key+" has no meaning for "+form.kind, takes(form))
		}
	}
	c.faultStrength(path, raw, form)
}

func takes(form faultForm) string {
	if fields := form.fields(); len(fields) > 0 {
		return form.kind + " takes " + enumerate(fields, "and")
	}
	return "remove it"
}

func (c *checker) faultStrength(path string, raw rawFault, form faultForm) {
	latency, jitter, delay, ramp := raw.Latency, raw.Jitter, raw.Delay, raw.Ramp
	longTail := raw.Distribution.value == "pareto"
	switch {
	case form.kind == "latency" && latency.given() && !c.reported(latency.place) && (latency.value < leastLatency || latency.value > mostLatency):
		c.problem(latency.place, path+": a latency of "+latency.value.String()+" cannot be made", "it is 1ms to 1h")
	case form.kind == "latency" && jitter.value > latency.value && latency.value > 0 && !longTail:
		c.problem(jitter.place, path+": the jitter is larger than the latency", "at most "+latency.value.String()+", or distribution: pareto")
	case form.kind == "latency" && jitter.value > mostLatency:
		c.problem(jitter.place, path+": a jitter of "+jitter.value.String()+" cannot be made", "at most 1h")
	case form.kind == "latency" && raw.Distribution.given() && jitter.value == 0 && !c.reported(jitter.place):
		c.problem(raw.Distribution.place, path+": distribution has no meaning without a jitter", "give jitter")
	case form.kind == "latency" && ramp.value > raw.For.value && raw.For.value > 0:
		c.problem(ramp.place, path+": the ramp is longer than the fault", "at most "+raw.For.value.String())
	case delay.given() && slices.Contains(form.fields(), "delay") && !c.reported(delay.place) && (delay.value < leastLatency || delay.value > mostLatency):
		c.problem(delay.place, path+": a delay of "+delay.value.String()+" cannot be made", "it is 1ms to 1h")
	case form.kind == "http-error" && raw.Status.given() && !c.reported(raw.Status.place) && (raw.Status.value < 400 || raw.Status.value > 599):
		c.problem(raw.Status.place, path+": "+itoa(raw.Status.value)+" is not the status of an error", "it is 400 to 599")
	case form.kind == "slicer" && raw.Bytes.given() && !c.reported(raw.Bytes.place) && (raw.Bytes.value < 1 || raw.Bytes.value > mostPiece):
		c.problem(raw.Bytes.place, path+": pieces of "+itoa(int(raw.Bytes.value))+" bytes cannot be made", "they are 1B to 16KiB")
	case form.kind == "limit-data" && raw.Bytes.given() && !c.reported(raw.Bytes.place) && (raw.Bytes.value < 1 || raw.Bytes.value > mostLimit):
		c.problem(raw.Bytes.place, path+": a limit of "+itoa(int(raw.Bytes.value))+" bytes cannot be probed", "it is 1B to 1MiB")
	case form.kind == "loss" && raw.Share.given() && !c.reported(raw.Share.place) && (raw.Share.value < leastLoss || raw.Share.value > mostLoss):
		c.problem(raw.Share.place, path+": a loss of "+strconv.FormatFloat(raw.Share.value*100, 'g', -1, 64)+"% makes no sense", "it is 0.1% to 50%; beyond that hardly a connection lives, as under kind: timeout")
	case form.kind == "bandwidth" && raw.Rate.value > 0 && raw.Rate.value < leastThroughput:
		c.problem(raw.Rate.place, path+": a rate below 1KB/s cannot be made", "")
	case form.kind == "cpu-limit" && raw.CPUs.value > 0 && raw.CPUs.value < leastCPUs:
		c.problem(raw.CPUs.place, path+": a limit below 0.01 cores cannot be made", "")
	case form.kind == "memory-limit" && raw.Memory.value > 0 && raw.Memory.value < leastMemory:
		c.problem(raw.Memory.place, path+": a limit below 6MiB cannot be made", "")
	}
}

// faultObject checks what the fault acts on.
func (c *checker) faultObject(path string, raw rawFault, form faultForm) {
	switch {
	case form.node && raw.Link.given():
		c.problem(raw.Link.place, path+": "+form.kind+" acts on a node, not on a link", "write on: with one of "+c.nodeNames())
	case form.node && !raw.On.given():
		c.problem(raw.place, path+": on is missing", form.kind+" acts on a node: "+c.nodeNames())
	case form.node:
		c.faultNode(path, raw, form)
	case raw.On.given():
		c.problem(raw.On.place, path+": "+form.kind+" acts on a link, not on a node", "write link: with one of "+strings.Join(c.links(), ", "))
	case !raw.Link.given():
		c.problem(raw.place, path+": link is missing", form.kind+" acts on a link: "+strings.Join(c.links(), ", "))
	default:
		c.faultLink(path, raw)
		c.faultHTTP(path, raw, form)
	}
}

func (c *checker) nodeNames() string {
	return strings.Join(c.named(func(n node) bool { return n.kind != "url" }), ", ")
}

func (c *checker) faultNode(path string, raw rawFault, form faultForm) {
	n, known := c.node(raw.On.value)
	switch {
	case raw.On.value == "":
	case !known:
		c.problem(raw.On.place, path+": no node is named "+raw.On.value, suggest(raw.On.value, c.named(func(n node) bool { return n.kind != "url" })))
	case n.kind == "url":
		c.problem(raw.On.place, path+": "+n.name+" was not started by brunt", "only the link load->"+n.name+" can be disturbed")
	case form.kind == "command":
		c.faultCommand(path, raw, n)
	case form.kind == "disconnect" && n.kind != kindImage:
		c.problem(raw.On.place, path+": "+n.name+" shares the machine's network and cannot be taken off it",
			"only dependencies with an image have one of their own; cut the links to it instead, with kind: down")
	}
}

// faultCommand checks a command in the language of its node.
func (c *checker) faultCommand(path string, raw rawFault, n node) {
	run := raw.Run
	switch {
	case n.kind == kindPostgres && len(run.value) > 1:
		c.problem(run.place, path+": run is a list", "for postgres it is one SQL statement: run: "+strings.Join(run.value, " "))
	case n.kind != kindPostgres && n.kind != kindRedis && run.whole && strings.Contains(run.value[0], " "):
		c.problem(run.place, path+": run is one text", "for "+n.name+" it is a program and its arguments: run: ["+
			strings.Join(strings.Fields(run.value[0]), ", ")+"]")
	}
	switch {
	case raw.Hold.given() && n.kind != kindPostgres:
		c.problem(raw.Hold.place, path+": hold has no meaning for "+n.name, "only postgres has transactions that can be held open")
	case raw.Hold.given() && raw.Hold.value == 0 && !c.reported(raw.Hold.place):
		c.problem(raw.Hold.place, path+": hold is 0", "say how long the transaction stays open, such as hold: 10s")
	}
}

// linkName is the link as it is named everywhere: without the spaces that people put around the arrow.
func linkName(t text) string { return strings.ReplaceAll(t.value, " ", "") }

func (c *checker) faultLink(path string, raw rawFault) {
	name := linkName(raw.Link)
	from, to, ok := strings.Cut(name, "->")
	source, fromKnown := c.node(from)
	_, toKnown := c.node(to)
	switch {
	case raw.Link.value == "":
	case !ok:
		c.problem(raw.Link.place, path+": "+quote(raw.Link.value)+" is not a link", "links are "+strings.Join(c.links(), ", "))
	case from == to, fromKnown && c.groupOf(from) == c.groupOf(to):
		c.problem(raw.Link.place, path+": the link "+name+" leads to itself", "links are "+strings.Join(c.links(), ", "))
	case !fromKnown && from != loadNode, !toKnown:
		c.problem(raw.Link.place, path+": there is no link "+name, suggest(name, c.links()))
	case from != loadNode && !source.service:
		c.problem(raw.Link.place, path+": "+from+" is a dependency and dials nobody", suggest(name, c.links()))
	case source.kind == "url":
		c.problem(raw.Link.place, path+": "+from+" was not started by brunt", "only the link load->"+from+" can be disturbed")
	}
}

// faultHTTP refuses a fault on HTTP where it is known that the link speaks something else. What only shows on the way is for
// the room of faults.
func (c *checker) faultHTTP(path string, raw rawFault, form faultForm) {
	_, name, _ := strings.Cut(linkName(raw.Link), "->")
	to, known := c.node(name)
	switch {
	case !form.http || !known:
	case to.kind == kindPostgres || to.kind == kindRedis:
		c.problem(raw.Link.place, path+": "+name+" speaks no HTTP, on which "+form.kind+" acts", "stall, reset and latency act on any link")
	case slices.ContainsFunc(c.exp.Services, func(s Service) bool { return s.Name == name && strings.HasPrefix(s.URL, "https:") }):
		c.problem(raw.Link.place, path+": "+name+" speaks TLS, and "+form.kind+" acts on plain HTTP/1.1", "stall, reset and latency act on any link")
	}
}

// links lists the links that a fault can name: from the load to each service, from each service to each other node.
func (c *checker) links() []string {
	var all []string
	for _, from := range c.nodes {
		for _, to := range c.nodes {
			if from.service && from.kind != "url" && from.name != to.name && from.group+to.group == "" {
				all = append(all, from.name+"->"+to.name)
			}
		}
	}
	for _, to := range c.nodes {
		if to.service && to.group == "" {
			all = append(all, loadNode+"->"+to.name)
		}
	}
	return all
}

// overlaps reports faults that would undo each other: a node that is stopped twice at the same time, or limited twice in
// the same way. Items says as which of the file each fault stands there.
func (c *checker) overlaps(items []int) {
	reported := map[[2]int]bool{}
	stops := func(f Fault) bool {
		return f.Kind == "kill" || f.Kind == "pause" || f.Kind == "restart" || f.Kind == "disconnect"
	}
	limits := func(f Fault) bool { return f.Kind == "cpu-limit" || f.Kind == "memory-limit" }
	for i, a := range c.exp.Faults {
		for j, b := range c.exp.Faults[:i] {
			if a.Scripted || b.Scripted || a.Node != b.Node || a.At > b.At+b.For || b.At > a.At+a.For {
				continue
			}
			hint := ""
			switch {
			case stops(a) && stops(b):
				hint = "one node cannot be stopped twice at a time"
			case limits(a) && a.Kind == b.Kind:
				hint = "one node has one limit of a kind at a time"
			default:
				continue
			}
			if pair := [2]int{items[i], items[j]}; !reported[pair] {
				reported[pair] = true
				c.problem(c.raw.Faults.items[items[i]].place, "fault "+a.Name+" meets "+a.Node+" while "+b.Name+" does", hint)
			}
		}
	}
}
