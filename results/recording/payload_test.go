package recording

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results/histogram"
)

func TestADecodedFrameKeepsNothingOfThePayload(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	for _, want := range frames(histogram.Fine) {
		payload := e.Append([]byte("before"), want)[len("before"):]
		got, err := d.Decode(payload)
		if err != nil {
			t.Fatal(err)
		}
		for i := range payload {
			payload[i] = 0xee
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// FuzzDecoder feeds two payloads, as the second depends on the dictionary of the first.
func FuzzDecoder(f *testing.F) {
	e := NewEncoder()
	all := frames(histogram.Fine)
	f.Add(e.Append(nil, all[0]), e.Append(nil, all[1]))
	f.Add(e.Append(nil, all[2]), e.Append(nil, all[3]))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		e, d := NewEncoder(), NewDecoder()
		for _, payload := range [][]byte{first, second} {
			frame, err := d.Decode(payload)
			if err != nil {
				if !errors.Is(err, ErrPayload) {
					t.Fatalf("error %v is not ErrPayload", err)
				}
				return
			}
			if got := e.Append(nil, frame); !bytes.Equal(got, payload) {
				t.Fatalf("encoded again:\n%x\n%x", got, payload)
			}
		}
	})
}
