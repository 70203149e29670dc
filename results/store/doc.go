// Package store keeps runs: the record of each in an SQL database, and the files that belong to it in a folder of its own
// beside the database.
//
// What it decides for its users:
//
//   - A run is one row of narrow columns (for lists and look-ups) and one JSON document (the whole results.Run, trials
//     included). Both are written in one transaction, so saving after each trial is atomic: a reader sees the run as it was
//     before the trial or as it is after it, never a mixture, and earlier runs are not touched.
//   - What Save has acknowledged survives a SIGKILL of the process and the loss of power: the database is in WAL mode with
//     synchronous=FULL. NORMAL would survive the SIGKILL too, but could lose the last commits with the machine; a run commits
//     a handful of times, minutes apart, so the extra fsync costs nothing that could be noticed.
//   - The schema is made by numbered migrations that are never edited. A store written by a newer brunt is refused with
//     ErrNewerSchema, a file of something else with ErrNotADatabase; neither is changed.
//   - Lists never read the documents, and calibrations are found by host and experiment without them.
package store
