package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"go.yaml.in/yaml/v3"
)

// FileName is the experiment's file in its folder.
const FileName = "experiment.yaml"

// largestFile is the most that an experiment file may hold, in bytes.
const largestFile = 1 << 20

// Options are what stands above the file: a flag is stronger than a BRUNT_* variable, which is stronger than the file. The
// zero value changes nothing and checks no ${env.NAME}.
type Options struct {
	Dir string // relative names are relative to it; empty: the working directory

	// Set are the values of --set: path=value, such as load.rate=50/s, services.api.env.LOG=debug,
	// faults.redis-slow.latency=300ms or slos.0=p95(latency) < 1s. A path that names nothing is a problem. target names
	// the service that load enters, whatever it is called.
	Set []string
	// Env are the values of -e: further variables of load.env.
	Env map[string]string

	// Alternative is one that the file declares below expect: what it sets is set, below all that stands above the file but
	// BRUNT_VARIANT, which it does without. Together with Variant it makes no sense.
	Alternative string

	Variant  string        // --variant, else BRUNT_VARIANT: of every service that is a reference target
	Shape    string        // --shape, else BRUNT_SHAPE
	Rate     string        // --rate, else BRUNT_RATE: such as 100/s
	Duration time.Duration // --duration, else BRUNT_DURATION
	// TimeScale is --time-scale, else BRUNT_TIME_SCALE: the experiment is returned Scaled by it. 0 is none.
	TimeScale float64

	// Lookup reads the environment, for BRUNT_* and ${env.NAME}.
	Lookup func(name string) (string, bool)

	// Scenarios holds the experiments that come with brunt: restapi/experiment.yaml and so on. They are looked up when
	// there is no such file, and written to Unpack, because k6 reads scripts from a disk.
	Scenarios fs.FS
	Unpack    string

	asWritten bool // nothing stands above the file
}

// Read reads an experiment: a file, a folder with an experiment.yaml, or the name of one that comes with brunt. Its error
// is Problems: everything that is wrong, at once.
func Read(name string, opts Options) (Experiment, error) {
	found, err := locate(name, opts)
	if err != nil {
		return Experiment{}, err
	}
	return interpret(found, opts)
}

// located is an experiment that was found.
type located struct {
	file string // as it was given
	dir  string // absolute
	text []byte
}

// interpret turns the text of a file into an experiment.
func interpret(found located, opts Options) (Experiment, error) {
	e, problems := understand(found, opts)
	problems = append(problems, unsoundAlternatives(found, opts)...)
	if len(problems) > 0 {
		return Experiment{}, problems.sorted()
	}
	return e, nil
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, origins: map[*yaml.Node]string{}, blamed: map[*yaml.Node]bool{}}
}

// understand reads the text of a file under one set of options.
func understand(found located, opts Options) (Experiment, Problems) {
	d := newDecoder(found.file)
	root := d.parse(found.text)
	if root == nil {
		return Experiment{}, d.problems
	}
	named := namedShape(root)
	scale := d.override(root, opts)
	var raw rawFile
	d.into(&raw, root, "")
	c := &checker{decoder: d, raw: &raw, dir: found.dir, lookup: opts.Lookup, scale: scale}
	c.exp = Experiment{Dir: found.dir, File: found.file, Source: found.text, Alternative: opts.Alternative}
	c.check()
	c.exp.Load.Named = named
	if len(d.problems) > 0 {
		return Experiment{}, d.problems
	}
	return c.exp.Scaled(scale), nil
}

// namedShape is the shape that a file names.
func namedShape(root *yaml.Node) string {
	load := child(root, "load")
	if load == nil || load.Kind != yaml.MappingNode {
		return ""
	}
	if shape := child(load, "shape"); shape != nil {
		return shape.Value
	}
	return ""
}

// parse returns the mapping that the file is, or nil.
func (d *decoder) parse(text []byte) *yaml.Node {
	fail := func(line int, problem, hint string) *yaml.Node {
		d.problems = append(d.problems, Problem{File: d.file, Line: max(line, 1), Text: problem, Hint: hint})
		return nil
	}
	if len(text) > largestFile {
		return fail(1, fmt.Sprintf("the file has %d bytes", len(text)), "an experiment is at most 1 MiB")
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	err := documents.Decode(&document)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		return fail(1, "the file is empty", "brunt schema prints what it may hold")
	case err != nil:
		return fail(yamlLine(err), "this is not YAML: "+yamlText(err), yamlHint(err))
	}
	root := document.Content[0]
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return fail(max(second.Line, yamlLine(err)), "a second document begins", "one file holds one experiment")
	}
	if root.Kind != yaml.MappingNode {
		return fail(root.Line, "the file is "+kindName(root)+" but should be a mapping", "brunt schema prints what it may hold")
	}
	return root
}

func yamlLine(err error) int {
	if err == nil {
		return 0
	}
	form := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error())
	if form == nil {
		return 0
	}
	line, _ := strconv.Atoi(form[1]) // digits
	return line
}

