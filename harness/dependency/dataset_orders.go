package dependency

import (
	"bufio"
	"time"
)

const (
	ordersShare = 10 // one order in so many is customer 1's: one customer who is far larger than all others
	// ordersOther are the others, who share the rest evenly: the customers 2 to 2501. Of 400,000 orders they have so many each
	// that a plan made for any customer expects more than twenty in one status, and reads an index that has them in order. With
	// fewer it would fetch and sort all, which is right for them and, of customer 1, reads the whole table.
	ordersOther = 2500
	ordersEvery = 15 * time.Second // from one order to the next, on average: the order of ids is that of time
)

// ordersDataset is the order history of a shop, of about 130 bytes a row.
func ordersDataset() Dataset {
	return Dataset{
		Name: "orders", Table: "orders",
		Schema: `CREATE TABLE IF NOT EXISTS orders (
	id          bigint PRIMARY KEY,
	customer_id bigint NOT NULL,
	status      text NOT NULL,
	total_cents bigint NOT NULL,
	created_at  timestamptz NOT NULL,
	note        text NOT NULL
)`,
		Copy: "COPY orders (id, customer_id, status, total_cents, created_at, note) FROM STDIN",
		row:  orderRow,
	}
}

func orderRow(w *bufio.Writer, id int, r *generator) {
	statuses := [...]string{"pending", "paid", "paid", "paid", "paid", "paid", "paid", "shipped", "shipped", "cancelled"}
	customer := 1
	if r.below(ordersShare) > 0 {
		customer = 2 + r.below(ordersOther)
	}
	writeInt(w, int64(id))
	_ = w.WriteByte('\t')
	writeInt(w, int64(customer))
	_ = w.WriteByte('\t')
	_, _ = w.WriteString(statuses[r.below(len(statuses))])
	_ = w.WriteByte('\t')
	writeInt(w, int64(99+r.below(99901)))
	_ = w.WriteByte('\t')
	// No two orders of one moment: the newest twenty are the same twenty for everyone.
	created := epoch.Add(time.Duration(id)*ordersEvery + time.Duration(r.below(int(ordersEvery.Microseconds())))*time.Microsecond)
	_, _ = w.Write(created.AppendFormat(nil, "2006-01-02 15:04:05.000000+00"))
	_ = w.WriteByte('\t')
	writeWords(w, r, 8+r.below(8))
	_ = w.WriteByte('\n')
}
