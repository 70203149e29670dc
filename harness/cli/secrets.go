package cli

import (
	"regexp"
	"strings"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
)

// learnSecrets tells the redactor every secret of an experiment that is known before its topology stands, and hence
// before the first record of the run is written.
func (a *app) learnSecrets(e experiment.Experiment) {
	a.redactor.AddVariables(a.resolved(e.Load.Env))
	a.redactor.AddVariables(a.resolved(headerSecrets(e)))
	for _, s := range e.Services {
		a.redactor.AddVariables(a.resolved(s.Env))
	}
	for _, d := range e.Dependencies {
		env := a.resolved(d.Env)
		a.redactor.AddVariables(env)
		if server, ok := dependency.Known(d.Kind); ok {
			a.learnPassword(server.Params(env, d.Args)[dependency.ParamPassword])
		}
	}
}

// learnPassword tells the redactor a password unless it is a plain word, such as postgres: hiding that everywhere would
// destroy the record. In a URL it is hidden all the same.
func (a *app) learnPassword(password string) {
	a.redactor.AddVariables(map[string]string{"PASSWORD": password})
}

var environmentReference = regexp.MustCompile(`\$\{env\.([^{}]+)\}`)

// resolved replaces ${env.NAME}, so that API_TOKEN: "${env.CRED}" makes the value of CRED a secret whatever its name is.
func (a *app) resolved(env map[string]string) map[string]string {
	values := map[string]string{}
	for name, value := range env {
		values[name] = environmentReference.ReplaceAllStringFunc(value, func(reference string) string {
			if found, ok := a.lookup(environmentReference.FindStringSubmatch(reference)[1]); ok {
				return found
			}
			return reference
		})
	}
	return values
}

// k6Variables are the variables among the flags that a bare script is run with: -e NAME=VALUE, --env NAME=VALUE.
func k6Variables(flags []string) map[string]string {
	env := map[string]string{}
	for i, flag := range flags {
		pair, ok := strings.CutPrefix(flag, "--env=")
		if !ok && (flag == "-e" || flag == "--env") && i+1 < len(flags) {
			pair, ok = flags[i+1], true
		}
		if !ok && strings.HasPrefix(flag, "-e") {
			pair, ok = strings.TrimPrefix(strings.TrimPrefix(flag, "-e"), "="), true
		}
		if name, value, found := strings.Cut(pair, "="); ok && found {
			env[name] = value
		}
	}
	return env
}

// k6Secrets are the secrets that the flags of a bare run tell k6's own source of them: --secret-source=mock=NAME=VALUE,….
// Other sources name a file or a server.
func k6Secrets(flags []string) []string {
	var secrets []string
	for i, flag := range flags {
		source, ok := strings.CutPrefix(flag, "--secret-source=")
		if !ok && flag == "--secret-source" && i+1 < len(flags) {
			source = flags[i+1]
		}
		pairs, ok := strings.CutPrefix(source, "mock=")
		for _, pair := range strings.Split(pairs, ",") {
			if _, value, found := strings.Cut(pair, "="); ok && found && value != "" {
				secrets = append(secrets, value)
			}
		}
	}
	return secrets
}
