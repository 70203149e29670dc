package dependency

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DatasetFormat is raised when a data set changes, so that snapshots of the old one are not taken for it.
const DatasetFormat = 1

// Dataset is a set of rows that is made from a seed: the same seed and number of rows make the same bytes, everywhere and
// for ever.
type Dataset struct {
	Name   string
	Schema string // creates its table unless it is there
	Table  string
	Copy   string // the COPY statement, text format
	row    func(w *bufio.Writer, id int, r *generator)
}

// Datasets lists the known data sets, each of which is a table of its name:
//
//	items     a catalogue
//	orders    of a shop, in the order of time: a tenth of one customer, the rest of 2,500 others
//	documents of 50 KB in one jsonb value each, with a status inside
//	users     of a forum: 5,000, or those who wrote are not all there
//	posts     of the forum
//	comments  on its posts: 28 on each, so 28 times as many as there are posts
func Datasets() []Dataset {
	return slices.Concat(
		[]Dataset{itemsDataset(), ordersDataset(), documentsDataset()},
		forumDatasets(),
	)
}

// itemsDataset is a catalogue.
func itemsDataset() Dataset {
	return Dataset{
		Name: "items", Table: "items",
		Schema: `CREATE TABLE IF NOT EXISTS items (
	id          bigint PRIMARY KEY,
	name        text NOT NULL,
	price_cents integer NOT NULL,
	stock       integer NOT NULL,
	description text NOT NULL,
	created_at  timestamptz NOT NULL
)`,
		Copy: "COPY items (id, name, price_cents, stock, description, created_at) FROM STDIN",
		row:  itemRow,
	}
}

// FindDataset returns the data set of that name; its error names those that there are.
func FindDataset(name string) (Dataset, error) {
	all := Datasets()
	if i := slices.IndexFunc(all, func(d Dataset) bool { return d.Name == name }); i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Name
	}
	return Dataset{}, fmt.Errorf("no data set is named %q (there are: %s)", name, strings.Join(names, ", "))
}

// Write writes rows rows in PostgreSQL's COPY text format. Every row depends on seed and id alone.
func (d Dataset) Write(w io.Writer, rows int, seed int64) error {
	b := bufio.NewWriterSize(w, 64<<10)
	for id := 1; id <= rows; id++ {
		r := newGenerator(seed, id)
		d.row(b, id, &r)
	}
	return b.Flush()
}

var (
	adjectives = []string{"amber", "brisk", "calm", "dusky", "early", "faint", "grand", "hardy", "inner", "jolly", "keen", "lucid", "mossy", "noble", "olive", "plain"}
	things     = []string{"anvil", "basket", "candle", "drawer", "easel", "funnel", "goblet", "hammer", "inkwell", "jar", "kettle", "ladder", "mirror", "needle", "oven", "pulley"}
	prose      = []string{"made", "of", "seasoned", "oak", "and", "brass", "for", "daily", "use", "in", "a", "small", "workshop", "with", "spare", "parts", "that", "fit", "older", "models", "too"}
)

// epoch is when the oldest item was created.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func itemRow(w *bufio.Writer, id int, r *generator) {
	var number [20]byte
	write := func(n int) { _, _ = w.Write(strconv.AppendInt(number[:0], int64(n), 10)) }
	write(id)
	fmt.Fprintf(w, "\t%s %s %d\t", adjectives[r.below(len(adjectives))], things[r.below(len(things))], id)
	write(99 + r.below(99901))
	_ = w.WriteByte('\t')
	write(r.below(1000))
	_ = w.WriteByte('\t')
	for i, n := 0, 12+r.below(13); i < n; i++ {
		if i > 0 {
			_ = w.WriteByte(' ')
		}
		_, _ = w.WriteString(prose[r.below(len(prose))])
	}
	created := epoch.Add(time.Duration(r.below(2*365*24*3600)) * time.Second)
	fmt.Fprintf(w, "\t%s\n", created.Format("2006-01-02 15:04:05+00"))
}

// generator is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). It is written
// out here because the bytes of a data set must not change with a version of Go.
type generator struct{ state uint64 }

func newGenerator(seed int64, id int) generator {
	g := generator{uint64(seed)}
	return generator{g.next() ^ uint64(id)*0x9e3779b97f4a7c15}
}

func (g *generator) next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	z := g.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is a number from 0 to n-1. Its bias of n in 2^64 is of no account.
func (g *generator) below(n int) int { return int(g.next() % uint64(n)) }

// LoadDataset creates the table of a data set unless it is there and fills it, which must not hold rows yet, with rows rows
// by one COPY.
func (i Instance) LoadDataset(ctx context.Context, name string, rows int, seed int64) error {
	if i.Kind != Postgres {
		return fmt.Errorf("data set %s: %w", name, errNoSQL)
	}
	d, err := FindDataset(name)
	if err != nil {
		return err
	}
	if rows < 1 {
		return fmt.Errorf("data set %s: %d rows were asked for; it takes 1 or more", name, rows)
	}
	if err := i.copyDataset(ctx, d, rows, seed); err != nil {
		return fmt.Errorf("data set %s: %w", name, err)
	}
	return nil
}

func (i Instance) copyDataset(ctx context.Context, d Dataset, rows int, seed int64) error {
	conn, err := dialPostgres(ctx, i)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, d.Schema); err != nil {
		return err
	}
	read, write := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := d.Write(write, rows, seed)
		written <- err
		write.CloseWithError(err)
	}()
	tag, err := conn.PgConn().CopyFrom(ctx, read, d.Copy)
	read.CloseWithError(errors.New("the copy has ended"))
	writeErr := <-written
	if err != nil {
		return err
	}
	if writeErr != nil {
		return writeErr
	}
	if got := tag.RowsAffected(); got != int64(rows) {
		return fmt.Errorf("%d rows were asked for, %d arrived in table %s", rows, got, d.Table)
	}
	return nil
}
