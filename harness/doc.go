// Package harness is the wing that produces a record; results is the wing that keeps, judges and shows it. This page is
// the map of the house, and arch_test.go beside it is the floor plan that the tests enforce.
//
// A line of code finds its place by asking what it works on: before the record (harness), after it (results), inside k6
// (xk6-ext), inside the victim (targets), or the question itself (scenarios).
//
//	harness/             BEFORE THE RECORD
//	  cmd/brunt            the binary: CLI, k6 child, proxy child, watchdog child; no logic
//	  cli                  one file per command; exit codes; hints                          [cobra]
//	  campaign             what to run next: limits, round trips, matrix, gate, calibration; pure
//	    simulation           plays gates on machines that exist in numbers only
//	  runner               conducts one trial: order, clock, cleanup; decides nothing
//	  experiment           the words of the question: YAML in, validated values out         [yaml, jsonschema]
//	  site                 a started topology: nodes and what can be done to them
//	  cgroup               the control groups that bound a process
//	  topology             starts and stops a topology: docker, local                       [Testcontainers]
//	    images               postgres and redis images out of Debian packages               [moby client]
//	  dependency           what we know of postgres and redis                               [pgx, go-redis]
//	  fault                links and faults, one file per kind; the proxy child             [Toxiproxy]
//	  lease                the watchdog child, the sweep, the machine's lock
//	  load                 drives the k6 child, writes the recording                        [k6's command]
//	  probe                what nodes tell: metrics, profiles, their use of the machine     [prometheus expfmt]
//	  build                something startable out of a reference
//	  provenance           git, CI, host, redaction of secrets
//	results/             AFTER THE RECORD
//	  .                    the plain values: Run, Trial, Phase, Fault, Evidence, Verdict
//	  scan                 values off the front of stored bytes
//	  histogram            a mergeable histogram with a bounded relative error
//	  recording            frames: write, read as an iterator
//	  ledger               exact counts: ids issued, acknowledged, seen; admissions
//	  slo                  the SLO language
//	  stats                slopes, the bounds of a gate: pure mathematics                   [gonum]
//	  verdict              judges a run, compares two builds: pure
//	  profile              where the time of two builds went, by their profiles            [pprof]
//	  store                where runs are kept                                              [SQLite]
//	  report               terminal, JSON, JUnit, Markdown: all from one Document
//	  proof                the table of figures that `make proof` writes; for tests
//	xk6-ext/             INSIDE K6: register.go, jsmodule, executor, output                   [k6]
//	  native               requests without a script, in Go                                 [k6, fasthttp]
//	  requests             what load.requests says: values, checks; imports no k6
//	  wire, random         messages to the parent, random numbers; import no k6
//	targets/             INSIDE THE VICTIM: the reference services, cmd/target, kit
//	scenarios/           THE QUESTIONS: experiments and scripts, embedded; lib holds the shapes
//
// The way of the data, for `brunt run scenarios/restapi`: experiment.Read, provenance, the run saved as broken, topology.Start
// (dependencies, links, setup, services), the k6 child started by load, the runner's clock applying and lifting faults through
// fault, frames onto disk, topology.Stop, verdict.Judgement, store.Save, report, exit code.
package harness
