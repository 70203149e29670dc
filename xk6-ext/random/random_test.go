package random

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRandomsAreTheSameForEver pins the numbers: a stored seed must give the same payloads in every later version.
func TestRandomsAreTheSameForEver(t *testing.T) {
	got := []string{}
	for _, of := range []struct {
		seed      int64
		scenario  string
		iteration int64
	}{{0, "", 0}, {42, "load", 0}, {42, "load", 1}, {42, "other", 0}, {-1, "load", 1 << 40}} {
		r := New(of.seed, of.scenario, of.iteration)
		n, _ := r.Int(1, 1000)
		text, _ := r.Text(8)
		got = append(got, fmt.Sprintf("%d/%s/%d: %d %s %.6f %v", of.seed, of.scenario, of.iteration, n, text, r.Float(), r.Chance(0.5)))
	}
	want := []string{
		"0//0: 658 psng8v8b 0.349072 false",
		"42/load/0: 28 qajjcvth 0.927835 true",
		"42/load/1: 649 zgg6g3cm 0.753964 true",
		"42/other/0: 660 0hvnimdw 0.114396 false",
		"-1/load/1099511627776: 815 wst3xq60 0.108914 true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIntIsEvenAndKeepsItsEnds(t *testing.T) {
	const draws = 60_000
	counts := map[int64]int{}
	for i := range int64(draws) {
		n, err := New(1, "s", i).Int(-2, 3)
		if err != nil {
			t.Fatal(err)
		}
		counts[n]++
	}
	// Each of six numbers is binomial around 10,000 with a standard deviation of 91: five of them are 456.
	for n := int64(-2); n <= 3; n++ {
		if c := counts[n]; c < 9_544 || c > 10_456 {
			t.Errorf("%d came %d times of %d", n, c, draws)
		}
	}
	if len(counts) != 6 {
		t.Errorf("numbers out of range: %v", counts)
	}
}

func TestIntTakesEveryRange(t *testing.T) {
	r := New(1, "s", 1)
	for _, row := range [][2]int64{{5, 5}, {math.MinInt64, math.MaxInt64}, {math.MaxInt64 - 1, math.MaxInt64}, {math.MinInt64, math.MinInt64}} {
		for range 100 {
			if n, err := r.Int(row[0], row[1]); err != nil || n < row[0] || n > row[1] {
				t.Fatalf("int(%d, %d) = %d, %v", row[0], row[1], n, err)
			}
		}
	}
	if _, err := r.Int(2, 1); err == nil {
		t.Error("a range the wrong way round was taken")
	}
	if _, err := r.Text(-1); err == nil {
		t.Error("a negative length was taken")
	}
}
