package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results/histogram"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	second = int64(1e9)
	zero   = int64(1_700_000_000) * second
)

func trend(p histogram.Precision, values ...float64) *histogram.Histogram {
	h := histogram.NewWith(p)
	for _, v := range values {
		h.Record(v)
	}
	return h
}

// frames are four of a small trial: every kind of series, a series that comes later, an interval that comes again.
func frames(p histogram.Precision) []*Frame {
	latency := Key{"latency", JoinTags(map[string]string{"scenario": "browse", "name": "GET /items", "outcome": "ok"})}
	offered := Key{"offered", "outcome:served,scenario:browse"}
	failed := Key{"http_req_failed", "scenario:browse"}
	vus := Key{"vus", ""}
	return []*Frame{
		{Start: zero, End: zero + second, Points: []Point{
			{Key: latency, Kind: Trend, Trend: trend(p, 1.25, 3.5, 280)},
			{Key: offered, Kind: Counter, Sum: 3},
			{Key: failed, Kind: Rate, Trues: 1, Total: 4},
			{Key: vus, Kind: Gauge, Last: 2, Min: 1, Max: 5},
		}},
		{Start: zero + second, End: zero + second*3/2, Points: []Point{
			{Key: offered, Kind: Counter, Sum: 2.5},
			{Key: Key{"custom", `selector:1,url:http\://h`}, Kind: Trend, Trend: trend(p)},
		}},
		{Start: zero, End: zero + second, Points: []Point{
			{Key: latency, Kind: Trend, Trend: trend(p, 1900)},
			{Key: vus, Kind: Gauge, Last: -1, Min: math.Inf(-1), Max: 0},
		}},
		{Start: zero + 2*second, End: zero + 2*second},
	}
}

