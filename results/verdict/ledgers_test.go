package verdict

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/ledger"
)

// told is a file of ledgers with what sources told.
func told(t *testing.T, sources map[string]func(*ledger.Book)) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := ledger.NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	for source, tell := range sources {
		book := ledger.NewBook()
		tell(book)
		if err := book.Blocks(source, w.Write); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

func page(t *testing.T, b *ledger.Book, name string) *ledger.Ledger {
	t.Helper()
	l, err := b.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// shop is a script that had 10,000 orders acknowledged and looked after all of them, and a limiter that let 100 a minute pass.
func shop(t *testing.T) func(*ledger.Book) {
	return func(b *ledger.Book) {
		orders, limiter := page(t, b, "orders"), page(t, b, "limiter")
		for range 10_000 {
			id := orders.Next()
			orders.Ack(id)
			orders.See(id)
		}
		for i := range 200 {
			limiter.Admit("ann", zero.Add(time.Duration(i/100)*time.Minute+time.Duration(1+i%100)*time.Millisecond))
			limiter.Admit("bob", zero.Add(time.Duration(i)*time.Second+time.Millisecond))
		}
	}
}

func TestInvariants(t *testing.T) {
	lossy := func(b *ledger.Book) {
		orders := page(t, b, "orders")
		for range 10_000 {
			id := orders.Next()
			orders.Ack(id)
			if id != 7_321 {
				orders.See(id)
			}
		}
	}
	many := func(n uint64, more func(l *ledger.Ledger)) func(*ledger.Book) {
		return func(b *ledger.Book) {
			l := page(t, b, "orders")
			for range n {
				id := l.Next()
				l.Ack(id)
				l.See(id)
			}
			more(l)
		}
	}
	acked := func(b *ledger.Book) {
		l := page(t, b, "orders")
		for range 10 {
			l.Ack(l.Next())
		}
	}
	onlyScript := &results.Ledgers{Path: "ledgers-1.brunt", Script: []string{"limiter", "orders"}}
	receiving := func(read bool, reason string) *results.Ledgers {
		return &results.Ledgers{Path: "ledgers-1.brunt", Script: []string{"orders"}, Receivers: []results.Receiver{{Ledger: "orders", Service: "sink", Read: read, Reason: reason}}}
	}
	one := func(tell func(*ledger.Book)) map[string]func(*ledger.Book) {
		return map[string]func(*ledger.Book){results.ScriptSource: tell}
	}
	both := func(tell func(*ledger.Ledger)) map[string]func(*ledger.Book) {
		return map[string]func(*ledger.Book){results.ScriptSource: acked, results.ReceiverSource("sink"): func(b *ledger.Book) { tell(page(t, b, "orders")) }}
	}
	over := func(b *ledger.Book) {
		shop(t)(b)
		page(t, b, "limiter").Admit("ann", zero.Add(80*time.Second))
	}
	for _, row := range []struct {
		name, slo string
		ledgers   *results.Ledgers
		sources   map[string]func(*ledger.Book)
		outcome   results.Outcome
		value     float64
		reason    string
	}{
		{"nothing lost", "lost(orders) == 0", onlyScript, one(shop(t)), results.Pass, 0, ""},
		{"one in ten thousand lost", "lost(orders) == 0", onlyScript, one(lossy), results.Fail, 1, "1 of 10000 acknowledged ids: ids 7321"},
		{"one in ten thousand is a share", "lost(orders) <= 0.01%", onlyScript, one(lossy), results.Pass, 0.0001, "1 of 10000 acknowledged ids"},
		{"a smaller share is exceeded", "lost(orders) < 0.01%", onlyScript, one(lossy), results.Fail, 0.0001, "7321"},
		{"all lost", "lost(orders) == 0", onlyScript, one(acked), results.Fail, 10, "10 of 10 acknowledged ids: ids 1, 2, 3, 4, 5 and 5 more; nothing arrived at all"},
		{"nothing acknowledged", "lost(orders) == 0", onlyScript, one(func(b *ledger.Book) { page(t, b, "orders").Next() }), results.Inconclusive, none, "no id was acknowledged"},
		{"what arrives of a cut-off iteration is told and not lost", "lost(orders) == 0", onlyScript,
			one(many(3, func(l *ledger.Ledger) { l.Ack(8); l.See(9) })), results.Fail, 1, "ids 8; 1 id arrived without having been acknowledged"},

		{"nothing duplicated", "duplicated(orders) == 0", onlyScript, one(shop(t)), results.Pass, 0, ""},
		{"a duplicate", "duplicated(orders) == 0", onlyScript, one(many(99, func(l *ledger.Ledger) { l.See(42) })), results.Fail, 1, "1 of 100 arrivals: ids 42"},
		{"duplicates are a share of what arrived", "duplicated(orders) <= 2%", onlyScript,
			one(many(98, func(l *ledger.Ledger) { l.See(42); l.See(42) })), results.Pass, 0.02, "2 of 100 arrivals: ids 42"},
		{"one more is too many", "duplicated(orders) <= 2%", onlyScript,
			one(many(98, func(l *ledger.Ledger) { l.See(42); l.See(42); l.See(42) })), results.Fail, 3.0 / 101, "3 of 101 arrivals"},
		{"nothing arrived", "duplicated(orders) == 0", onlyScript, one(acked), results.Inconclusive, none, "nothing arrived"},

		{"in order", "reordered(orders) == 0", onlyScript, one(many(0, func(l *ledger.Ledger) { l.SeeInOrder(1, "a", 1); l.SeeInOrder(2, "a", 2) })), results.Pass, 0, ""},
		{"out of order", "reordered(orders) == 0", onlyScript, one(many(0, func(l *ledger.Ledger) { l.SeeInOrder(2, "a", 2); l.SeeInOrder(1, "a", 1) })),
			results.Fail, 1, "1 of 2 arrivals with a key: ids 1"},
		{"no order", "reordered(orders) == 0", onlyScript, one(shop(t)), results.Inconclusive, none, "nothing arrived with a key"},

		{"all of a known id", "unknown(orders) == 0", onlyScript, one(shop(t)), results.Pass, 0, ""},
		{"one of no known id", "unknown(orders) == 0", onlyScript, one(many(3, func(l *ledger.Ledger) { l.See(4) })), results.Fail, 1, "1 of 4 ids that arrived: ids 4"},
		{"ids that are the service's own", "unknown(orders) == 0", onlyScript, one(many(0, func(l *ledger.Ledger) { l.See(4) })), results.Inconclusive, none, "issued no id"},

		{"admitted as often as may be", "admitted(limiter) <= 100 per 60s", onlyScript, one(shop(t)), results.Pass, 100, ""},
		{"one too many in a true window", "admitted(limiter) <= 100 per 60s", onlyScript, one(over), results.Fail, 101, "key ann: 101 in the 60s up to 80s"},
		{"in a phase that has it", "admitted(limiter) <= 100 per 60s in recovery", onlyScript, one(over), results.Fail, 101, "key ann: 101"},
		{"in one that has not", "admitted(limiter) <= 100 per 60s in redis-slow", onlyScript, one(over), results.Pass, 60, ""},
		{"in one without admissions", "admitted(limiter) <= 100 per 60s in warmup", onlyScript, one(over), results.Inconclusive, none, "nothing was admitted in warmup"},
		{"nothing admitted", "admitted(orders) <= 100 per 60s", onlyScript, one(acked), results.Inconclusive, none, "nothing was admitted, so"},
		{"a shorter window", "admitted(limiter) <= 99 per 100ms", onlyScript, one(shop(t)), results.Fail, 100, "key ann: 100 in the 100ms up to 100ms"},

		{"received elsewhere", "lost(orders) == 0", receiving(true, ""), both(func(l *ledger.Ledger) {
			for id := range uint64(10) {
				l.See(id + 1)
			}
		}), results.Pass, 0, ""},
		{"not received elsewhere", "lost(orders) == 0", receiving(true, ""), both(func(l *ledger.Ledger) { l.See(1) }), results.Fail, 9, "ids 2, 3, 4, 5, 6 and 4 more"},
		{"a receiver that could not be read", "lost(orders) == 0", receiving(false, "connection refused"), one(acked), results.Inconclusive, none,
			"what sink received could not be read: connection refused"},
		{"a receiver that was not kept", "lost(orders) == 0", receiving(true, ""), one(acked), results.Inconclusive, none, "what sink received was not kept in full"},
		{"a generator that died", "lost(orders) == 0", onlyScript, map[string]func(*ledger.Book){}, results.Inconclusive, none, "ended before it told its ledgers"},
		{"a ledger that was made and never used", "lost(limiter) == 0", onlyScript, one(func(b *ledger.Book) { page(t, b, "limiter") }), results.Inconclusive, none, "no id was acknowledged"},
		{"a ledger that nobody made", "lost(other) == 0", onlyScript, one(shop(t)), results.Inconclusive, none, "kept no ledger other"},
		{"a trial without ledgers", "lost(orders) == 0", nil, one(shop(t)), results.Inconclusive, none, "the trial kept no ledger"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := told(t, row.sources)
			v := judgeLedgers(t, row.slo, row.ledgers, file, nil)
			check(t, v, row.outcome, row.value, row.reason)
		})
	}
}

// judgeLedgers judges a trial that kept a file of ledgers.
func judgeLedgers(t *testing.T, text string, kept *results.Ledgers, file []byte, change func(*results.Trial)) results.Verdict {
	t.Helper()
	trial := completeTrial()
	trial.Ledgers = kept
	if change != nil {
		change(&trial)
	}
	quietly := record(t, frames(func(int) second { return quiet() }))
	v, err := Judgement(askRun(trial, asked(text)...), func(tr results.Trial) (io.ReadCloser, error) {
		switch tr.Recording {
		case "ledgers-1.brunt":
			return io.NopCloser(bytes.NewReader(file)), nil
		case "gone":
			return nil, fs.ErrNotExist
		}
		return opening(quietly)(tr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestInvariantsAndTheTrial(t *testing.T) {
	kept := &results.Ledgers{Path: "ledgers-1.brunt", Script: []string{"orders"}}
	twice := told(t, map[string]func(*ledger.Book){results.ScriptSource: func(b *ledger.Book) {
		shop(t)(b)
		page(t, b, "orders").See(1)
		page(t, b, "orders").Ack(20_000)
	}})
	unfit := func(tr *results.Trial) { tr.Fitness.Fit, tr.Fitness.Saturated = false, true }
	aborted := func(tr *results.Trial) { tr.Status = results.StatusAborted }
	for _, row := range []struct {
		name, slo string
		kept      *results.Ledgers
		file      []byte
		change    func(*results.Trial)
		outcome   results.Outcome
		says      string
	}{
		{"an unfit generator puts no fail in doubt", "duplicated(orders) == 0", kept, twice, unfit, results.Fail, "ids 1"},
		{"and no pass", "reordered(orders) == 0", kept, told(t, map[string]func(*ledger.Book){results.ScriptSource: func(b *ledger.Book) {
			page(t, b, "orders").SeeInOrder(1, "a", 1)
		}}), unfit, results.Pass, ""},
		{"an aborted trial never passes", "unknown(orders) == 0", kept, told(t, map[string]func(*ledger.Book){results.ScriptSource: shop(t)}), aborted, results.Inconclusive, "would be pass"},
		{"what arrived twice did so, aborted or not", "duplicated(orders) == 0", kept, twice, aborted, results.Fail, "ids 1"},
		{"what was in flight then is not lost", "lost(orders) == 0", kept, twice, aborted, results.Inconclusive, "can't be told from what was lost"},
		{"a torn file", "duplicated(orders) == 0", kept, twice[:len(twice)-5], nil, results.Inconclusive, "ended before it told its ledgers"},
		{"a file that is gone", "duplicated(orders) == 0", &results.Ledgers{Path: "gone"}, twice, nil, results.Inconclusive, "were not kept"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := judgeLedgers(t, row.slo, row.kept, row.file, row.change)
			e := v.Evidence[0]
			if e.Outcome != row.outcome || !strings.Contains(e.Reason, row.says) {
				t.Errorf("%s: %s, want %s: %s", e.Outcome, e.Reason, row.outcome, row.says)
			}
		})
	}
	t.Run("a damaged file is an error", func(t *testing.T) {
		damaged := bytes.Clone(twice)
		damaged[40] ^= 0xff
		trial := completeTrial()
		trial.Ledgers = kept
		_, err := Judgement(askRun(trial, asked("lost(orders) == 0")...), func(tr results.Trial) (io.ReadCloser, error) {
			if tr.Recording == kept.Path {
				return io.NopCloser(bytes.NewReader(damaged)), nil
			}
			return opening(record(t, frames(func(int) second { return quiet() })))(tr)
		})
		if !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("got %v", err)
		}
	})
}
