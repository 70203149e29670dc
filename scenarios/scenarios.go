// Package scenarios holds the experiments that come with brunt: one folder each, with its experiment.yaml and script.js.
package scenarios

import "embed"

// Files are the folders of the experiments, by name: restapi/experiment.yaml and so on. It is never written to. An experiment that
// needs a file of another kind adds its suffix here.
//
//go:embed */*.yaml */*.js */*.sql
var Files embed.FS
