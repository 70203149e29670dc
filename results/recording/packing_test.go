package recording

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// anyFrames are frames such as no load makes: every kind of series and value, in any order, some of them alike.
func anyFrames(r *rand.Rand, n int) []*Frame {
	series := make([]series, 1+r.IntN(12))
	for i := range series {
		series[i].kind = []Kind{Trend, Trend, Counter, Gauge, Rate}[r.IntN(5)]
		series[i].key = Key{Metric: fmt.Sprint("m", i/3), Tags: fmt.Sprint("name:", i)}
	}
	all := make([]*Frame, n)
	start := zero
	for i := range all {
		switch r.IntN(6) {
		case 0:
			start -= int64(r.IntN(20)) * second
		case 1:
			start += r.Int64() >> r.UintN(64)
		}
		f := &Frame{Start: start, End: start + second}
		if r.IntN(4) == 0 {
			f.End = start + int64(r.IntN(3))*second/2
		}
		start = f.End
		for _, s := range series {
			if r.IntN(5) > 0 {
				f.Points = append(f.Points, anyPoint(r, s, f.Points))
			}
		}
		if r.IntN(4) == 0 && len(f.Points) > 0 { // a series may stand in a frame more than once
			f.Points = append(f.Points, f.Points[r.IntN(len(f.Points))])
		}
		if r.IntN(4) == 0 {
			r.Shuffle(len(f.Points), func(i, j int) { f.Points[i], f.Points[j] = f.Points[j], f.Points[i] })
		}
		all[i] = f
	}
	return all
}

func anyPoint(r *rand.Rand, s series, before []Point) Point {
	p := Point{Key: s.key, Kind: s.kind}
	number := anyValue(r)
	if r.IntN(2) == 0 {
		number = float64(r.IntN(50))
	}
	switch s.kind {
	case Trend:
		p.Trend = anyTrend(r)
		for _, other := range before {
			if other.Kind == Trend && r.IntN(4) == 0 {
				p.Trend = other.Trend.Clone()
			}
		}
	case Counter:
		p.Sum = number
	case Gauge:
		p.Last, p.Min, p.Max = number, anyValue(r), 7
	case Rate:
		p.Total = r.Uint64() >> r.UintN(65)
		p.Trues = uint64(float64(p.Total>>1) * r.Float64() * float64(r.IntN(2)))
	}
	return p
}

func anyTrend(r *rand.Rand) *histogram.Histogram {
	h := histogram.NewWith(histogram.Precision(r.IntN(3)))
	scale, like := math.Exp(r.NormFloat64()*5), r.IntN(6)
	for range r.IntN(1 + 1<<r.UintN(12)) {
		v := scale * math.Exp(r.NormFloat64()*0.3)
		switch like {
		case 0:
			v = anyValue(r)
		case 1:
			v = math.Round(v*1e6) / 1e6
		case 2:
			v = -math.Round(v*1e6) / 1e6
		case 3:
			v = float64(r.IntN(3))
		}
		h.RecordN(v, 1+r.Uint64()>>(64-r.UintN(30)*r.UintN(2)))
	}
	return h
}

func anyValue(r *rand.Rand) float64 {
	switch r.IntN(8) {
	case 0:
		return math.Float64frombits(r.Uint64())
	case 1:
		return []float64{0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, 5e-324, math.Inf(1), math.NaN(), 1 << 53}[r.IntN(8)]
	case 2:
		return float64(r.Int64())
	}
	return r.NormFloat64() * 1000
}

func TestFramesOfEveryKindAreUnpackedAsTheyWere(t *testing.T) {
	for seed := range uint64(150) {
		all := anyFrames(rand.New(rand.NewPCG(seed, 1)), 12)
		got, err := read(bytes.NewReader(written(t, all)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range all {
			// The plain form tells apart what cmp does not: NaN, minus zero, the precision of a histogram.
			if want, got := NewEncoder().Append(nil, all[i]), NewEncoder().Append(nil, got[i]); !bytes.Equal(want, got) {
				t.Fatalf("seed %d, frame %d:\n%x\n%x", seed, i, want, got)
			}
		}
	}
}

func TestEqualHistogramsAreStoredOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	once, twice := []*Frame{}, []*Frame{}
	for i := range 20 {
		h := histogram.New()
		for range 300 {
			h.Record(math.Exp(r.NormFloat64()))
		}
		f := Frame{Start: zero + int64(i)*second, End: zero + int64(i+1)*second}
		one, two := f, f
		latency := Point{Key: Key{Metric: "latency"}, Kind: Trend, Trend: h}
		service := Point{Key: Key{Metric: "http_req_duration"}, Kind: Trend, Trend: h.Clone()}
		one.Points, two.Points = []Point{latency}, []Point{latency, service}
		once, twice = append(once, &one), append(twice, &two)
	}
	// The first time they are stored twice: nobody knows yet.
	more := len(written(t, twice)) - len(written(t, once))
	if first := len(written(t, twice[:1])) - len(written(t, once[:1])); more > first+25 {
		t.Errorf("equal histograms take %d bytes more, of them %d at first", more, first)
	}
}

func TestNoPayloadTakesMuchMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var before, after runtime.MemStats
	for range 300 {
		payload := make([]byte, r.IntN(2000))
		for i := range payload {
			bits := r.Uint32()
			payload[i] = byte(bits & (bits >> 8)) // more zeroes than ones
		}
		runtime.ReadMemStats(&before)
		_, err := newPacking().unpack(payload)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+200*uint64(len(payload)) {
			t.Fatalf("%d bytes took %d bytes of memory, error %v", len(payload), used, err)
		}
	}
}

// FuzzPacking feeds two payloads, as the second depends on what the first has taught.
func FuzzPacking(f *testing.F) {
	add := func(frames []*Frame) {
		k := newPacking()
		var payloads [2][]byte
		for i := range payloads {
			payload, err := k.pack(nil, frames[i])
			if err != nil {
				f.Fatal(err)
			}
			payloads[i] = payload
		}
		f.Add(payloads[0], payloads[1])
	}
	add(frames(histogram.Fine))
	for seed := range uint64(20) {
		add(anyFrames(rand.New(rand.NewPCG(seed, 2)), 2))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r, w := newPacking(), newPacking()
		for _, payload := range [][]byte{first, second} {
			frame, err := r.unpack(payload)
			if err != nil {
				if !errors.Is(err, ErrPayload) {
					t.Fatalf("error %v is not ErrPayload", err)
				}
				return
			}
			got, err := w.pack(nil, frame)
			if err != nil || !bytes.Equal(got, payload) {
				t.Fatalf("packed again: %v\n%x\n%x", err, got, payload)
			}
		}
	})
}

func TestWhatIsRememberedOfSeriesIsBounded(t *testing.T) {
	k := newPacking()
	r := rand.New(rand.NewPCG(7, 8))
	var memory runtime.MemStats
	for i := range 60 { // of series that each spread over all there is
		h := histogram.New()
		for range 400 {
			h.Record(math.Float64frombits(r.Uint64()))
		}
		f := &Frame{Points: []Point{{Key: Key{Metric: fmt.Sprint(i)}, Kind: Trend, Trend: h}}}
		if _, err := k.pack(nil, f); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if k.remembered != maxRemembered || memory.HeapAlloc > 64<<20 {
		t.Errorf("%d chunks are remembered, of %d at most; %d bytes in use", k.remembered, maxRemembered, memory.HeapAlloc)
	}
	runtime.KeepAlive(k)
}
