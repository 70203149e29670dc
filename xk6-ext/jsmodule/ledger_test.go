package jsmodule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results/ledger"
)

func TestScriptsCountInLedgers(t *testing.T) {
	book := ledger.NewBook()
	_, err := script(t, Options{Ledgers: book}, 1, nil, `
		const orders = brunt.ledger('orders'), same = brunt.ledger('orders'), events = brunt.ledger('events');
		for (let i = 0; i < 5; i++) {
			const id = i % 2 ? orders.next() : same.next();
			orders.acked(id);
			if (id !== 4) same.seen(String(id));
		}
		orders.seen(2);
		events.seen(7, { key: 'ann', sequence: 2 });
		events.seen(8, { key: 'ann', sequence: 1 });
		events.seen(2, { key: 5 });
		events.seen(1, { key: 5 });
		events.admitted('ann', 1767225600000.5);
		events.admitted('ann', new Date(1767225600001));
		events.admitted();`)
	if err != nil {
		t.Fatal(err)
	}
	orders, events := book.Ledger("orders"), book.Ledger("events")
	for _, row := range []struct{ what, got, want string }{
		{"lost", fmt.Sprint(orders.Lost()), "{1 5 1 [4]}"},
		{"duplicated", fmt.Sprint(orders.Duplicated()), "{1 5 1 [2]}"},
		{"issued", fmt.Sprint(orders.Issued()), "5"},
		{"reordered", fmt.Sprint(events.Reordered()), "{2 4 2 [8 1]}"},
		{"admitted", fmt.Sprint(events.Admissions()), "3"},
		{"names", fmt.Sprint(book.Names()), "[events orders]"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %s, want %s", row.what, row.got, row.want)
		}
	}
}

func TestSlipsWithLedgersAreExceptions(t *testing.T) {
	for _, row := range []struct{ text, says string }{
		{"brunt.ledger('two words')", "can't be the name of a ledger"},
		{"brunt.ledger()", "can't be the name of a ledger"},
		{"l.acked()", "l.acked: undefined is no id"},
		{"l.acked(null)", "l.acked: null is no id"},
		{"l.acked(1.5)", "l.acked: 1.5 is no id"},
		{"l.seen(-1)", "l.seen: -1 is no id"},
		{"l.seen('abc')", "l.seen: abc is no id"},
		{"l.seen({})", "is no id"},
		{"l.seen(2 ** 53)", "is no id"},
		{"l.seen(NaN)", "NaN is no id"},
		{"l.seen(1, {})", "key is missing"},
		{"l.seen(1, { key: 'a', sequence: -2 })", "-2 is no id"},
		{"l.admitted('k'.repeat(257))", "a key has at most 256 bytes"},
		{"l.admitted('k', 1767225600)", "is no time"},
		{"l.admitted('k', 'now')", "is no time"},
	} {
		t.Run(row.text, func(t *testing.T) {
			_, err := script(t, Options{Ledgers: ledger.NewBook()}, 1, nil, "const l = brunt.ledger('l'); "+row.text)
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
	_, err := script(t, Options{Ledgers: ledger.NewBook()}, 1, func() uint64 { return 1 }, "brunt.ledger('late')")
	if err == nil || !strings.Contains(err.Error(), "belongs into the init context") {
		t.Errorf("in an iteration: %v", err)
	}
}
