package experiment

// The raw types are the experiment file as it is written: its decoder, its checks and its JSON Schema all come from them.
// A field's yaml tag is its key and its jsonschema_description what the schema says of it.

type rawFile struct {
	place
	Name         text                   `yaml:"name" jsonschema_description:"What the experiment is called; the name of its folder when left out."`
	Description  text                   `yaml:"description" jsonschema_description:"The question in one sentence."`
	Target       rawService             `yaml:"target" jsonschema_description:"Short for services with one service, named target."`
	Services     mapping[rawService]    `yaml:"services" jsonschema_description:"The processes of the system under test, by name."`
	Dependencies mapping[rawDependency] `yaml:"dependencies" jsonschema_description:"The backing parts, by name: a known kind, or any image."`
	Setup        list[rawStep]          `yaml:"setup" jsonschema_description:"Steps that run once against a dependency before the services start."`
	Load         rawLoad                `yaml:"load" jsonschema:"required" jsonschema_description:"What is offered to the target."`
	Warmup       duration               `yaml:"warmup" jsonschema_description:"Load that is offered first and not judged. Default 0s. t = 0 is its end."`
	Settle       duration               `yaml:"settle" jsonschema_description:"How long after a fault the phase recovery lasts. Default 10s."`
	Faults       list[rawFault]         `yaml:"faults" jsonschema_description:"Planned disturbances, each with its start, length and guaranteed removal."`
	SLOs         list[rawSLO]           `yaml:"slos" jsonschema:"required" jsonschema_description:"The bounds that are judged."`

	Ledgers mapping[rawLedger] `yaml:"ledgers" jsonschema_description:"Services that offer what arrived there, by the name of the ledger; the script makes its own with ledger(name)."`

	Expect mapping[rawExpectation] `yaml:"expect" jsonschema_description:"Of a reference target: what its variants naive and fixed are there to show, and alternatives to them, by names of your own. brunt demo asks for it; no verdict depends on it."`

	Accept list[rawAcceptance] `yaml:"accept" jsonschema_description:"Regressions against the baseline that are intended: brunt gate says them and does not fail by them, until they expire."`
}

type rawService struct {
	place
	Reference reference     `yaml:"reference" jsonschema_description:"The name of a reference target."`
	Variant   variant       `yaml:"variant" jsonschema_description:"Of a reference target: naive or fixed. Default fixed."`
	Image     text          `yaml:"image" jsonschema_description:"An image."`
	Build     rawBuild      `yaml:"build" jsonschema_description:"A Docker build."`
	Command   words         `yaml:"command" jsonschema_description:"A program on this machine and its arguments."`
	URL       text          `yaml:"url" jsonschema_description:"The base URL of a service that already runs."`
	Port      integer       `yaml:"port" jsonschema_description:"The port that the service listens on. Default 8080 of a reference target."`
	Ready     rawReady      `yaml:"ready" jsonschema_description:"When the service is ready. Default: its port accepts a connection."`
	Metrics   text          `yaml:"metrics" jsonschema_description:"The path of its Prometheus metrics: scraped once a second while load runs, kept with the run, and there for SLOs to name."`
	Pprof     text          `yaml:"pprof" jsonschema_description:"The path of its Go profiles."`
	Env       mapping[text] `yaml:"env" jsonschema_description:"Its environment. ${name.url}, ${name.host}, ${name.port}, ${env.NAME} and ${scaled:60s} are replaced."`
	Resources rawResources  `yaml:"resources" jsonschema_description:"Its limits."`

	Replicas integer `yaml:"replicas" jsonschema_description:"How many of it run, as name.1, name.2 and so on. ${name.url} is the first, ${name.2.url} the second, ${name.urls} are all, with commas. Default 1."`
}

type rawBuild struct {
	place
	Context    text `yaml:"context" jsonschema:"required" jsonschema_description:"The folder to build from."`
	Dockerfile text `yaml:"dockerfile" jsonschema_description:"Relative to the context. Default Dockerfile."`
}

