package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// configured are runs that asked the same in the same way, newest first.
type configured struct {
	runs   []results.Run
	fields []configField
	hosts  string // fingerprints of their machines
	named  string // the same for people
	seeds  string
}

// configField is one part of how a run was made.
type configField struct {
	name, value string
	effect      results.DifferenceEffect // of a difference in it
}

// configurations are the complete runs of a kind in which the build was measured, by configuration, the newest first. Seeds and
// machines do not tell configurations apart: a seed is one of the things that chance varies.
func configurations(side Stored, kind string) []configured {
	runs := slices.DeleteFunc(slices.Clone(side.Runs), func(r results.Run) bool {
		measured := func(t results.Trial) bool {
			return t.Status == results.StatusComplete && side.is(r, t.Build)
		}
		return kindOf(r) != kind || r.Status != results.StatusComplete || !slices.ContainsFunc(r.Trials, measured)
	})
	slices.SortStableFunc(runs, func(a, b results.Run) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID)) })
	var all []configured
	for _, r := range runs {
		fields := configOf(r)
		i := slices.IndexFunc(all, func(c configured) bool { return slices.Equal(c.fields, fields) })
		if i < 0 {
			i = len(all)
			all = append(all, configured{fields: fields})
		}
		all[i].runs = append(all[i].runs, r)
	}
	for i := range all {
		hosts, named, seeds := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, r := range all[i].runs {
			hosts[r.Host.Fingerprint], named[hostText(r.Host)], seeds[strconv.FormatInt(r.Seed, 10)] = true, true, true
		}
		all[i].hosts = strings.Join(slices.Sorted(maps.Keys(hosts)), " ")
		all[i].named = strings.Join(slices.Sorted(maps.Keys(named)), "; ")
		all[i].seeds = strings.Join(slices.Sorted(maps.Keys(seeds)), ", ")
	}
	return all
}

// hostText names a machine by what tells it apart.
func hostText(h results.Host) string {
	parts := []string{h.Name, h.CPU}
	if h.Cores > 0 {
		parts = append(parts, plural(int64(h.Cores), "core"))
	}
	parts = slices.DeleteFunc(append(parts, h.Fingerprint[:min(len(h.Fingerprint), 8)]), func(p string) bool { return p == "" })
	return strings.Join(parts, ", ")
}

// configOf is how a run was made, in the order in which differences are told.
func configOf(r results.Run) []configField {
	fields := []configField{
		{"provider", r.Provider, results.EffectLarge},
		{"time scale", strconv.FormatFloat(r.TimeScale, 'g', -1, 64), results.EffectUnclear},
		{"generator", r.Question.Generator, results.EffectUnclear},
		{"flags", strings.Join(overrides(r.Command), " "), results.EffectUnclear},
	}
	if g := r.Question.Gate; g != nil {
		how := fmt.Sprintf("%s, %s of each build in a pair", g.Mode, seconds(g.Measured))
		fields = append(fields, configField{"gate", how, results.EffectUnclear})
	}
	for _, t := range r.Trials[:min(1, len(r.Trials))] {
		fields = append(fields, configField{"latency from the intended start", strconv.FormatBool(t.OpenModel), results.EffectUnclear})
		for _, n := range t.Nodes {
			if n.Role == "dependency" {
				fields = append(fields, configField{"dependency " + n.Name, strings.TrimSpace(n.Kind + " " + n.Version), results.EffectLarge})
			}
		}
	}
	if r.Question.Source == "" { // a bare script, of which the thresholds are all that is kept
		return append(fields, configField{"thresholds", sloTexts(r.Question.SLOs), results.EffectAsked})
	}
	return append(fields, sections(r.Question.Source)...)
}

func sloTexts(slos []results.SLO) string {
	var texts []string
	for _, s := range slos {
		texts = append(texts, s.Text)
	}
	slices.Sort(texts)
	return strings.Join(texts, "; ")
}

// sections are the top-level keys of an experiment file with what stands below them, comments and blank lines apart, sorted.
func sections(source string) []configField {
	found := map[string][]string{}
	key := ""
	for line := range strings.Lines(source) {
		line = strings.TrimRight(line, " \t\r\n")
		if i := strings.Index(line, " #"); i >= 0 && !strings.ContainsAny(line, `"'`) {
			line = strings.TrimRight(line[:i], " \t")
		}
		if text := strings.TrimSpace(line); text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.ContainsAny(name, " -{[\"'") {
			key = name
		}
		found[key] = append(found[key], line)
	}
	var all []configField
	for _, name := range slices.Sorted(maps.Keys(found)) {
		f := configField{"experiment, " + name, strings.Join(found[name], "\n"), results.EffectUnclear}
		switch name {
		case "name", "description", "expect", "accept":
			f.effect = results.EffectNone
		case "slos":
			f.effect = results.EffectAsked
		}
		all = append(all, f)
	}
	return all
}