func yamlText(err error) string {
	return regexp.MustCompile(`^yaml: (line \d+: )?`).ReplaceAllString(err.Error(), "")
}

func yamlHint(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "cannot start any token"), strings.Contains(text, "tab character"):
		return "YAML is indented by spaces, and texts that begin with @, ` or % are quoted"
	case strings.Contains(text, "mapping values are not allowed"):
		return "a text that holds `: ` is quoted"
	}
	return ""
}

// locate finds the file that name means and reads it.
func locate(name string, opts Options) (located, error) {
	file, full := name, name
	if !filepath.IsAbs(name) {
		full = filepath.Join(opts.Dir, name)
	}
	if info, err := os.Stat(full); err == nil && info.IsDir() {
		file, full = filepath.Join(name, FileName), filepath.Join(full, FileName)
	}
	text, err := os.ReadFile(full)
	if errors.Is(err, fs.ErrNotExist) {
		if found, ok, err := fromScenarios(name, opts); ok || err != nil {
			return found, err
		}
	}
	if err != nil {
		return located{}, notFound(name, err, opts)
	}
	dir, err := filepath.Abs(filepath.Dir(full))
	if err != nil {
		return located{}, fmt.Errorf("find the folder of %s: %w", name, err)
	}
	return located{file: file, dir: dir, text: text}, nil
}

func notFound(name string, err error, opts Options) Problems {
	p := Problem{File: name, Text: "there is no such experiment"}
	if !errors.Is(err, fs.ErrNotExist) {
		p.Text = err.Error()
	}
	if there := Names(opts.Scenarios); len(there) > 0 {
		p.Hint = suggest(name, there)
	}
	return Problems{p}
}

// Names lists the experiments that come with brunt, as they are given to Read.
func Names(scenarios fs.FS) []string {
	if scenarios == nil {
		return nil
	}
	files, _ := fs.Glob(scenarios, "*/"+FileName) // the pattern is well-formed
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = "scenarios/" + path.Dir(f)
	}
	return names
}

// fromScenarios looks for an experiment that comes with brunt and unpacks them all: scripts import each other's modules.
func fromScenarios(name string, opts Options) (found located, ok bool, err error) {
	if opts.Scenarios == nil {
		return located{}, false, nil
	}
	short := strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "scenarios/")
	text, err := fs.ReadFile(opts.Scenarios, path.Join(short, FileName))
	if err != nil {
		return located{}, false, nil // not one of them
	}
	if opts.Unpack == "" {
		return located{}, false, errors.New("no folder to unpack the scenarios to")
	}
	root, err := filepath.Abs(opts.Unpack)
	if err != nil {
		return located{}, false, fmt.Errorf("unpack the scenarios: %w", err)
	}
	if err := unpack(opts.Scenarios, root); err != nil {
		return located{}, false, fmt.Errorf("unpack the scenarios: %w", err)
	}
	return located{file: path.Join("scenarios", short, FileName), dir: filepath.Join(root, filepath.FromSlash(short)), text: text}, true, nil
}

// unpack writes the files of from below root. Unlike os.CopyFS it replaces those that are there, each in one step: a k6 of
// another run may be reading them.
func unpack(from fs.FS, root string) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(root, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if there, err := os.ReadFile(to); err == nil && bytes.Equal(there, text) {
			return nil
		}
		return renameio.WriteFile(to, text, 0o644)
	})
}

// Scaled returns the experiment with its times multiplied by f: duration, warmup, settle, and at, for, ramp and
// every of faults. Strengths, bounds and rates stay. ${scaled:60s} is resolved by TimeScale when the topology starts. f is
// more than 0.
func (e Experiment) Scaled(f float64) Experiment {
	if !(f > 0) || math.IsInf(f, 0) {
		f = 1
	}
	scaled := func(d time.Duration) time.Duration {
		return time.Duration(math.Round(float64(d)*f/float64(time.Millisecond))) * time.Millisecond
	}
	e.TimeScale *= f
	if f == 1 {
		return e
	}
	e.Load.Duration, e.Warmup, e.Settle = scaled(e.Load.Duration), scaled(e.Warmup), scaled(e.Settle)
	if e.Load.Step > 0 {
		e.Load.Step = max(shortestStep, scaled(e.Load.Step))
	}
	e.Load.Env = maps.Clone(e.Load.Env)
	e.Faults = slices.Clone(e.Faults)
	for i := range e.Faults {
		e.Faults[i].At, e.Faults[i].For = scaled(e.Faults[i].At), scaled(e.Faults[i].For)
		if f := &e.Faults[i]; f.HoldScaled {
			f.Hold = f.For
		} else if f.Hold > 0 {
			f.For = f.Hold
		}
		e.Faults[i].Ramp = min(scaled(e.Faults[i].Ramp), e.Faults[i].For)
	}
	e.Ledgers = slices.Clone(e.Ledgers)
	for i := range e.Ledgers {
		e.Ledgers[i].Settle = scaled(e.Ledgers[i].Settle)
	}
	return e
}
