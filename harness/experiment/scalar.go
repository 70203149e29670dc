package experiment

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

func itoa(n int) string { return strconv.Itoa(n) }

// word returns the text of a scalar node; anything else is a problem.
func (d *decoder) word(n *yaml.Node, path string) (string, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.problem(place{n}, path+" has no value", "an empty text is written \"\"")
		return "", false
	case n.Kind != yaml.ScalarNode:
		d.problem(place{n}, path+" is "+kindName(n)+" but should be a single value", wordHint(n))
		return "", false
	case strings.ContainsRune(n.Value, 0):
		d.problem(place{n}, path+" holds a NUL", "")
		return "", false
	}
	return n.Value, true
}

// wordHint knows the commonest way to get a mapping where a text was meant: {a: b} without quotes.
func wordHint(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "put the value into quotes"
	}
	return ""
}

// scan reads a scalar by parse and reports what parse finds.
func scan[T any](d *decoder, n *yaml.Node, path string, parse func(string) (T, error)) (value T, ok bool) {
	s, ok := d.word(n, path)
	if !ok {
		return value, false
	}
	value, err := parse(strings.TrimSpace(s))
	var bad *valueError
	if errors.As(err, &bad) {
		d.problem(place{n}, path+": "+bad.problem, bad.hint)
		return value, false
	}
	return value, true
}

// text is any single value, as it is written.
type text struct {
	place
	value string
}

func (t *text) decode(d *decoder, n *yaml.Node, path string) {
	if s, ok := d.word(n, path); ok {
		t.put(n)
		t.value = s
	}
}

// duration is a span of time.
type duration struct {
	place
	value time.Duration
}

func (v *duration) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, parseDuration)
}

// scalable is a span of time, or ${scaled:60s}: one that the time scale shrinks where it leaves others of its kind as they are.
type scalable struct {
	duration
	scaled bool
}

func (v *scalable) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, func(s string) (time.Duration, error) {
		if inside, ok := strings.CutPrefix(s, "${scaled:"); ok && strings.HasSuffix(inside, "}") {
			s, v.scaled = strings.TrimSuffix(inside, "}"), true
		}
		return parseDuration(s)
	})
}

// moment is a span of time from t = 0, or whenever the script says.
type moment struct {
	duration
	scripted bool
}

func (v *moment) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	if v.scripted = n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == "script"; !v.scripted {
		v.duration.decode(d, n, path)
	}
}

// rate is iterations per second.
type rate struct {
	place
	value float64
}

func (v *rate) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, parseRate)
}

// size is bytes.
type size struct {
	place
	value int64
}

func (v *size) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, parseSize)
}

// throughput is bytes per second.
type throughput struct {
	place
	value int64
}

func (v *throughput) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, parseThroughput)
}

// integer is a whole number, 1 or more.
type integer struct {
	place
	value int
}

func (v *integer) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, func(s string) (int, error) {
		i, err := strconv.Atoi(strings.ReplaceAll(s, "_", ""))
		if err != nil || i < 1 || i > 1<<40 {
			return 0, wrong(quote(s)+" is not a whole number of 1 or more", "")
		}
		return i, nil
	})
}

// cores is a number of processors, more than 0.
type cores struct {
	place
	value float64
}

func (v *cores) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f > 0) || f > 4096 {
			return 0, wrong(quote(s)+" is not a number of processors", "write one such as 1 or 0.5")
		}
		return f, nil
	})
}

// share is a part of a whole, above 0 and at most 1.
type share struct {
	place
	value float64
}

func (v *share) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	v.value, _ = scan(d, n, path, func(s string) (float64, error) {
		percent, ok := strings.CutSuffix(s, "%")
		f, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if !ok || err != nil || !(f > 0 && f <= 100) {
			return 0, wrong(quote(s)+" is not a share above 0% and at most 100%", "write one such as 5%")
		}
		return f / 100, nil
	})
}

// increase is by how much more something may be: a part of what it was, or so many more. One of the two is 0.
type increase struct {
	place
	share, more float64
}

func (v *increase) decode(d *decoder, n *yaml.Node, path string) {
	v.put(n)
	number, percent := 0.0, false
	number, _ = scan(d, n, path, func(s string) (float64, error) {
		var text string
		text, percent = strings.CutSuffix(s, "%")
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(f > 0) || math.IsInf(f, 0) {
			return 0, wrong(quote(s)+" is not an increase", "write one such as 10%, or 1 for one more per request")
		}
		return f, nil
	})
	if percent {
		v.share = number / 100
		return
	}
	v.more = number
}

// words is a command as a list, or a statement as one text.
type words struct {
	place
	value []string
	whole bool // written as one text
}

func (w *words) decode(d *decoder, n *yaml.Node, path string) {
	w.put(n)
	if n.Kind != yaml.SequenceNode {
		if s, ok := d.word(n, path); ok {
			w.value, w.whole = []string{s}, true
		}
		return
	}
	for i, item := range n.Content {
		var t text
		d.into(&t, item, join(path, itoa(i)))
		w.value = append(w.value, t.value)
	}
	if len(n.Content) == 0 {
		d.problem(place{n}, path+" is empty", "")
	}
}

// truth is true or false.
type truth struct {
	place
	value bool
}

func (f *truth) decode(d *decoder, n *yaml.Node, path string) {
	f.put(n)
	f.value, _ = scan(d, n, path, func(s string) (bool, error) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return false, wrong(quote(s)+" is not true or false", "")
		}
		return b, nil
	})
}
