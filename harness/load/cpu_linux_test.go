package load

import (
	"testing"
	"time"
)

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (k6) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 0"))
	f.Add([]byte("1 (a) b) (c) S 1 1 1 0 -1 0 0 0 0 0 1 2 0"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, raw []byte) { _, _ = parseStat(raw) })
}

func TestParseStatSkipsTheNameOfTheProcess(t *testing.T) {
	got, err := parseStat([]byte("1 (a) 9 9 (b) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20"))
	if err != nil || got != 2*time.Second {
		t.Errorf("%v, %v", got, err)
	}
}