// overrides are the flags of a run that change what is asked, as they were given, without those that say where results go.
func overrides(command []string) (kept []string) {
	asking := []string{"--shape", "--rate", "--duration", "--set", "--env", "-e"}
	for i := 0; i < len(command); i++ {
		arg := command[i]
		if arg == "--" { // what follows is k6's
			return append(kept, command[i:]...)
		}
		name, _, whole := strings.Cut(arg, "=")
		switch {
		case slices.Contains(asking, name) && whole:
			kept = append(kept, arg)
		case slices.Contains(asking, arg) && i+1 < len(command):
			kept = append(kept, arg+"="+command[i+1])
			i++
		case strings.HasPrefix(arg, "-e") && len(arg) > 2:
			kept = append(kept, "-e="+arg[2:])
		}
	}
	return kept
}

// differences are what two configurations do not have in common, those with the greatest effect first.
func differences(baseline, candidate configured) (all []results.Difference) {
	var names []string
	values := [2]map[string]configField{{}, {}}
	for s, c := range []configured{baseline, candidate} {
		for _, f := range c.fields {
			values[s][f.name] = f
			if !slices.Contains(names, f.name) {
				names = append(names, f.name)
			}
		}
	}
	for _, name := range names {
		a, b := values[0][name], values[1][name]
		if a.value == b.value {
			continue
		}
		effect := cmp.Or(a.effect, b.effect)
		left, right := firstDifferent(a.value, b.value)
		all = append(all, results.Difference{Field: name, Baseline: left, Candidate: right, Effect: effect})
	}
	if baseline.hosts != candidate.hosts {
		all = append(all, results.Difference{Field: "host", Baseline: baseline.named, Candidate: candidate.named, Effect: results.EffectLarge})
	}
	if baseline.seeds != candidate.seeds {
		all = append(all, results.Difference{Field: "seed", Baseline: baseline.seeds, Candidate: candidate.seeds, Effect: results.EffectNone})
	}
	for tool, pair := range toolVersions(baseline.runs[0].Host.Tools, candidate.runs[0].Host.Tools) {
		all = append(all, results.Difference{Field: "version of " + tool, Baseline: pair[0], Candidate: pair[1], Effect: results.EffectNone})
	}
	slices.SortStableFunc(all, func(a, b results.Difference) int {
		return cmp.Or(cmp.Compare(weightOf(b.Effect), weightOf(a.Effect)), cmp.Compare(a.Field, b.Field))
	})
	return all
}

// toolVersions are those that differ.
func toolVersions(a, b map[string]string) map[string][2]string {
	found := map[string][2]string{}
	for _, tools := range []map[string]string{a, b} {
		for name := range tools {
			if a[name] != b[name] {
				found[name] = [2]string{a[name], b[name]}
			}
		}
	}
	return found
}

// firstDifferent shortens two texts of several lines to the first line by which they differ, and how many do.
func firstDifferent(a, b string) (string, string) {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(left) == 1 && len(right) == 1 {
		return a, b
	}
	without := func(lines, other []string) string {
		only := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(other, l) })
		switch len(only) {
		case 0:
			return ""
		case 1:
			return strings.TrimSpace(only[0])
		}
		return fmt.Sprintf("%s (and %s)", strings.TrimSpace(only[0]), plural(int64(len(only)-1), "more line"))
	}
	if first, second := without(left, right), without(right, left); first != second {
		return first, second
	}
	return "the same lines", "in another order"
}

// weightOf orders effects.
func weightOf(e results.DifferenceEffect) int {
	return slices.Index([]results.DifferenceEffect{results.EffectNone, results.EffectAsked, results.EffectLarge, results.EffectUnclear}, e)
}

// weight is how far apart differences set two configurations.
func weight(all []results.Difference) (sum int) {
	for _, d := range all {
		sum += []int{0, 1, 100, 10_000}[max(0, weightOf(d.Effect))]
	}
	return sum
}
