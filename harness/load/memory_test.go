package load

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// soakFrame is a second of a load, as the child sends it: a few names, of which one is new every minute until there are too
// many, and all that a Snapshot or a total is made of.
func soakFrame(r *rand.Rand, i int) *recording.Frame {
	const zero, second = int64(1_700_000_000e9), int64(1e9)
	f := &recording.Frame{Start: zero + int64(i)*second, End: zero + int64(i+1)*second}
	trend := func(metric string, p histogram.Precision, tags map[string]string) {
		h := histogram.NewWith(p)
		for range 20 {
			h.Record(math.Round(1e6*5*math.Exp(r.NormFloat64()/2)) / 1e6)
		}
		f.Points = append(f.Points, recording.Point{Key: recording.Key{Metric: metric, Tags: recording.JoinTags(tags)}, Kind: recording.Trend, Trend: h})
	}
	count := func(metric string, n float64, tags map[string]string) {
		f.Points = append(f.Points, recording.Point{Key: recording.Key{Metric: metric, Tags: recording.JoinTags(tags)}, Kind: recording.Counter, Sum: n})
	}
	for _, name := range []string{"GET /", "POST /?token=s3cret", fmt.Sprint("GET /items/", min(i/60, 10))} {
		tags := map[string]string{"scenario": "s", "name": name, "outcome": "ok"}
		trend("latency", histogram.Fine, tags)
		trend("http_req_duration", histogram.Fine, tags)
		count("http_reqs", 20, tags)
	}
	trend("lateness", histogram.Coarse, map[string]string{"scenario": "s"})
	count("offered", 60, map[string]string{"scenario": "s", "outcome": "served"})
	count("iterations", 60, map[string]string{"scenario": "s"})
	f.Points = append(f.Points, recording.Point{Key: recording.Key{Metric: "vus"}, Kind: recording.Gauge, Last: 9, Min: 9, Max: 9})
	return f
}

// TestTheParentOfASoakOfTwelveHoursNeedsNoMoreMemoryThanInItsFirstMinutes takes twelve hours of frames over as fast as it
// can, and reads the recording that they become.
func TestTheParentOfASoakOfTwelveHoursNeedsNoMoreMemoryThanInItsFirstMinutes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recording.brunt")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer, err := recording.NewWriter(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{labels: newLabels(func(s string) string { return s[:min(len(s), 20)] }), live: newLive()}
	p.live.setZero(1)
	encoder, decoder := recording.NewEncoder(), recording.NewDecoder()
	r := rand.New(rand.NewPCG(1, 2))
	const first, all = 15 * 60, 12 * 3600
	var early uint64
	var payload []byte
	for i := range all {
		payload = encoder.Append(payload[:0], soakFrame(r, i))
		if err := p.frame(writer, decoder, payload); err != nil {
			t.Fatal(err)
		}
		if i == first {
			early = heap()
		}
	}
	late := heap()
	t.Logf("heap %d KiB after %d s, %d KiB after %d s", early>>10, first, late>>10, all)
	if late > early+early/10+512<<10 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	if s := p.Snapshot(); s.Rate != 60 {
		t.Errorf("the snapshot is %+v", s)
	}
	runtime.KeepAlive(writer)
	runtime.KeepAlive(encoder)
	readAll(t, path, first, all)
}

// readAll reads a recording of so many frames, and looks at the heap twice.
func readAll(t *testing.T, path string, first, all int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := recording.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var early uint64
	frames := 0
	for ; ; frames++ {
		if _, err := reader.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if frames == first {
			early = heap()
		}
	}
	late := heap()
	if frames != all {
		t.Errorf("%d frames were read", frames)
	}
	if late > early+early/10+512<<10 {
		t.Errorf("reading, the heap grew from %d to %d bytes", early, late)
	}
	runtime.KeepAlive(reader)
}