func written(t testing.TB, all []*Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// read returns all frames, and the error that ended them unless it is io.EOF.
func read(r io.Reader) (all []*Frame, err error) {
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	for {
		f, err := reader.Next()
		if err != nil {
			if _, again := reader.Next(); !errors.Is(again, err) {
				return all, errors.New("the last error was not returned again")
			}
			if err == io.EOF {
				return all, nil
			}
			return all, err
		}
		all = append(all, f)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	b := written(t, frames(histogram.Fine))
	for name, r := range map[string]io.Reader{"at once": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b))} {
		got, err := read(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(frames(histogram.Fine), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestTheGoldenRecordingsAreReadForEver reads files that must never be written anew: one of each version.
func TestTheGoldenRecordingsAreReadForEver(t *testing.T) {
	for name, want := range map[string][]*Frame{
		"v1.brunt": frames(histogram.Former),
		"v2.brunt": append(frames(histogram.Fine), append(frames(histogram.Coarse), frames(histogram.Fine)...)...),
	} {
		path := filepath.Join("testdata", name)
		if *update && name == "v2.brunt" {
			if err := os.WriteFile(path, written(t, want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(bytes.NewReader(golden))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if name == "v2.brunt" && !bytes.Equal(written(t, want), golden) {
			t.Errorf("%s: the same frames are written in other bytes than the golden ones", name)
		}
	}
}

func TestATornEndCostsTheLastFrameOnly(t *testing.T) {
	b := written(t, frames(histogram.Fine))
	var ends []int // of each frame
	for n := range frames(histogram.Fine) {
		ends = append(ends, len(written(t, frames(histogram.Fine)[:n+1])))
	}
	for n := fileHeader; n < len(b); n++ {
		whole, clean := 0, n == fileHeader
		for _, end := range ends {
			if n >= end {
				whole++
			}
			clean = clean || n == end
		}
		got, err := read(bytes.NewReader(b[:n]))
		switch {
		case len(got) != whole:
			t.Fatalf("cut after %d bytes: %d frames, want %d", n, len(got), whole)
		case clean && err != nil:
			t.Fatalf("cut after %d bytes, between frames: %v", n, err)
		case !clean && (!errors.Is(err, ErrTorn) || !errors.Is(err, io.ErrUnexpectedEOF)):
			t.Fatalf("cut after %d bytes: error is %v, want ErrTorn", n, err)
		}
	}
	for n := range fileHeader {
		if _, err := read(bytes.NewReader(b[:n])); !errors.Is(err, ErrTorn) {
			t.Fatalf("cut after %d bytes, in the header: error is %v, want ErrTorn", n, err)
		}
	}
}

func TestAFileThatGrewWithoutItsBytesIsTorn(t *testing.T) {
	b := written(t, frames(histogram.Fine))
	last := len(written(t, frames(histogram.Fine)[:3]))
	unwritten := bytes.Clone(b)
	clear(unwritten[last+frameHeader:])
	rows := []struct {
		name string
		file []byte
		want int // frames
	}{
		{"a last frame that is zeroes from within its header on", append(bytes.Clone(b[:last+7]), make([]byte, 5000)...), 3},
		{"zeroes after the last frame", append(bytes.Clone(b), make([]byte, 5000)...), 4},
		{"a last frame whose payload is zeroes", unwritten, 3},
		{"a last frame whose payload is zeroes, and more of them", append(bytes.Clone(unwritten), make([]byte, 5000)...), 3},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := read(bytes.NewReader(row.file))
			if !errors.Is(err, ErrTorn) || len(got) != row.want {
				t.Errorf("%d frames, error %v; want %d and ErrTorn", len(got), err, row.want)
			}
		})
	}
}

func TestADamagedFrameInTheMiddleIsNamedByItsOffset(t *testing.T) {
	b := written(t, frames(histogram.Fine))
	begin, end := len(written(t, frames(histogram.Fine)[:1])), len(written(t, frames(histogram.Fine)[:2]))
	for at := begin; at < end; at++ {
		damaged := bytes.Clone(b)
		damaged[at] ^= 0x10
		got, err := read(bytes.NewReader(damaged))
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Offset != int64(begin) || errors.Is(err, ErrTorn) || len(got) != 1 {
			t.Fatalf("byte %d flipped: %d frames, error %v; want 1 and a *CorruptError at byte %d", at, len(got), err, begin)
		}
	}
}

func TestAFrameWhoseChecksumsLieIsCorrupt(t *testing.T) {
	frame := func(size uint32, payload []byte) []byte {
		b := written(t, nil)
		b = binary.LittleEndian.AppendUint32(b, size)
		b = binary.LittleEndian.AppendUint32(b, checksum(payload))
		b = binary.LittleEndian.AppendUint32(b, checksum(b[fileHeader:]))
		return append(b, payload...)
	}
	for name, file := range map[string][]byte{
		"a frame larger than any": frame(MaxPayload+1, nil),
		"a payload of nonsense":   frame(3, []byte("xyz")),
		"a payload that goes on":  frame(1, []byte{0}),
	} {
		var corrupt *CorruptError
		if _, err := read(bytes.NewReader(file)); !errors.As(err, &corrupt) || corrupt.Offset != int64(fileHeader) {
			t.Errorf("%s: error is %v, want a *CorruptError at byte %d", name, err, fileHeader)
		}
	}
}

func TestFilesThatAreNoRecordingAreRefused(t *testing.T) {
	newer := append([]byte(magic), 9, 0, 0, 0)
	var version *VersionError
	if _, err := NewReader(bytes.NewReader(newer)); !errors.As(err, &version) || version.Version != 9 || version.Supported != Version {
		t.Errorf("a newer version: error is %v, want a *VersionError", err)
	}
	for name, file := range map[string]string{
		"a text":                        "{\"schema\": 1}\n",
		"a short text":                  "hi",
		"version 0":                     magic + "\x00\x00\x00\x00",
		"line ends that were converted": "\x89brunt\n\x01\x00\x00\x00",
	} {
		if _, err := NewReader(bytes.NewReader([]byte(file))); !errors.Is(err, ErrNotRecording) {
			t.Errorf("%s: error is %v, want ErrNotRecording", name, err)
		}
	}
}

func TestAnErrorOfTheDiskIsNotTakenForATornEnd(t *testing.T) {
	disk := errors.New("input/output error")
	b := written(t, frames(histogram.Fine))
	for _, n := range []int{4, fileHeader, fileHeader + 5, fileHeader + 40} {
		_, err := read(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(disk)))
		if !errors.Is(err, disk) || errors.Is(err, ErrTorn) {
			t.Errorf("after %d bytes: error is %v", n, err)
		}
	}
}

// disk takes so many writes and then is full.
type disk struct{ room int }

func (d *disk) Write(b []byte) (int, error) {
	if d.room == 0 {
		return len(b) / 2, errors.New("no space left on device")
	}
	d.room--
	return len(b), nil
}

func TestAWriterThatFailedStaysFailed(t *testing.T) {
	if _, err := NewWriter(&disk{}); err == nil {
		t.Error("a header that could not be written was not reported")
	}
	full := &disk{room: 2}
	w, err := NewWriter(full)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(frames(histogram.Fine)[0]); err != nil {
		t.Fatal(err)
	}
	first := w.Write(frames(histogram.Fine)[1])
	full.room = 9
	if again := w.Write(frames(histogram.Fine)[2]); first == nil || again != first || full.room != 9 {
		t.Errorf("errors %v and then %v", first, again)
	}
}

func TestAnInvalidFrameIsRefusedAndHarmsNothing(t *testing.T) {
	rows := []struct {
		name  string
		frame *Frame
	}{
		{"ends before its start", &Frame{Start: 2, End: 1}},
		{"a point of no kind", &Frame{Points: []Point{{Key: Key{Metric: "m"}}}}},
		{"more trues than values", &Frame{Points: []Point{{Kind: Rate, Trues: 2, Total: 1}}}},
		{"too many points", &Frame{Points: make([]Point, MaxPoints+1)}},
	}
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row.frame); err == nil {
			t.Errorf("%s: it was written", row.name)
		}
		if _, err := NewDecoder().Decode(NewEncoder().Append(nil, row.frame)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s: decoding it gives %v, want ErrPayload", row.name, err)
		}
	}
	for _, f := range frames(histogram.Fine) {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), written(t, frames(histogram.Fine))) {
		t.Error("the refused frames left something behind")
	}
}

// TestReadingALongRecordingTakesNoMoreMemoryThanAShortOne reads ten hours of frames out of a stream that never ends.
func TestReadingALongRecordingTakesNoMoreMemoryThanAShortOne(t *testing.T) {
	const hour = 3600
	in, out := io.Pipe()
	defer in.Close()
	done := make(chan error, 1)
	go func() {
		w, err := NewWriter(out)
		for i := 0; err == nil && i < 10*hour; i++ {
			f := frames(histogram.Fine)[0]
			f.Start, f.End = f.Start+int64(i)*second, f.End+int64(i)*second
			err = w.Write(f)
		}
		out.CloseWithError(err)
		done <- err
	}()
	r, err := NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	for i := range 10 * hour {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 100:
			early = heap()
		case 10*hour - 100:
			late = heap()
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if late > early+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(written(f, nil))
	f.Add(written(f, frames(histogram.Fine)))
	if former, err := os.ReadFile(filepath.Join("testdata", "v1.brunt")); err == nil {
		f.Add(former)
	}
	f.Add(append(written(f, frames(histogram.Fine)[:2]), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := read(bytes.NewReader(file))
		if err != nil {
			return
		}
		if file[len(magic)] == 1 { // a former version is read, and not written
			return
		}
		if got := written(t, all); !bytes.Equal(got, file) {
			t.Fatalf("written again:\n%x\n%x", got, file)
		}
	})
}