type rawReady struct {
	place
	HTTP    text        `yaml:"http" jsonschema_description:"A path that answers with a status of 200 to 299."`
	TCP     truth       `yaml:"tcp" jsonschema_description:"true: the port accepts a connection."`
	Log     text        `yaml:"log" jsonschema_description:"A text that a line of its log contains."`
	Command words       `yaml:"command" jsonschema_description:"A command that ends with 0."`
	Timeout duration    `yaml:"timeout" jsonschema_description:"How long that may take. Default 60s; 5s for a url."`
	GRPC    later[text] `yaml:"grpc" jsonschema_description:"Not supported yet: the service that gRPC's health check asks for."`
}

type rawResources struct {
	place
	CPUs   cores `yaml:"cpus" jsonschema_description:"Processors, such as 1 or 0.5."`
	Memory size  `yaml:"memory" jsonschema_description:"Memory, such as 256MiB."`
}

type rawDependency struct {
	place
	Kind    dependencyKind `yaml:"kind" jsonschema_description:"A known kind. Left out for any other image."`
	Version text           `yaml:"version" jsonschema_description:"Of a known kind, such as \"17\"."`
	Image   text           `yaml:"image" jsonschema_description:"Any image, or the one to use for the known kind."`
	Port    integer        `yaml:"port" jsonschema_description:"The port that the image listens on. A known kind has its own."`
	Ready   rawReady       `yaml:"ready" jsonschema_description:"When an image is ready. Default: its port accepts a connection."`
	Env     mapping[text]  `yaml:"env" jsonschema_description:"Its environment."`
	Args    words          `yaml:"args" jsonschema_description:"Further arguments of its server."`
}

type rawStep struct {
	place
	SQL     text    `yaml:"sql" jsonschema_description:"A file of SQL."`
	Dataset dataset `yaml:"dataset" jsonschema_description:"A known data set."`
	On      text    `yaml:"on" jsonschema:"required" jsonschema_description:"The dependency."`
	Rows    integer `yaml:"rows" jsonschema_description:"How many rows of the data set."`
}

type rawLoad struct {
	place
	Target   text          `yaml:"target" jsonschema_description:"The service that load enters. May be left out when there is one."`
	Script   text          `yaml:"script" jsonschema_description:"A k6 script, .js or .ts."`
	Env      mapping[text] `yaml:"env" jsonschema_description:"What the script finds in __ENV. ${name.url}, ${env.NAME} and ${scaled:60s} are replaced."`
	Shape    shape         `yaml:"shape" jsonschema_description:"A ready-made traffic pattern; left out, the script's own options.scenarios stand, and requests have a constant rate."`
	Rate     rate          `yaml:"rate" jsonschema_description:"The most iterations that are offered, such as 100/s. Default: the shape's own."`
	Duration duration      `yaml:"duration" jsonschema_description:"How long the load lasts after the warm-up."`
	VUs      integer       `yaml:"vus" jsonschema_description:"The most VUs that may be used; of requests, the most connections."`
	From     rate          `yaml:"from" jsonschema_description:"Of the shape breakpoint: the first rate, which must hold. Default: a tenth of rate."`
	Step     duration      `yaml:"step" jsonschema_description:"Of the shape breakpoint: how long each rate is offered. Default: a twelfth of duration, at most 20s."`

	Escape truth `yaml:"escape" jsonschema_description:"Of a constant rate: when the target is still down at the end, long after the last fault, go on at lower and lower rates until it is as before. Default: false."`

	Requests list[rawRequest] `yaml:"requests" jsonschema_description:"Requests without a script, made in Go at a fraction of a script's CPU time. No cookies, redirects or JavaScript."`
	Data     mapping[rawData] `yaml:"data" jsonschema_description:"Files of values for requests, by name: {{item.id}} is the column id of item."`
	HTTP     rawHTTP          `yaml:"http" jsonschema_description:"How requests are sent."`
}

