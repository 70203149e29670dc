// Package scenarios holds the experiments that come with brunt: one folder each, with its experiment.yaml and script.js.
package scenarios

import "embed"

// Files are the folders of the experiments, by name: restapi/experiment.yaml and so on. It is never written to.
//
//go:embed cache jsonb leak missingindex nplusone ratelimit restapi timeouts webhooks
var Files embed.FS
