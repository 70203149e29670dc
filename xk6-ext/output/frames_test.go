package output

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results/recording"
)

const ms = int64(time.Millisecond)

// shown is a frame as text: its interval in milliseconds and the sum of its first point.
func shown(frames []*recording.Frame) []string {
	var list []string
	for _, f := range frames {
		list = append(list, fmt.Sprintf("%d-%d: %v", f.Start/ms, f.End/ms, f.Points[0].Sum))
	}
	return list
}

func TestFramesAreCutAtWholeSecondsFromZeroAndAtMarks(t *testing.T) {
	s := &series{id: 0, key: recording.Key{Metric: "n"}, kind: recording.Counter}
	type step func(fs *frames)
	add := func(at ...int64) step {
		return func(fs *frames) {
			for _, t := range at {
				fs.at(t*ms).add(s, 1)
			}
		}
	}
	mark := func(at int64) step { return func(fs *frames) { fs.mark(at * ms) } }
	anchor := func(zero, first int64) step { return func(fs *frames) { fs.anchorAt(zero*ms, first*ms) } }
	for _, row := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"a second ends where the next begins", []step{add(0, 999, 1000)}, []string{"0-1000: 2", "1000-2000: 1"}},
		{"a mark cuts a second", []step{mark(400), add(399, 400, 999)}, []string{"0-400: 1", "400-1000: 2"}},
		{"two marks cut it twice", []step{mark(700), mark(400), add(0, 500, 800)}, []string{"0-400: 1", "400-700: 1", "700-1000: 1"}},
		{"a mark twice is a mark", []step{mark(400), mark(400), add(399, 400)}, []string{"0-400: 1", "400-1000: 1"}},
		{"a mark on a second changes nothing", []step{mark(1000), add(999, 1000)}, []string{"0-1000: 1", "1000-2000: 1"}},
		{"what was gathered before a late mark stays before it", []step{add(100, 500), mark(400), add(500)}, []string{"0-400: 2", "400-1000: 1"}},
		{"seconds count from t = 0 once it is known", []step{add(100), anchor(2300, 300), add(299, 300, 1299, 1300)},
			[]string{"0-300: 2", "300-1300: 2", "1300-2300: 1"}},
		{"the load may begin within a second of the warm-up", []step{anchor(2300, 1500), add(1299, 1300, 2300)},
			[]string{"1000-1300: 1", "1300-2300: 1", "2300-3300: 1"}},
		{"frames begun behind the anchor move over", []step{add(100, 2100), anchor(1500, 1500), add(2200)},
			[]string{"0-1000: 1", "1500-2500: 2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			fs := newFrames(0)
			for _, step := range row.steps {
				step(fs)
			}
			got := shown(fs.take(1 << 62))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOnlyFramesThatAreOverAreTaken(t *testing.T) {
	s := &series{id: 3, key: recording.Key{Metric: "n"}, kind: recording.Counter}
	fs := newFrames(0)
	fs.at(1500*ms).add(s, 1)
	fs.at(500*ms).add(s, 1)
	if got := shown(fs.take(1999 * ms)); !cmp.Equal(got, []string{"0-1000: 1"}) {
		t.Errorf("took %v", got)
	}
	fs.at(500*ms).add(s, 1) // a late one makes a further frame of the same interval
	if got := shown(fs.take(2000 * ms)); !cmp.Equal(got, []string{"0-1000: 1", "1000-2000: 1"}) {
		t.Errorf("took %v", got)
	}
}

func TestPointsGatherByKind(t *testing.T) {
	for _, row := range []struct {
		kind recording.Kind
		want recording.Point
	}{
		{recording.Counter, recording.Point{Sum: 1}},
		{recording.Rate, recording.Point{Trues: 2, Total: 3}},
		{recording.Gauge, recording.Point{Last: -2, Min: -2, Max: 3}},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			s := &series{key: recording.Key{Metric: "m"}, kind: row.kind}
			// Once in one frame, once merged from two.
			whole, left, right := &frame{}, newFrames(0), &frame{}
			for i, v := range []float64{3, 0, -2} {
				whole.add(s, v)
				if i == 0 {
					left.at(0).add(s, v)
				} else {
					right.add(s, v)
				}
			}
			left.merge(right)
			row.want.Key, row.want.Kind = s.key, row.kind
			for _, got := range []*recording.Point{whole.points[0], left.at(0).points[0]} {
				if diff := cmp.Diff(row.want, *got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
