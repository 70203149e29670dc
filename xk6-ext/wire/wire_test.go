package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// messages has one of every type, with everything in them set.
func messages() []Message {
	return []Message{
		Hello{Version: Version, PID: 4711},
		Config{
			Version: Version, Seed: -7, WarmupNanos: 10e9, Alone: true,
			Selectors: []Selector{{Metric: "latency", Tags: map[string]string{"endpoint": "create", "name": "a,b:c"}}},
			AbortOn:   []AbortThreshold{{Metric: "http_req_failed", Tags: map[string]string{"x": "y"}, Threshold: "rate<0.01", GraceNanos: 5e9}},
			Facts:     map[string]string{"api.url": "http://127.64.1.2:8080"},
			Builds:    []Build{{Name: "baseline", Env: map[string]string{"URL": "http://127.64.1.2:8080"}}, {Name: "candidate"}},
		},
		Started{Zero: math.MaxInt64, OpenModel: true, ConstantRate: true},
		Frame{Payload: []byte("\x00\xff{}")},
		Frame{Payload: bytes.Repeat([]byte("long"), eager/4+1)},
		Ledger{Block: []byte("\x00\xffe")},
		Inspected{Executors: []string{"brunt-arrival"}, OpenModel: true, MaxVUs: 3, Metrics: map[string]string{"x": "trend"}, Ledgers: []string{"limiter", "orders"}},
		Mark{At: math.MinInt64, Phase: "fault"},
		Exception{Message: "TypeError: \"<x>\" is not a function\n\tat default (script.js:3)"},
		Notice{Level: "warn", Text: "no VU free"},
		Stop{},
		Rate{At: math.MaxInt64, PerSecond: 0.5},
		FaultAsk{Number: 1, Fault: "redis-slow", Lift: true},
		FaultDone{Number: 1, Error: "it is in force already"},
		Ended{Offered: 10, Served: 4, Failed: 3, Dropped: 2, Interrupted: 1, Exceptions: 5, LatenessP99: 1.25, LatenessOwnP99: 0.5, Waited: 6, MostVUs: 7, AllowedVUs: 8,
			NeededVUs: 8.5, Due: 11, SchedulerP99: 0.25, GCPauseP99: 0.125, GCShare: 0.0625, Aborted: "test.abort()"},
	}
}

// stream is a byte stream of which only reading matters.
type stream struct {
	io.Reader
	io.Writer
}

func (stream) Close() error { return nil }

