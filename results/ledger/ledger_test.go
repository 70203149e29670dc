package ledger

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t testing.TB, name string) *Ledger {
	t.Helper()
	l, err := NewBook().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// copied is the book as it is after having been written down and read again.
func copied(t testing.TB, from *Book) *Book {
	t.Helper()
	to := &Book{}
	if err := from.Blocks("test", to.Take); err != nil {
		t.Fatal(err)
	}
	if !to.Ended("test") {
		t.Error("the source did not end")
	}
	return to
}

func TestWhatIsPlantedIsFoundExactly(t *testing.T) {
	const n = 10_000
	book := NewBook()
	orders, err := book.Open("orders")
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		id := orders.Next()
		orders.Ack(id)
		if id != 7_321 {
			orders.See(id)
		}
		if id == 42 {
			orders.See(id)
		}
	}
	orders.See(n + 1) // never issued, never acknowledged
	for name, l := range map[string]*Ledger{"at once": orders, "read again": copied(t, book).Ledger("orders")} {
		t.Run(name, func(t *testing.T) {
			for _, row := range []struct {
				what      string
				got, want Finding
			}{
				{"lost", l.Lost(), Finding{1, n, 1, []uint64{7_321}}},
				{"duplicated", l.Duplicated(), Finding{1, n + 1, 1, []uint64{42}}},
				{"unknown", l.Unknown(), Finding{1, n, 1, []uint64{n + 1}}},
				{"not acknowledged", l.Unasked(), Finding{1, n, 1, []uint64{n + 1}}},
			} {
				if diff := cmp.Diff(row.want, row.got); diff != "" {
					t.Errorf("%s: -want +got:\n%s", row.what, diff)
				}
			}
		})
	}
}

func TestIDsAreUniqueWhoeverAsks(t *testing.T) {
	l := open(t, "orders")
	const vus, each = 20, 1000
	var all sync.WaitGroup
	for range vus {
		all.Go(func() {
			for range each {
				id := l.Next()
				l.Ack(id)
				l.See(id)
			}
		})
	}
	all.Wait()
	if l.Issued() != vus*each || l.acked.Len() != vus*each || l.Lost().Count+l.Duplicated().Count != 0 {
		t.Errorf("issued %d, acknowledged %d, lost %v, duplicated %v", l.Issued(), l.acked.Len(), l.Lost(), l.Duplicated())
	}
}

