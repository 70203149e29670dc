package experiment

import (
	"net/url"
	"path/filepath"
	"strings"
)

const (
	referencePort = 8080
	mostPort      = 65535
)

func (c *checker) services() {
	if c.raw.Target.given() && c.raw.Services.given() {
		c.problem(c.raw.Target.place, "the file has both target and services", "target is short for one service: move it below services")
	}
	if c.raw.Target.given() {
		c.service("target", "target", c.raw.Target)
	}
	for _, e := range c.raw.Services.entries {
		c.service(e.name.value, "services."+e.name.value, e.value)
	}
	if len(c.exp.Services) == 0 {
		p := c.raw.place
		if c.raw.Services.given() {
			p = c.raw.Services.place
		}
		c.problem(p, "no service is given", "what is measured stands below services, or as target when there is one")
	}
}

func (c *checker) service(name, path string, raw rawService) {
	s := Service{
		Name: name, Reference: raw.Reference.value, Variant: raw.Variant.value, Image: raw.Image.value,
		URL: raw.URL.value, Port: raw.Port.value, Metrics: raw.Metrics.value, Pprof: raw.Pprof.value,
		Env:       c.env(raw.Env, path+".env"),
		Resources: Resources{CPUs: raw.Resources.CPUs.value, Memory: raw.Resources.Memory.value},
		Ready:     c.ready(raw.Ready, path+".ready"),
		Line:      raw.line(),
	}
	source := c.exactlyOne(raw.place, path,
		source{"reference", raw.Reference.place}, source{"image", raw.Image.place}, source{"build", raw.Build.place},
		source{"command", raw.Command.place}, source{"url", raw.URL.place})
	switch source {
	case "reference":
		c.reference(&s)
	case "build":
		s.Build = c.build(raw.Build, path+".build")
	case "command":
		s.Command = c.command(raw.Command, path+".command")
	case "url":
		c.url(raw, path)
		if !raw.Ready.Timeout.given() {
			s.Ready.Timeout = defaultReach
		}
	}
	if source != "reference" {
		c.refuse(path, "without reference", sourceOf("variant", raw.Variant.place))
	}
	c.port(raw, source, path)
	c.replicas(raw, path)
	for _, p := range []struct {
		key  string
		text text
	}{{"metrics", raw.Metrics}, {"pprof", raw.Pprof}, {"ready.http", raw.Ready.HTTP}} {
		if p.text.value != "" && !strings.HasPrefix(p.text.value, "/") {
			c.problem(p.text.place, path+"."+p.key+": "+quote(p.text.value)+" is not a path", "paths begin with /")
		}
	}
	c.addService(s)
}

func sourceOf(key string, p place) source { return source{key, p} }

func (c *checker) reference(s *Service) {
	if s.Variant == "" {
		s.Variant = "fixed"
	}
	if s.Port == 0 {
		s.Port = referencePort
	}
}

func (c *checker) port(raw rawService, source, path string) {
	switch {
	case raw.Port.value > mostPort:
		c.problem(raw.Port.place, path+".port: "+itoa(raw.Port.value)+" is not a port", "ports are 1 to 65535")
	case !raw.Port.given() && (source == "image" || source == "build" || source == "command"):
		c.problem(raw.place, path+".port is missing", "give the port that the service listens on")
	}
}

func (c *checker) build(raw rawBuild, path string) *BuildRecipe {
	recipe := &BuildRecipe{Dockerfile: raw.Dockerfile.value}
	if recipe.Dockerfile == "" {
		recipe.Dockerfile = "Dockerfile"
	}
	if raw.Context.value == "" {
		c.problem(raw.place, path+".context is missing", "give the folder to build from, such as .")
		return recipe
	}
	if recipe.Context = c.folder(raw.Context, path+".context"); c.reported(raw.Context.place) {
		return recipe
	}
	at := raw.Dockerfile
	if !at.given() {
		at.place = raw.Context.place
	}
	at.value = filepath.Join(recipe.Context, recipe.Dockerfile)
	c.file(at, path+".dockerfile")
	return recipe
}

// command checks a program and its arguments. A path is made absolute; a bare name is for PATH.
func (c *checker) command(raw words, path string) []string {
	if len(raw.value) == 0 || raw.value[0] == "" {
		return nil
	}
	if raw.whole && strings.ContainsAny(raw.value[0], " \t") {
		c.problem(raw.place, path+" is one text", "write its words as a list: ["+strings.Join(strings.Fields(raw.value[0]), ", ")+"]")
		return nil
	}
	command := append([]string(nil), raw.value...)
	if strings.ContainsRune(command[0], '/') && !strings.Contains(command[0], "${") {
		command[0] = c.file(text{place: raw.place, value: command[0]}, path)
	}
	return command
}

// url checks the address of a service that already runs, which brunt neither starts nor limits.
func (c *checker) url(raw rawService, path string) {
	u, err := url.Parse(raw.URL.value)
	if raw.URL.value != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		c.problem(raw.URL.place, path+".url: "+quote(raw.URL.value)+" is not a URL", "write one such as http://127.0.0.1:8080")
	}
	c.refuse(path, "beside url, because the service already runs", sourceOf("port", raw.Port.place), sourceOf("env", raw.Env.place),
		sourceOf("resources", raw.Resources.place), sourceOf("ready.log", raw.Ready.Log.place), sourceOf("ready.command", raw.Ready.Command.place))
}

func (c *checker) ready(raw rawReady, path string) Ready {
	r := Ready{
		HTTP: raw.HTTP.value, TCP: raw.TCP.value, Log: raw.Log.value, Command: raw.Command.value, Timeout: defaultReady,
	}
	if raw.Timeout.given() {
		r.Timeout = raw.Timeout.value
		if r.Timeout == 0 {
			c.problem(raw.Timeout.place, path+".timeout is 0", "write one such as 60s")
		}
	}
	there := given(sourceOf("http", raw.HTTP.place), sourceOf("tcp", raw.TCP.place), sourceOf("log", raw.Log.place), sourceOf("command", raw.Command.place))
	if len(there) > 1 {
		c.problem(there[1].place, path+" has both "+there[0].key+" and "+there[1].key, "give one of them")
	}
	return r
}