func sent(t testing.TB, all ...Message) []byte {
	t.Helper()
	var b bytes.Buffer
	c := NewConn(stream{nil, &b})
	for _, m := range all {
		if err := c.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func receiver(b []byte) *Conn { return NewConn(stream{bytes.NewReader(b), nil}) }

func TestEveryMessageArrivesAsItWasSent(t *testing.T) {
	b := sent(t, messages()...)
	for name, r := range map[string]io.Reader{"at once": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b))} {
		c := NewConn(stream{r, nil})
		for _, want := range messages() {
			got, err := c.Receive()
			if err != nil {
				t.Fatalf("%s: %T: %v", name, want, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", name, diff)
			}
		}
		if _, err := c.Receive(); err != io.EOF {
			t.Errorf("%s: the end is %v, want io.EOF", name, err)
		}
	}
}

func TestWhatIsSentIsMadeFitToArrive(t *testing.T) {
	rows := []struct {
		name       string
		sent, want Message
	}{
		{"a hello is given its version", Hello{PID: 1}, Hello{Version: Version, PID: 1}},
		{"a config is given its version", Config{}, Config{Version: Version}},
		{"a lateness of no iterations is 0", Ended{LatenessP99: math.NaN(), LatenessOwnP99: math.NaN()}, Ended{}},
		{"what a load too short to be probed lacks is 0", Ended{NeededVUs: math.NaN(), SchedulerP99: math.NaN(), GCPauseP99: math.NaN(), GCShare: math.NaN()}, Ended{}},
		{"an endless lateness is the longest there is", Ended{LatenessP99: math.Inf(1)}, Ended{LatenessP99: math.MaxFloat64}},
		{"bytes that are no text are replaced", Exception{Message: "a\xffb"}, Exception{Message: "a\ufffdb"}},
		{"a frame may be empty", Frame{}, Frame{Payload: []byte{}}},
		{"so may a block", Ledger{}, Ledger{Block: []byte{}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := receiver(sent(t, row.sent)).Receive()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	raw := func(size uint32, rest string) []byte {
		return append([]byte{byte(size), byte(size >> 8), byte(size >> 16), byte(size >> 24)}, rest...)
	}
	whole := func(rest string) []byte { return raw(uint32(len(rest)), rest) }
	rows := []struct {
		name string
		b    []byte
		want error
		text string
	}{
		{"cut within the length", []byte{9, 0}, io.ErrUnexpectedEOF, ""},
		{"cut before the type", raw(5, ""), io.ErrUnexpectedEOF, ""},
		{"cut before the body", raw(5, "f"), io.ErrUnexpectedEOF, ""},
		{"cut within a large body", raw(MaxMessage, "fxxx"), io.ErrUnexpectedEOF, ""},
		{"no type", append(raw(0, ""), "xxxxx"...), ErrInvalid, "no type"},
		{"a type that does not exist", whole("?{}"), ErrInvalid, `type '?'`},
		{"larger than any", raw(MaxMessage+1, "f"), ErrTooLarge, ""},
		{"as large as can be said", raw(math.MaxUint32, "f"), ErrTooLarge, ""},
		{"a body that is no JSON", whole("n<xml>"), ErrInvalid, "wire.Notice"},
		{"a field that does not exist", whole(`M{"At":1,"Face":"steady"}`), ErrInvalid, `unknown field "Face"`},
		{"a field of another type", whole(`M{"At":"now"}`), ErrInvalid, "wire.Mark"},
		{"two values in one body", whole(`S{}{}`), ErrInvalid, "more than one value"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m, err := receiver(row.b).Receive()
			if m != nil || !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.text) {
				t.Errorf("got %v, error %v; want %v with %q", m, err, row.want, row.text)
			}
		})
	}
}

func TestAnotherVersionIsNamed(t *testing.T) {
	for _, m := range []Message{Hello{Version: 2}, Config{Version: 2}} {
		_, err := receiver(sent(t, m)).Receive()
		var version *VersionError
		if !errors.As(err, &version) || version.Version != 2 || version.Supported != Version {
			t.Errorf("%T: error is %v, want a *VersionError", m, err)
		}
	}
}

func TestAMessageTooLargeIsNotSentAndHarmsNothing(t *testing.T) {
	var b bytes.Buffer
	c := NewConn(stream{nil, &b})
	for _, m := range []Message{Frame{Payload: make([]byte, MaxMessage)}, Exception{Message: strings.Repeat("\x00", MaxMessage/5)}} {
		if err := c.Send(m); !errors.Is(err, ErrTooLarge) || b.Len() > 0 {
			t.Errorf("%T: error %v, %d bytes sent; want ErrTooLarge and none", m, err, b.Len())
		}
	}
	if err := c.Send(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("nil: error is %v, want ErrInvalid", err)
	}
	largest := Frame{Payload: make([]byte, MaxMessage-1)}
	if err := c.Send(largest); err != nil {
		t.Fatal(err)
	}
	got, err := receiver(b.Bytes()).Receive()
	if err != nil || len(got.(Frame).Payload) != MaxMessage-1 {
		t.Errorf("the largest message arrives as %T, error %v", got, err)
	}
}

func pair(t *testing.T) (parent, child *Conn) {
	t.Helper()
	parent, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	child, err = FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		parent.Close()
		child.Close()
	})
	return parent, child
}

