package load

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

// TestMain lets the test binary stand in for brunt: called as `<binary> __k6 …` it is the k6 child, and as
// `<binary> __parent …` a brunt that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == parentCommand {
		parent(os.Args[2], os.Args[3], os.Args[4])
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == command {
		Main(os.Args[2:])
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// write writes a script and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve starts a target on loopback and returns its URL.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// run runs a load to its end.
func run(t *testing.T, o Options) (results.Fitness, error, *record) {
	t.Helper()
	p := start(t, o)
	fitness, err := p.Wait()
	return fitness, err, read(t, p)
}

func start(t *testing.T, o Options) *Process {
	t.Helper()
	dir := t.TempDir()
	o.Exe = os.Args[0]
	o.Recording, o.LogPath = filepath.Join(dir, "recording"), filepath.Join(dir, "k6.log")
	p, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		p.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(o.LogPath)
			t.Logf("k6's log:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return p
}

// record is a recording, merged.
type record struct {
	zero   int64
	frames []*recording.Frame
	err    error
}

func read(t *testing.T, p *Process) *record {
	t.Helper()
	f, err := os.Open(p.options.Recording)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &record{}
	if closed(p.started) {
		r.zero = p.Zero().UnixNano()
	}
	reader, err := recording.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := reader.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, recording.ErrTorn) {
			return r
		}
		if err != nil {
			r.err = err
			return r
		}
		if frame.End-frame.Start > int64(time.Second) || frame.End <= frame.Start {
			t.Errorf("a frame covers %v", time.Duration(frame.End-frame.Start))
		}
		r.frames = append(r.frames, frame)
	}
}

// points are those of a metric that bear all the tags given as name:value, from t = from to t = to, in seconds.
func (r *record) points(metric string, from, to float64, tags ...string) []recording.Point {
	var found []recording.Point
	for _, f := range r.frames {
		at := float64(f.Start-r.zero) / 1e9
		if at < from || at >= to {
			continue
		}
		for _, p := range f.Points {
			have, _ := recording.SplitTags(p.Key.Tags)
			fits := p.Key.Metric == metric
			selector := false
			for _, tag := range tags {
				name, value, _ := strings.Cut(tag, ":")
				fits = fits && have[name] == value
				selector = selector || name == "selector"
			}
			if fits && (selector || have["selector"] == "") {
				found = append(found, p)
			}
		}
	}
	return found
}

const always = 1e9 // seconds

func (r *record) sum(metric string, from, to float64, tags ...string) (sum float64) {
	for _, p := range r.points(metric, from, to, tags...) {
		sum += p.Sum
	}
	return sum
}

func (r *record) trend(metric string, from, to float64, tags ...string) *histogram.Histogram {
	h := histogram.New()
	for _, p := range r.points(metric, from, to, tags...) {
		h.Merge(p.Trend)
	}
	return h
}

func (r *record) rate(metric string, from, to float64, tags ...string) (trues, total uint64) {
	for _, p := range r.points(metric, from, to, tags...) {
		trues += p.Trues
		total += p.Total
	}
	return trues, total
}

// keys are the series, sorted.
func (r *record) keys() []string {
	seen := map[string]bool{}
	for _, f := range r.frames {
		for _, p := range f.Points {
			seen[p.Key.Metric+"{"+p.Key.Tags+"}"] = true
		}
	}
	keys := make([]string, 0, len(seen))
	for k := range seen {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// balanced fails unless every offered iteration is accounted for, in the fitness and in the recording alike.
func balanced(t *testing.T, f results.Fitness, r *record) {
	t.Helper()
	if f.Offered != f.Served+f.Failed+f.Dropped+f.Interrupted {
		t.Errorf("offered %d ≠ served %d + failed %d + dropped %d + interrupted %d",
			f.Offered, f.Served, f.Failed, f.Dropped, f.Interrupted)
	}
	for outcome, n := range map[string]int64{
		"served": f.Served, "failed": f.Failed, "dropped": f.Dropped, "interrupted": f.Interrupted,
	} {
		if got := int64(r.sum("offered", 0, always, "outcome:"+outcome)); got != n {
			t.Errorf("%d iterations are recorded as %s, %d reported", got, outcome, n)
		}
	}
}

func arrival(options string) string {
	return fmt.Sprintf("scenarios: { s: Object.assign({ executor: 'brunt-arrival', maxVUs: 20 }, %s) }", options)
}

func TestAConstantRateOffersExactlyWhatWasAsked(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", `
import http from 'k6/http';
import { check } from 'k6';
export const options = { `+arrival(`{ rate: 200, duration: '3s' }`)+` };
export default function () {
  const r = http.get(__ENV.URL, { tags: { name: 'root', endpoint: 'list' } });
  check(r, { fine: (r) => r.status === 200 });
}`)
	began := time.Now()
	p := start(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}, Warmup: time.Second}})
	<-p.Started()
	if early := time.Until(p.Zero()); early < 900*time.Millisecond {
		t.Errorf("t = 0 was told %v ahead, of a warm-up of a second", early)
	}
	fitness, err := p.Wait()
	t.Logf("%v, %+v", time.Since(began), fitness)
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, p)
	balanced(t, fitness, r)
	if fitness.Offered != 600 || fitness.Served != 600 {
		t.Errorf("offered %d, served %d; want 600", fitness.Offered, fitness.Served)
	}
	for second := range 3 {
		at := float64(second)
		if n := r.sum("http_reqs", at, at+1); n != 200 {
			t.Errorf("second %d holds %v requests, want 200", second, n)
		}
		if n := r.trend("latency", at, at+1, "scenario:s", "name:root", "outcome:ok").Count(); n != 200 {
			t.Errorf("second %d holds %v latencies, want 200", second, n)
		}
	}
	if n := r.sum("http_reqs", -1, 0); n != 100 {
		t.Errorf("the warm-up holds %v requests, want half the rate", n)
	}
	if trues, total := r.rate("checks", 0, always, "check:fine"); trues != 600 || total != 600 {
		t.Errorf("checks: %d of %d", trues, total)
	}
	if open, constant := p.Model(); !open || !constant {
		t.Errorf("open %v, constant %v", open, constant)
	}
}
