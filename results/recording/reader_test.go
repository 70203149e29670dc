package recording

import (
	"bytes"
	"testing"

	"github.com/devcraft-studio/brunt/results/histogram"
)

func BenchmarkReader(b *testing.B) {
	values := make([]float64, 1000)
	for i := range values {
		values[i] = 1 + float64(i%337)*1.7
	}
	frame := &Frame{Start: zero, End: zero + second}
	for i := range 30 {
		frame.Points = append(frame.Points, Point{Key: Key{"latency", JoinTags(map[string]string{"name": string(rune('A' + i))})}, Kind: Trend, Trend: trend(histogram.Fine, values...)})
	}
	const seconds = 600
	all := make([]*Frame, seconds)
	for i := range all {
		all[i] = frame
	}
	file := written(b, all)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if got, err := read(bytes.NewReader(file)); err != nil || len(got) != seconds {
			b.Fatal(err)
		}
	}
}