func TestOrderIsThatOfFirstArrivalsWithinAKey(t *testing.T) {
	type arrival struct {
		id       uint64
		key      string
		sequence uint64
	}
	for _, row := range []struct {
		name     string
		arrivals []arrival
		want     Finding
	}{
		{"rising sequences are in order", []arrival{{1, "a", 1}, {2, "a", 2}, {3, "a", 9}}, Finding{Of: 3}},
		{"keys do not order each other", []arrival{{5, "a", 5}, {1, "b", 1}, {6, "a", 6}}, Finding{Of: 3}},
		{"each that comes after a higher one counts", []arrival{{5, "a", 5}, {3, "a", 3}, {4, "a", 4}, {6, "a", 6}}, Finding{2, 4, 2, []uint64{3, 4}}},
		{"what comes again is a duplicate and not reordered", []arrival{{1, "a", 1}, {2, "a", 2}, {1, "a", 1}}, Finding{Of: 3}},
		{"equal sequences are in order", []arrival{{1, "a", 7}, {2, "a", 7}}, Finding{Of: 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := open(t, "events")
			for _, a := range row.arrivals {
				l.SeeInOrder(a.id, a.key, a.sequence)
			}
			if diff := cmp.Diff(row.want, l.Reordered()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWindowsAreTrueOnes(t *testing.T) {
	zero := time.Unix(1_767_225_600, 0)
	at := func(seconds ...float64) []time.Time {
		var all []time.Time
		for _, s := range seconds {
			all = append(all, zero.Add(time.Duration(s*1e9)))
		}
		return all
	}
	for _, row := range []struct {
		name     string
		admitted []time.Time
		count    uint64
		until    float64
	}{
		{"an edge of the clock's minutes is none", at(58, 59, 59.5, 60.5, 61), 5, 61},
		{"exactly a window apart are in none together", at(0, 60, 120), 1, 0},
		{"a microsecond less are", at(0, 59.999999), 2, 59.999999},
		{"times may be told late", at(50, 10, 30, 200), 3, 50},
		{"the first of equals", at(1, 2, 100, 101), 2, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			book := NewBook()
			l, err := book.Open("limiter")
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range row.admitted {
				l.Admit("k", a)
			}
			for _, l := range []*Ledger{l, copied(t, book).Ledger("limiter")} {
				w := l.Densest(time.Minute, 1, nil)
				if w.Count != row.count || w.Until.Sub(zero).Seconds() != row.until || w.Key != "k" || w.Admissions != uint64(len(row.admitted)) {
					t.Errorf("got %+v, %g s", w, w.Until.Sub(zero).Seconds())
				}
			}
		})
	}
	t.Run("one too many in a hundred, of one key among many", func(t *testing.T) {
		l := open(t, "limiter")
		for key := range 50 {
			n := 100
			if key == 33 {
				n++
			}
			for i := range n {
				l.Admit(fmt.Sprintf("key-%d", key), zero.Add(time.Duration(i)*time.Second/2))
			}
		}
		if w := l.Densest(time.Minute, 100, nil); w.Count != 101 || w.Key != "key-33" || w.Over != 1 || w.Admissions != 5001 {
			t.Errorf("got %+v", w)
		}
		late := func(at time.Time) bool { return at.After(zero.Add(time.Hour)) }
		if w := l.Densest(time.Minute, 100, late); w.Count != 0 || w.Admissions != 0 {
			t.Errorf("where nothing was admitted: %+v", w)
		}
	})
}

// TestWindowsAreThoseOfTheDefinition counts each window anew.
func TestWindowsAreThoseOfTheDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var at []int64
		for range random.IntN(60) {
			at = append(at, random.Int64N(1000))
		}
		slices.Sort(at)
		length := 1 + random.Int64N(300)
		var want uint64
		for _, end := range at {
			n := uint64(0)
			for _, t := range at {
				if t > end-length && t <= end {
					n++
				}
			}
			want = max(want, n)
		}
		if got := densest(at, time.Duration(length)*time.Microsecond, nil); got.Count != want {
			t.Fatalf("%v in windows of %d: %d, want %d", at, length, got.Count, want)
		}
	}
}

// TestASetIsASet holds it against a map: dense, sparse and mixed ids, in any order.
func TestASetIsASet(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, span := range []uint64{100, 5_000, 70_000, 1 << 20, MaxID} {
		var s Set
		model := map[uint64]bool{}
		for range 20_000 {
			id := random.Uint64N(span + 1)
			if s.Add(id) == model[id] {
				t.Fatalf("%d: added %v, was there %v", id, !model[id], model[id])
			}
			model[id] = true
		}
		var ids []uint64
		for id := range s.All() {
			ids = append(ids, id)
			if !model[id] || !s.Has(id) {
				t.Fatalf("%d is in no model", id)
			}
		}
		if len(ids) != len(model) || s.Len() != uint64(len(model)) || !slices.IsSorted(ids) || s.Has(span+1) {
			t.Errorf("up to %d: %d ids, of length %d, want %d", span, len(ids), s.Len(), len(model))
		}
	}
}

func TestSourcesAddUp(t *testing.T) {
	trial := &Book{}
	for source, tell := range map[string]func(*Ledger){
		"script":     func(l *Ledger) { l.Ack(l.Next()); l.Ack(l.Next()); l.Ack(l.Next()) },
		"receiver a": func(l *Ledger) { l.See(1); l.See(2) },
		"receiver b": func(l *Ledger) { l.See(2); l.See(70_000) },
	} {
		book := NewBook()
		l, err := book.Open("orders")
		if err != nil {
			t.Fatal(err)
		}
		tell(l)
		if err := book.Blocks(source, trial.Take); err != nil {
			t.Fatal(err)
		}
	}
	l := trial.Ledger("orders")
	if got := l.Lost(); got.Count != 1 || got.First[0] != 3 {
		t.Errorf("lost %+v, want 3", got)
	}
	if got := l.Duplicated(); got.Count != 1 || got.Of != 4 || got.First[0] != 2 {
		t.Errorf("duplicated %+v, want 2 in 4 arrivals", got)
	}
	if got := l.Unknown(); got.Count != 1 || got.First[0] != 70_000 {
		t.Errorf("unknown %+v, want 70000", got)
	}
}

func TestMissingIsWhatNobodyHasSeen(t *testing.T) {
	a, b, c := open(t, "a"), open(t, "b"), open(t, "c")
	for id := range uint64(10) {
		a.Ack(id)
	}
	a.See(1)
	b.See(2)
	b.Ack(3)
	b.Ack(100)
	c.See(4)
	if got := Missing(a, b, c); got != 8 {
		t.Errorf("%d are missing, want 8: 0, 3, 5 to 9 and 100", got)
	}
}

func TestNoMoreIsKeptThanThereIsRoomFor(t *testing.T) {
	for name, tell := range map[string]func(*Ledger, int){
		"ids far apart":   func(l *Ledger, i int) { l.Ack(uint64(i) << chunkBits) },
		"many admissions": func(l *Ledger, i int) { l.Admit("k", time.UnixMicro(int64(i%2)<<40)) },
		"many keys":       func(l *Ledger, i int) { l.Admit(fmt.Sprint(i), time.UnixMicro(0)) },
		"many orders":     func(l *Ledger, i int) { l.SeeInOrder(uint64(i), fmt.Sprint(i), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			book := NewBook()
			l, err := book.Open("x")
			if err != nil {
				t.Fatal(err)
			}
			book.budget.left.Store(4 << 20)
			for i := 0; i < 5_000_000 && l.full == ""; i++ {
				tell(l, i)
			}
			if l.Full() == "" {
				t.Fatal("never full")
			}
			kept := l.acked.Len()
			tell(l, 1<<30) // neither kept nor fatal
			if l.acked.Len() > kept+1 {
				t.Errorf("%d ids, after %d when it was full", l.acked.Len(), kept)
			}
			if copied(t, book).Ledger("x").Full() != l.Full() {
				t.Error("that it was full is not told")
			}
		})
	}
}

func TestNamesStandInSLOs(t *testing.T) {
	book := NewBook()
	for _, name := range []string{"", "a b", "a(", "ä", string(make([]byte, MaxName+1))} {
		if _, err := book.Open(name); err == nil {
			t.Errorf("%q is let through", name)
		}
	}
	for i := range mostLedgers {
		if _, err := book.Open(fmt.Sprintf("l-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := book.Open("one-more"); err == nil {
		t.Error("there is no bound to ledgers")
	}
	a, _ := book.Open("l-1")
	if b, err := book.Open("l-1"); err != nil || a != b {
		t.Errorf("the second time it is another ledger (%v)", err)
	}
}

// TestTenMillionIDsAreSmall measures what a process that counts them, and one that judges them, takes.
func TestTenMillionIDsAreSmall(t *testing.T) {
	const n = 10_000_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	book := NewBook()
	l, err := book.Open("orders")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range n {
		id := l.Next()
		l.Ack(id)
		if id%10_000 != 77 {
			l.SeeInOrder(id, "k", id)
		}
		l.Admit("k", began.Add(time.Duration(id)*100*time.Microsecond))
	}
	took := time.Since(began)
	child := heap() - before
	stored := 0
	judged := &Book{}
	if err := book.Blocks("script", func(b []byte) error { stored += len(b) + frameHeader; return judged.Take(b) }); err != nil {
		t.Fatal(err)
	}
	both := heap() - before
	t.Logf("10 M ids, acknowledged, seen and admitted: %v, %d ns each; %.1f MB, with the judge's %.1f MB, stored %.1f MB",
		took.Round(time.Millisecond), took.Nanoseconds()/n, float64(child)/1e6, float64(both)/1e6, float64(stored)/1e6)
	if both > 150e6 {
		t.Errorf("%d bytes", both)
	}
	if lost := judged.Ledger("orders").Lost(); lost.Count != n/10_000 || lost.First[0] != 77 {
		t.Errorf("lost %+v", lost)
	}
	if w := judged.Ledger("orders").Densest(time.Second, 0, nil); w.Count != 10_000 {
		t.Errorf("%+v", w)
	}
	runtime.KeepAlive(book)
}
