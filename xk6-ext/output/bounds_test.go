package output

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// parent takes everything the child sends.
type parent struct{ bytes.Buffer }

func (*parent) Close() error { return nil }

func newTestOutput(p *parent) *Output {
	o := &Output{options: Options{Conn: wire.NewConn(p)}, gather: newGatherer(0), encoder: recording.NewEncoder(), quit: make(chan struct{})}
	o.room.L = &o.arriving
	return o
}

// received is how often each iteration was counted, by the start of its frame in seconds, and the number of frames.
func received(t *testing.T, p *parent) (counted map[int64]float64, frames int) {
	t.Helper()
	conn, decoder := wire.NewConn(p), recording.NewDecoder()
	counted = map[int64]float64{}
	for {
		m, err := conn.Receive()
		if err == io.EOF {
			return counted, frames
		}
		if err != nil {
			t.Fatal(err)
		}
		payload, ok := m.(wire.Frame)
		if !ok {
			continue
		}
		f, err := decoder.Decode(payload.Payload)
		if err != nil {
			t.Fatal(err)
		}
		frames++
		for _, p := range f.Points {
			if p.Key.Metric == metricOffered {
				counted[f.Start/second] += p.Sum
			}
		}
	}
}

func TestWhatWasKeptWaitingForMinutesTakesNoMoreFramesAtOnceThanMayBeOpen(t *testing.T) {
	p := &parent{}
	o := newTestOutput(p)
	tags := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	zero := time.Unix(1_700_000_000, 0)
	var released []metrics.SampleContainer
	const seconds = 900
	for i := range 2 * seconds { // two of each second, far apart
		vu := fmt.Sprint(i)
		released = append(released, executor.IterationStart{VU: vu, Tags: tags, Intended: zero.Add(time.Duration(i%seconds) * time.Second)},
			executor.IterationEnd{VU: vu})
	}
	o.AddMetricSamples([]metrics.SampleContainer{executor.LoadStart{Zero: zero}})
	o.AddMetricSamples(released)
	o.count(time.Now())
	if n := len(o.gather.frames.open); n > maxOpen+1 {
		t.Errorf("%d frames are open", n)
	}
	o.flush(1 << 62)
	counted, frames := received(t, p)
	if len(counted) != seconds || frames < seconds {
		t.Errorf("%d seconds in %d frames", len(counted), frames)
	}
	for at, n := range counted {
		if n != 2 {
			t.Errorf("second %d counts %g iterations, want 2", at-zero.Unix(), n)
		}
	}
}

func TestMoreThanCanBeCountedMakesK6Wait(t *testing.T) {
	o := newTestOutput(&parent{})
	tags := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	many := make([]metrics.SampleContainer, maxWaiting/4)
	for i := range many {
		many[i] = executor.Unserved{Tags: tags, Intended: time.Unix(1, 0)}
	}
	var k6 sync.WaitGroup
	k6.Go(func() {
		for range 8 {
			o.AddMetricSamples(many)
		}
	})
	counted := 0
	for counted < 8*len(many) {
		o.arriving.Lock()
		waiting := o.waiting
		o.arriving.Unlock()
		if waiting > maxWaiting+len(many) {
			t.Fatalf("%d containers wait", waiting)
		}
		o.count(time.Now())
		counted = int(o.gather.totals.interrupted)
	}
	k6.Wait()
	if o.waiting != 0 || counted != 8*len(many) {
		t.Errorf("%d are waiting, %d were counted", o.waiting, counted)
	}
}

func TestOnlySoManyMarksAreRemembered(t *testing.T) {
	fs := newFrames(0)
	for i := range int64(3 * maxMarks) {
		fs.mark(i * 300 * ms)
	}
	if len(fs.marks) != maxMarks {
		t.Errorf("%d marks", len(fs.marks))
	}
	if start, end := fs.interval((3*maxMarks-2)*300*ms + 1); start != (3*maxMarks-2)*300*ms || end > (3*maxMarks-1)*300*ms {
		t.Errorf("a late interval from %d to %d straddles a mark", start, end)
	}
}