func TestManyMaySendAtOnceBothWays(t *testing.T) {
	const senders, each = 8, 200
	parent, child := pair(t)
	var all sync.WaitGroup
	run := func(from, to *Conn) {
		var sending sync.WaitGroup
		for s := range senders {
			sending.Go(func() {
				for i := range each {
					if err := from.Send(Notice{Level: fmt.Sprint(s), Text: strings.Repeat(fmt.Sprint(s), i*7)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		next := make([]int, senders)
		for range senders * each {
			m, err := to.Receive()
			if err != nil {
				t.Error(err)
				break
			}
			n := m.(Notice)
			s := int(n.Level[0] - '0')
			if n.Text != strings.Repeat(n.Level, next[s]*7) {
				t.Errorf("message %d of sender %d is mixed up or out of order", next[s], s)
			}
			next[s]++
		}
		sending.Wait()
	}
	all.Go(func() { run(parent, child) })
	all.Go(func() { run(child, parent) })
	all.Wait()
}

func TestTheOtherSideClosing(t *testing.T) {
	t.Run("between messages is the end", func(t *testing.T) {
		parent, child := pair(t)
		if err := child.Send(Hello{PID: 1}); err != nil {
			t.Fatal(err)
		}
		child.Close()
		if m, err := parent.Receive(); err != nil {
			t.Errorf("what was sent before is %v, error %v", m, err)
		}
		if _, err := parent.Receive(); err != io.EOF {
			t.Errorf("the end is %v, want io.EOF", err)
		}
		if err := parent.Send(Stop{}); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("sending after the end: %v", err)
		}
	})
	t.Run("with something unread is the end too", func(t *testing.T) {
		parent, child := pair(t)
		if err := errors.Join(parent.Send(Stop{}), child.Send(Ended{Offered: 1})); err != nil {
			t.Fatal(err)
		}
		child.Close()
		if m, err := parent.Receive(); err != nil {
			t.Errorf("what was sent before is %v, error %v", m, err)
		}
		if _, err := parent.Receive(); err != io.EOF {
			t.Errorf("the end is %v, want io.EOF", err)
		}
	})
	t.Run("within a message is not", func(t *testing.T) {
		parent, child := pair(t)
		b := sent(t, Hello{PID: 1})
		if _, err := child.rw.Write(b[:len(b)-1]); err != nil {
			t.Fatal(err)
		}
		child.Close()
		if _, err := parent.Receive(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the end is %v, want io.ErrUnexpectedEOF", err)
		}
	})
}

func TestClosingWakesAReceive(t *testing.T) {
	parent, _ := pair(t)
	woken := make(chan error)
	go func() {
		_, err := parent.Receive()
		woken <- err
	}()
	parent.Close()
	if err := <-woken; !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v, want net.ErrClosed", err)
	}
}

// halfway is a stream that fails within its first write.
type halfway struct{ writes int }

func (h *halfway) Read([]byte) (int, error) { return 0, io.EOF }
func (h *halfway) Close() error             { return nil }
func (h *halfway) Write(b []byte) (int, error) {
	h.writes++
	return len(b) / 2, errors.New("broken")
}

func TestNothingIsSentAfterAMessageThatWasSentInPart(t *testing.T) {
	h := &halfway{}
	c := NewConn(h)
	first := c.Send(Stop{})
	if again := c.Send(Stop{}); first == nil || again != first || h.writes != 1 {
		t.Errorf("errors %v and then %v, %d writes", first, again, h.writes)
	}
}

// TestAChildProcessSpeaksOverThePair runs this test binary again as the child.
func TestAChildProcessSpeaksOverThePair(t *testing.T) {
	parent, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "WIRE_CHILD=1")
	cmd.ExtraFiles = []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := parent.Send(Config{Seed: 42}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Message{Hello{Version: Version, PID: cmd.Process.Pid}, Notice{Text: "seed 42"}} {
		got, err := parent.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if _, err := parent.Receive(); err != io.EOF {
		t.Errorf("the end is %v, want io.EOF", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestChild is the other side of TestAChildProcessSpeaksOverThePair; by itself it has nothing to do.
func TestChild(t *testing.T) {
	if os.Getenv("WIRE_CHILD") == "" {
		return
	}
	c, err := FromFile(os.NewFile(3, "wire"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(Hello{PID: os.Getpid()}); err != nil {
		t.Fatal(err)
	}
	m, err := c.Receive()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(Notice{Text: fmt.Sprintf("seed %d", m.(Config).Seed)}); err != nil {
		t.Fatal(err)
	}
}

func FuzzReceive(f *testing.F) {
	var all []byte
	for _, m := range messages() {
		if b := sent(f, m); len(b) < 1000 { // long seeds only make for slow mutations
			f.Add(b)
			all = append(all, b...)
		}
	}
	f.Add(all)
	f.Add([]byte("\xff\xff\xff\x00f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := receiver(b)
		for {
			m, err := c.Receive()
			if err != nil {
				var version *VersionError
				if err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) && !errors.As(err, &version) {
					t.Fatalf("error %v is of no documented kind", err)
				}
				return
			}
			again, err := receiver(sent(t, m)).Receive()
			if err != nil {
				t.Fatalf("%#v, sent again: %v", m, err)
			}
			if diff := cmp.Diff(m, again); diff != "" {
				t.Fatalf("sent again: -want +got:\n%s", diff)
			}
		}
	})
}
