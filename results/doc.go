// Package results holds the plain values that every record of brunt is made of: runs, trials, phases, faults,
// builds, hosts, fitness, measurements, evidence and verdicts.
//
// These values are the only thing that crosses from the wing that measures (harness) to the wing that keeps, judges and
// shows (results). They depend on the standard library alone, so that a run stored today can be judged again in years
// without Docker, k6 or YAML.
//
// Times inside a trial are seconds from t = 0, the first offered iteration after the warm-up; moments before it are negative.
// Durations of requests are milliseconds, as in k6. Enumerations are strings, and their zero value is never a success.
package results
