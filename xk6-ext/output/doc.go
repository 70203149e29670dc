// Package output gathers what a k6 run measures into the frames of a recording and sends them to the brunt that drives it.
//
// Samples are kept as histograms and counts per series and second, so that memory does not grow with the load. Seconds count
// from t = 0 and are cut where a phase begins. A sample belongs to the second in which what it tells of began:
//
//   - an iteration on brunt-arrival or brunt-native, with its first request, its lateness and duration and the bytes it
//     moved, to that of its intended start, however late it began or ended;
//   - every other request to that in which the script sent it; a group or a call to that in which it began;
//   - a check and a value of the script's own metrics to that in which it was made.
//
// Batches wait a moment (hold) before they are counted, so that the mark of a phase that began just now cuts them at the
// right place.
//
// The series, and by which tags they are kept apart, are those of baseTags and those that SLOs and thresholds with a
// selector name. Values are kept to 0.1 %; where the time of a request or an iteration went (http_req_blocked, connecting,
// tls_handshaking, sending, waiting, receiving, iteration_duration, group_duration, lateness) to 3 %, unless an SLO or a
// threshold on the metric was known before the load.
//
// Nothing grows with time. Series are bounded (maxSeries: texts that a script makes up are then kept together as "other",
// with a warning), open frames (maxOpen), marks (maxMarks), what waits to be counted (maxWaiting), the texts of exceptions
// (textExceptions), and the values kept for thresholds that can abort the load (exactValues).
package output