type rawFault struct {
	place
	Name    text      `yaml:"name" jsonschema:"required" jsonschema_description:"What SLOs and reports call it."`
	Link    text      `yaml:"link" jsonschema_description:"The link that it disturbs: from->to, or load->to."`
	On      text      `yaml:"on" jsonschema_description:"The node that it disturbs."`
	Kind    faultKind `yaml:"kind" jsonschema:"required" jsonschema_description:"What happens."`
	At      moment    `yaml:"at" jsonschema:"required" jsonschema_description:"When it starts, counted from the end of the warm-up; or script, where the script says when (fault.apply of k6/x/brunt)."`
	For     duration  `yaml:"for" jsonschema_description:"How long it lasts, at most where the script lifts it."`
	Latency duration  `yaml:"latency" jsonschema_description:"Of latency: the time that is added to every answer."`
	Jitter  duration  `yaml:"jitter" jsonschema_description:"Of latency: how far the time varies, from a schedule that the run's seed gives."`

	Distribution distribution `yaml:"distribution" jsonschema_description:"Of a jitter J around a latency L: uniform (L-J to L+J, the default), normal (standard deviation J) or pareto (a long tail: L and more, half above L + 0.26 J, one in a hundred above L + 3.6 J, at most L + 9 J)."`
	Ramp         duration     `yaml:"ramp" jsonschema_description:"Of latency: it grows from nothing to its full strength over this time."`

	Rate   throughput `yaml:"rate" jsonschema_description:"Of bandwidth: bytes per second, such as 100KiB/s."`
	Run    words      `yaml:"run" jsonschema_description:"Of command: the words of a command for redis, one SQL statement for postgres, a program and its arguments for any other node."`
	Share  share      `yaml:"share" jsonschema_description:"Of stall and of faults on HTTP: the share of answers or requests that are met, such as 5%; which ones the run's seed decides. Of loss: the share of packets that are lost, 0.1% to 50%, by chance."`
	Delay  duration   `yaml:"delay" jsonschema_description:"Of connect-delay, stall, slicer, slow-close and http-slow: how long what they meet waits. Of stall it may be left out: until the fault ends."`
	Bytes  size       `yaml:"bytes" jsonschema_description:"Of slicer: the size of a piece. Of limit-data: what passes over a connection before it is closed."`
	Status integer    `yaml:"status" jsonschema_description:"Of http-error: the status, 400 to 599. Default 503."`
	Repeat integer    `yaml:"repeat" jsonschema_description:"How many times the fault comes in all; every says how far apart. All times have its name."`
	Every  duration   `yaml:"every" jsonschema_description:"From one start of a repeated fault to the next."`
	Hold   scalable   `yaml:"hold" jsonschema_description:"Of command on postgres: how long its transaction stays open, to be rolled back then. --time-scale leaves it as it is, unless it is written ${scaled:60s}."`
	CPUs   cores      `yaml:"cpus" jsonschema_description:"Of cpu-limit: how many cores the node may use, such as 0.2."`
	Memory size       `yaml:"memory" jsonschema_description:"Of memory-limit: how much the node may use, such as 64MiB."`
}

type rawLedger struct {
	place
	Service words    `yaml:"service" jsonschema:"required" jsonschema_description:"The service, or a list of services. What arrives at two of them is a duplicate."`
	Path    text     `yaml:"path" jsonschema_description:"Where it answers with its ledger, as lines of JSON. Default /ledger."`
	Settle  duration `yaml:"settle" jsonschema_description:"How long after the load what is in flight is waited for. Default: settle of the experiment."`
}

type rawExpectation struct {
	place
	Variant  variant              `yaml:"variant" jsonschema_description:"Of an alternative, which has to say it: the variant that runs."`
	Set      mapping[words]       `yaml:"set" jsonschema_description:"Of an alternative: what is another way in it, by its path, as --set takes it, such as services.api.env.CACHE: off."`
	Verdict  declared             `yaml:"verdict" jsonschema:"required" jsonschema_description:"pass or fail."`
	Because  text                 `yaml:"because" jsonschema_description:"Of fail: the SLO that has to be among those that fail, in the words in which it stands below slos."`
	Cause    text                 `yaml:"cause" jsonschema_description:"Of fail: what is wrong with it, in one sentence."`
	Evidence list[rawMeasurement] `yaml:"evidence" jsonschema_description:"Measurements that show it: the left side of an SLO, which binds nothing."`
}
