package output

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// soak is both sides of a long load without the processes and the hours between them: the child's gatherer and encoder, the
// parent's decoder and writer, and whoever reads the recording.
type soak struct {
	t       *testing.T
	traffic *traffic
	gather  *gatherer
	encoder *recording.Encoder
	decoder *recording.Decoder
	file    bytes.Buffer // what was written and not yet read
	writer  *recording.Writer
	reader  *recording.Reader

	buffer []byte
	frames int
	late   []metrics.SampleContainer // for later
	names  []*metrics.TagSet
	minute int
}

func newSoak(t *testing.T, start time.Time) *soak {
	s := &soak{
		t: t, traffic: newTraffic(0.4, medians()...), gather: newGatherer(start.UnixNano()),
		encoder: recording.NewEncoder(), decoder: recording.NewDecoder(),
	}
	s.traffic.rate = 5
	s.gather.led = true
	s.gather.exception = func(string) {}
	s.gather.index.limit = 60
	s.gather.index.selectors([]wire.Selector{{Metric: "latency", Tags: map[string]string{"status": "200"}}})
	s.gather.container(executor.LoadStart{Zero: start})
	for i := range 500 { // of which most are kept as one
		s.names = append(s.names, s.traffic.scenario.WithTagsFromMap(map[string]string{
			"check": fmt.Sprint("item ", i), "error_code": fmt.Sprint(1000 + i), "group": fmt.Sprint("group ", i), "status": "200",
		}))
	}
	var err error
	if s.writer, err = recording.NewWriter(&s.file); err != nil {
		t.Fatal(err)
	}
	if s.reader, err = recording.NewReader(&s.file); err != nil {
		t.Fatal(err)
	}
	return s
}

// second is a second of load, with all that could pile up: texts made up without end, phases, exceptions, and requests that
// end long after they were due.
func (s *soak) second(at time.Time) {
	g, tags := s.gather, s.names[int(at.Unix())%len(s.names)]
	s.traffic.second(at, g.container)
	for _, m := range []*metrics.Metric{s.traffic.builtin.Checks, s.traffic.builtin.GroupDuration} {
		g.container(s.traffic.sample(m, tags, at, 1, ""))
	}
	vu := fmt.Sprint("stalled ", at.Unix())
	g.container(executor.IterationStart{VU: vu, Tags: s.traffic.scenario, Intended: at, Lateness: time.Millisecond})
	s.late = append(s.late, executor.IterationEnd{VU: vu, Exception: "TypeError"})
	if at.Unix()%60 == 0 {
		s.minute++
		g.frames.mark(at.UnixNano() + int64(s.minute%7)*100*ms)
		for _, c := range s.late {
			g.container(c)
		}
		s.late = s.late[:0]
	}
	s.pass(at.UnixNano())
}

// pass hands over what ends by then.
func (s *soak) pass(until int64) {
	s.t.Helper()
	for _, f := range s.gather.frames.take(until) {
		s.buffer = s.encoder.Append(s.buffer[:0], f)
		decoded, err := s.decoder.Decode(s.buffer)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := s.writer.Write(decoded); err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.reader.Next(); err != nil {
			s.t.Fatal(err)
		}
		s.frames++
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestASoakOfTwelveHoursNeedsNoMoreMemoryThanItsFirstMinutes runs through the hours as fast as they can be counted.
func TestASoakOfTwelveHoursNeedsNoMoreMemoryThanItsFirstMinutes(t *testing.T) {
	start := time.Unix(1_700_000_040, 0)
	s := newSoak(t, start)
	const first, all = 15 * 60, 12 * 3600
	var early uint64
	for i := range all {
		s.second(start.Add(time.Duration(i) * time.Second))
		if i == first {
			early = heap()
		}
	}
	late := heap()
	s.pass(1 << 62)
	if _, err := s.reader.Next(); err != io.EOF {
		t.Errorf("the recording ends with %v", err)
	}
	if s.frames < all {
		t.Errorf("%d frames", s.frames)
	}
	t.Logf("heap %d KiB after %d s, %d KiB after %d s; %d frames, %d series", early>>10, first, late>>10, all, s.frames, len(s.gather.index.byKey))
	if late > early+early/10+512<<10 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	runtime.KeepAlive(s)
}
