package experiment

import "regexp"

func versionForm() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`) }

func (c *checker) dependencies() {
	for _, e := range c.raw.Dependencies.entries {
		c.dependency(e.name.value, "dependencies."+e.name.value, e.value)
	}
}

func (c *checker) dependency(name, path string, raw rawDependency) {
	d := Dependency{
		Name: name, Kind: raw.Kind.value, Version: raw.Version.value, Image: raw.Image.value, Port: raw.Port.value,
		Ready: c.ready(raw.Ready, path+".ready"), Env: c.env(raw.Env, path+".env"), Args: raw.Args.value,
		Line: raw.line(),
	}
	if raw.Args.whole && raw.Args.value[0] != "" {
		c.problem(raw.Args.place, path+".args is one text", "write its words as a list: [-c, max_connections=200]")
	}
	switch {
	case raw.Kind.given():
		c.refuse(path, "for a known kind, which has its own", sourceOf("port", raw.Port.place), sourceOf("ready", raw.Ready.place))
	case raw.Image.given():
		d.Kind = kindImage
		if !raw.Port.given() {
			c.problem(raw.place, path+".port is missing", "give the port that the image listens on")
		}
	default:
		c.problem(raw.place, path+" has neither kind nor image", "give kind: postgres, kind: redis, or image: and port:")
	}
	switch {
	case raw.Port.value > mostPort:
		c.problem(raw.Port.place, path+".port: "+itoa(raw.Port.value)+" is not a port", "ports are 1 to 65535")
	case raw.Version.given() && raw.Image.given():
		c.problem(raw.Version.place, path+" has both image and version", "the version of an image is its tag")
	case raw.Version.value != "" && !versionForm().MatchString(raw.Version.value):
		c.problem(raw.Version.place, path+".version: "+quote(raw.Version.value)+" is not a version", `write one such as "17" or "7.2"`)
	}
	if raw.Image.given() && raw.Image.value == "" {
		c.problem(raw.Image.place, path+".image is empty", "")
	}
	c.exp.Dependencies = append(c.exp.Dependencies, d)
}

func (c *checker) setup() {
	for i, raw := range c.raw.Setup.items {
		c.step("setup."+itoa(i), raw)
	}
}

func (c *checker) step(path string, raw rawStep) {
	s := SetupStep{Dataset: raw.Dataset.value, On: raw.On.value, Rows: raw.Rows.value, Line: raw.line()}
	switch c.exactlyOne(raw.place, path, sourceOf("sql", raw.SQL.place), sourceOf("dataset", raw.Dataset.place)) {
	case "sql":
		s.SQL = c.file(raw.SQL, path+".sql")
		c.refuse(path, "without dataset", sourceOf("rows", raw.Rows.place))
	case "dataset":
		if !raw.Rows.given() {
			c.problem(raw.place, path+".rows is missing", "say how many rows of the data set")
		}
	}
	c.exp.Setup = append(c.exp.Setup, s)
	databases := c.named(func(n node) bool { return n.kind == kindPostgres })
	switch on, known := c.node(raw.On.value); {
	case !raw.On.given():
		c.problem(raw.place, path+".on is missing", suggest("", databases))
	case !known:
		c.problem(raw.On.place, path+".on: no dependency is named "+raw.On.value, suggest(raw.On.value, databases))
	case on.kind != kindPostgres:
		c.problem(raw.On.place, path+".on: "+raw.On.value+" is not a postgres", suggest("", databases))
	}
}
