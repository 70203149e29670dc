package executor

import (
	"testing"
	"time"
)

func TestScenariosBeginAtTheirPlacesHoweverLateTheyAreCalled(t *testing.T) {
	now := time.Now()
	e := &Epoch{}
	if got := e.begin(2*time.Second, now.Add(2*time.Second)); !got.Equal(now.Add(2 * time.Second)) {
		t.Errorf("the first begins %v from when it is called", got.Sub(now)-2*time.Second)
	}
	for _, late := range []time.Duration{-time.Millisecond, 0, 40 * time.Millisecond} {
		if got := e.begin(0, now.Add(late)); !got.Equal(now) {
			t.Errorf("called %v late, one at 0 begins at %v", late, got.Sub(now))
		}
		if got := e.begin(5*time.Second, now.Add(5*time.Second+late)); !got.Equal(now.Add(5 * time.Second)) {
			t.Errorf("called %v late, one at 5 s begins at %v", late, got.Sub(now))
		}
	}
	if got := (*Epoch)(nil).begin(time.Second, now); !got.Equal(now) {
		t.Errorf("without an epoch one begins %v from when it is called", got.Sub(now))
	}
}
