package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
)

// quick are options for tests: a scrape every few milliseconds.
func quick(out io.Writer, sources ...Source) ScrapeOptions {
	return ScrapeOptions{
		Sources: sources, Out: out, Logger: slog.New(slog.DiscardHandler), Interval: 5 * time.Millisecond, Deadline: 5 * time.Second,
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// frames reads a whole recording.
func frames(t *testing.T, b []byte) []*recording.Frame {
	t.Helper()
	r, err := recording.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var all []*recording.Frame
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
}

// await waits for what happens soon, however busy the machine is.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestScraping(t *testing.T) {
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("compression was asked for")
		}
		if n == 3 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "# TYPE jobs_total counter\njobs_total %d\n# TYPE queue gauge\nqueue 7\n", 10*n)
	})
	var out bytes.Buffer
	s, err := StartScraping(t.Context(), quick(&out, Source{Node: "api", URL: url}))
	if err != nil {
		t.Fatal(err)
	}
	told := s.Told()
	if len(told) != 4 || told[1].Metric != "up" || told[2].Metric != "jobs_total" || told[2].Kind != recording.Counter || told[3].Tags["node"] != "api" {
		t.Errorf("told %+v", told)
	}
	await(t, "ten scrapes", func() bool { return asked.Load() >= 10 })
	all, err := s.Stop()
	if err != nil {
		t.Fatal(err)
	}
	after := asked.Load()
	one := all[0]
	if one.Node != "api" || one.Asked < 9 || one.Missed != 1 || !strings.Contains(one.Reason, "503") || one.Series != 2 || one.Bytes == 0 || one.Took <= 0 {
		t.Errorf("scrapes %+v", one)
	}
	jobs, queue, up := 0.0, 0, 0
	recorded := frames(t, out.Bytes())
	for i, f := range recorded {
		if i > 0 && f.Start < recorded[i-1].End {
			t.Error("scrapes of one source overlap")
		}
		for _, p := range f.Points {
			switch p.Key.Metric {
			case "jobs_total":
				jobs += p.Sum
			case "queue":
				queue++
			case "up":
				up += int(p.Last)
			}
		}
	}
	if len(recorded) != one.Asked || up != one.Asked-1 || queue != 1 {
		t.Errorf("%d frames, %d up, %d times the queue, of %+v", len(recorded), up, queue, one)
	}
	if most := float64(10 * (after - 1)); jobs > most || jobs < most-10 { // the last one may have been cut off
		t.Errorf("an increase of %v in %d scrapes", jobs, after)
	}
	time.Sleep(20 * time.Millisecond)
	if now := asked.Load(); now != after {
		t.Errorf("%d scrapes after the end", now-after)
	}
}

// TestAServiceThatHangsHoldsNobodyUp: its scrapes are missed, those of the other go on, and Stop does not wait for it.
func TestAServiceThatHangsHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	stuck := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	var asked atomic.Int64
	well := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); fmt.Fprintln(w, "a 1") })
	var out bytes.Buffer
	o := quick(&out, Source{Node: "stuck", URL: stuck}, Source{Node: "well", URL: well})
	o.Deadline = 50 * time.Millisecond
	s, err := StartScraping(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "scrapes of the other", func() bool { return asked.Load() > 10 })
	all, err := s.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Missed == 0 || all[0].Missed != all[0].Asked || !strings.Contains(all[0].Reason, "deadline") {
		t.Errorf("stuck: %+v", all[0])
	}
	if all[1].Asked-all[1].Missed < 10 {
		t.Errorf("well: %+v", all[1])
	}
	frames(t, out.Bytes()) // sound
}

func TestScrapesThatSayNothingAreMissed(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		reason string
	}{
		{"no such page", http.NotFound, "404"},
		{"a page for people", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "<html>") }, "read the metrics"},
		{"a way to elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, "302"},
		{"an answer without end", func(w http.ResponseWriter, _ *http.Request) {
			line := []byte("# " + strings.Repeat("x", 1<<16) + "\n")
			for range mostScraped / len(line) * 2 {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, "longer than 4 MiB"},
		{"an answer that is cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprintln(w, "a 1")
		}, "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			s, err := StartScraping(t.Context(), quick(&out, Source{Node: "api", URL: serve(t, test.answer)}))
			if err != nil {
				t.Fatal(err)
			}
			all, err := s.Stop()
			if err != nil {
				t.Fatal(err)
			}
			if all[0].Missed < firstTries || all[0].Missed != all[0].Asked || !strings.Contains(all[0].Reason, test.reason) {
				t.Errorf("%+v, want %s", all[0], test.reason)
			}
			for _, f := range frames(t, out.Bytes()) {
				if len(f.Points) != 1 || f.Points[0].Key.Metric != "up" || f.Points[0].Last != 0 {
					t.Errorf("a missed scrape is recorded as %v", written(f.Points))
				}
			}
		})
	}
}

// full takes the header and no more.
type full struct{ taken int }

func (f *full) Write(b []byte) (int, error) {
	if f.taken++; f.taken > 1 {
		return 0, errors.New("no space left on device")
	}
	return len(b), nil
}

func TestAFullDiskEndsTheRecordingAndNotTheScraping(t *testing.T) {
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); fmt.Fprintln(w, "a 1") })
	s, err := StartScraping(t.Context(), quick(&full{}, Source{Node: "api", URL: url}))
	if err != nil {
		t.Fatal(err)
	}
	await(t, "scrapes", func() bool { return asked.Load() > 3 })
	if _, err := s.Stop(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Stop says %v", err)
	}
}

func TestAnEndedContextEndsTheFirstScrapes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := StartScraping(ctx, quick(io.Discard, Source{Node: "api", URL: serve(t, http.NotFound)}))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.Stop(); err != nil || all[0].Missed != all[0].Asked {
		t.Errorf("%+v, %v", all, err)
	}
}

func typicalPage(t *testing.T) http.HandlerFunc {
	body := typical(t)
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}
