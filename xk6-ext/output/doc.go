// Package output gathers what a k6 run measures into the frames of a recording and sends them to the brunt that drives it.
//
// Samples are kept as histograms and counts per series and second, so that memory does not grow with the load. Every sample
// of an iteration on brunt-arrival belongs to the second of the iteration's intended start; every other request belongs to
// the second in which it was sent. Seconds count from t = 0 and are cut where a phase begins.
//
// Batches wait a moment (hold) before they are counted, so that the mark of a phase that began just now cuts them at the
// right place.
package output
