package cli

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/store"
)

// hint is what a user can do about an error.
type hint struct {
	fits func(error) bool
	text string
}

// is fits errors that wrap one value.
func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// as fits errors that wrap one of type T.
func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// script fits what k6 found wrong with a script, by kind.
func script(kind load.ErrorKind) func(error) bool {
	return func(err error) bool {
		var s *load.ScriptError
		return errors.As(err, &s) && s.Kind == kind
	}
}

const damaged = "the recording was damaged after it was written; what is stored of the verdict stands"

// hints are tried in order: the first that fits is printed. What is specific stands before what is general.
func hints() []hint {
	return []hint{
		{says("no space left", "disk is full"), "free some disk space; finished trials are kept"}, // SQLite's has no errno
		{is(campaign.ErrTooFewPairs), "give a longer --budget, or a shorter load; with --mode mirror a pair takes little more than a minute, with --mode slices two and a half"},
		{says("it is no timing gate that was begun"), "`brunt list` shows the stored runs; a gate with --costs takes a minute and is not gone on with"},
		{says("it is no calibration that was begun"), "`brunt list` shows the stored runs"},
		{says("was another build:"), "check out what was measured then, or begin anew: pairs of other builds can't be put together"},
		{as[*changedError], "put it back as it was, and --resume goes on with a timing gate; else begin anew. What a service writes itself belongs in .gitignore"},
		{says("is not as it was when the run was begun"), "leave it out, or begin anew without --resume; reports, --store, --no-wait and --quiet may be others"},
		{script(load.KindMissing), "give the path of a k6 script, relative to this folder"},
		{script(load.KindParse), "mend the script; `brunt k6 inspect SCRIPT` shows the same without running anything"},
		{script(load.KindInit), "mend the script, or what it needs: its init code, setup or teardown failed; `brunt k6 run SCRIPT` shows the same"},
		{script(load.KindThreshold), "a threshold reads like 'p(95)<300', 'rate<0.01' or 'count>100', as the metric's type allows"},
		{script(load.KindMetric), "name a metric of k6, latency, or one that the script defines in its init code"},
		{script(load.KindConfig), "mend options.scenarios or the flags after --"},
		{as[*lease.LockedError], "wait for it, or run without --no-wait and brunt waits; `brunt doctor` shows who holds the lock"},
		{is(lease.ErrUnguarded), "something kills brunt's watchdog; without it a crash would leave containers behind, so nothing is measured"},
		{as[*topology.NoProviderError], "`brunt doctor` lists what is missing and the command that mends it"},
		{as[*topology.MissingProgramsError], "on Debian or Ubuntu: apt-get install postgresql redis-server; or use --provider docker"},
		{as[*topology.NoGroupError], "run as root or in a delegated control group, use --provider docker, or leave the limit out"},
		{as[*fault.ImpossibleError], "on Linux as root it can (CAP_NET_ADMIN is enough); else leave the fault out"},
		{as[*topology.EngineError], "start the Docker engine (`brunt doctor` says what it lacks), or use --provider local"},
		{as[*topology.ImageError], "pull the image, name another with `image:`, or on Debian and Ubuntu build one: brunt images"},
		{as[*topology.PortTakenError], "end what listens there (`ss -ltnp` shows it), or give the node another port"},
		{as[*topology.UnreachableError], "start the service, or mend its url"},
		{as[*topology.NotReadyError], "its last lines stand above; mend the service, its `ready:` check, or raise ready.timeout"},
		{as[*dependency.SQLError], "mend the statement at that line of the setup file"},
		{as[*endlessError], "compare another experiment of the service, whose load makes requests alone"},
		{is(build.ErrNoRepository), "run inside the git repository that the services are built from"},
		{is(build.ErrNoTargets), "run inside a checkout of brunt, or name your own service with image:, build:, command: or url:"},
		{is(store.ErrNewerSchema), "use the newer brunt that wrote it, or another store with --store sqlite:PATH"},
		{is(store.ErrNotADatabase), "the file was left as it is; name another with --store sqlite:PATH"},
		{is(store.ErrUnwritable), "make the folder writable, or name another store with --store sqlite:PATH"},
		{says("no file can be written in"), "give a path in a folder that you may write to"},
		{is(store.ErrUnsupported), "use --store sqlite:PATH"},
		{is(store.ErrNotFound), "`brunt list` shows the stored runs"},
		{as[*store.AmbiguousError], "give more of the id"},
		{is(store.ErrReleaseTaken), "take the name away first, with `brunt baseline remove NAME`, or give another"},
		{is(store.ErrNoRelease), "`brunt baseline show` lists the names, `brunt baseline set NAME RUN` gives one"},
		{is(store.ErrBadName), "name it as a tag, such as v1.2"},
		{as[*recording.VersionError], "use the newer brunt that wrote the recording"},
		{as[*recording.CorruptError], damaged},
		{as[*ledger.VersionError], "use the newer brunt that wrote the ledgers"},
		{is(ledger.ErrCorrupt), damaged},
		{says("its record was changed"), damaged},
		{says("is there to show"), "declare it below expect: the verdict of naive and of fixed, as scenarios/restapi/experiment.yaml does"},
		{says("no run of a demo"), "give a run that `brunt demo` made: `brunt list` shows them"},
		{says("no service tells it", "name one: "), "what a service told at the end of an earlier run is kept in that run's folder, as NODE.prom"},
		{is(fs.ErrPermission), "run as a user who may write there"},
		{says("unknown flag", "unknown shorthand"), "`brunt COMMAND --help` lists the flags; k6's own go after --, as in: brunt run script.js -- --vus 10"},
		{says("unknown command", "run takes one", "gate takes one", "accepts ", "invalid argument", "flag needs"),
			"`brunt --help` lists the commands, `brunt COMMAND --help` its flags with an example"},
	}
}

// says fits errors of the command line's parser, which have no types.
func says(phrases ...string) func(error) bool {
	return func(err error) bool {
		for _, phrase := range phrases {
			if strings.Contains(err.Error(), phrase) {
				return true
			}
		}
		return false
	}
}

// unknownRefHint is what brings a ref here.
func unknownRefHint(unknown *build.UnknownRefError) string {
	if unknown.Fetch != "" {
		return unknown.Fetch
	}
	return "name a branch, a tag or a commit with --baseline; `git log --oneline --all` lists what is here"
}

// hintFor is what the user can do about err.
func hintFor(err error) string {
	var resumable *resumableError
	if errors.As(err, &resumable) {
		return "what was measured until then is kept; the same command with --resume " + resumable.run + " goes on"
	}
	if codeOf(err) == exitInterrupted {
		return "what was measured until then is kept; `brunt list` shows it"
	}
	var knows interface{ hint() string }
	if errors.As(err, &knows) {
		return knows.hint()
	}
	var unknown *build.UnknownRefError
	if errors.As(err, &unknown) {
		return unknownRefHint(unknown)
	}
	for _, h := range hints() {
		if h.fits(err) {
			return h.text
		}
	}
	if codeOf(err) == exitUsage {
		return "`brunt COMMAND --help` shows the flags, with an example"
	}
	return "`brunt doctor` shows what this machine lacks; --verbose shows what happened before"
}
