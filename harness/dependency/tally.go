package dependency

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Tally reads what a server has done, statement by statement and command by command, over a connection of its own that it
// keeps. What it asks itself is left out. It is for builds that are asked the same, one request after another: Counters tell
// the course of a load.
type Tally struct {
	instance Instance
	postgres *postgresCounting
	redis    *redisTally
}

// Done is what a server has done since it started.
type Done struct {
	Statements map[int64]StatementDone // of postgres, by pg_stat_statements' id; what begins and ends transactions is left out
	Commands   map[string]int64        // of redis, by name in upper case
	Bytes      int64                   // of redis, in and out
}

// StatementDone is what one statement has done.
type StatementDone struct{ Calls, Rows, Buffers, WAL int64 }

// WentBackError says that a server has done less than it had done before: somebody set its counters to nothing, or it forgot some of
// them. What was done meanwhile is not known.
type WentBackError struct{ what, cause string }

func (e *WentBackError) Error() string {
	return fmt.Sprintf("%s went back while it was counted: something set it to nothing (%s)", e.what, e.cause)
}

// Since is what was done since an earlier reading: only what is more than it was. It fails with *WentBackError where anything is less.
func (d Done) Since(earlier Done) (Done, error) {
	since := Done{Statements: map[int64]StatementDone{}, Commands: map[string]int64{}, Bytes: d.Bytes - earlier.Bytes}
	for id, e := range earlier.Statements {
		if s := d.Statements[id]; s.Calls < e.Calls || s.Rows < e.Rows || s.Buffers < e.Buffers || s.WAL < e.WAL {
			return Done{}, &WentBackError{"pg_stat_statements", "as pg_stat_statements_reset() does, or more statements than pg_stat_statements.max"}
		}
	}
	for name, calls := range earlier.Commands {
		if d.Commands[name] < calls {
			return Done{}, errRedisWentBack()
		}
	}
	if since.Bytes < 0 {
		return Done{}, errRedisWentBack()
	}
	for id, s := range d.Statements {
		e := earlier.Statements[id]
		if s != e {
			since.Statements[id] = StatementDone{s.Calls - e.Calls, s.Rows - e.Rows, s.Buffers - e.Buffers, s.WAL - e.WAL}
		}
	}
	for name, calls := range d.Commands {
		if calls != earlier.Commands[name] {
			since.Commands[name] = calls - earlier.Commands[name]
		}
	}
	return since, nil
}

func errRedisWentBack() error {
	return &WentBackError{"what redis tells in INFO", "as CONFIG RESETSTAT and a restart do"}
}

// withWAL is the first version whose pg_stat_statements counts the write-ahead log.
const withWAL = 130000

// Tally connects to the instance. Of postgres it takes care that what is written depends on what is asked alone, and not on when
// the last checkpoint was or vacuum came by: full_page_writes and autovacuum are off from then on.
func (i Instance) Tally(ctx context.Context) (*Tally, error) {
	t := &Tally{instance: i}
	c, err := i.engine.count(ctx, i)
	if err != nil {
		return nil, err
	}
	switch counting := c.(type) {
	case *postgresCounting:
		t.postgres = counting
		err = counting.settle(ctx)
	case *redisCounting:
		t.redis = &redisTally{redisSession: counting.redisSession}
	}
	if err != nil {
		t.Close(ctx)
		return nil, err
	}
	return t, nil
}

// Kind is that of the server.
func (t *Tally) Kind() string { return t.instance.Kind }

// Read is what the server has done.
func (t *Tally) Read(ctx context.Context) (Done, error) {
	if t.postgres != nil {
		return t.postgres.done(ctx)
	}
	return t.redis.done(ctx)
}

// Texts are the statements of a postgres as it normalises them, by id.
func (t *Tally) Texts(ctx context.Context) (map[int64]string, error) {
	if t.postgres == nil {
		return nil, nil
	}
	return t.postgres.texts(ctx)
}

// Close ends the connection.
func (t *Tally) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
	defer cancel()
	switch {
	case t.postgres != nil:
		t.postgres.close(ctx)
	case t.redis != nil:
		t.redis.close(ctx)
	}
}

// settle makes what statements cost the same from start to start. The server is one that brunt has started, and stops again.
func (c *postgresCounting) settle(ctx context.Context) error {
	if c.schema == "" {
		return errors.New("costs can't be counted: " + c.lacks)
	}
	if c.version < withWAL {
		return errors.New("costs can't be counted before PostgreSQL 13")
	}
	for _, question := range []string{
		"ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()",
	} {
		if _, err := c.conn.Exec(ctx, question); err != nil {
			return fmt.Errorf("postgres: %s: %w", question, err)
		}
	}
	return c.checkpoint(ctx)
}

// checkpoint makes one without full pages after it. The server's checkpointer takes up the setting in its own time, and tells with
// each checkpoint whether it has.
func (c *postgresCounting) checkpoint(ctx context.Context) error {
	for full := true; full; {
		if _, err := c.conn.Exec(ctx, "CHECKPOINT"); err != nil {
			return fmt.Errorf("postgres: CHECKPOINT: %w", err)
		}
		if err := c.conn.QueryRow(ctx, "SELECT full_page_writes FROM pg_control_checkpoint()").Scan(&full); err != nil {
			return fmt.Errorf("postgres: ask for the last checkpoint: %w", err)
		}
	}
	return nil
}

func (c *postgresCounting) done(ctx context.Context) (Done, error) {
	query := `SELECT queryid, sum(calls)::int8, sum(rows)::int8, sum(shared_blks_hit + shared_blks_read)::int8, sum(wal_bytes)::int8
FROM ` + c.schema + `.pg_stat_statements(false) WHERE queryid IS NOT NULL GROUP BY queryid`
	rows, err := c.conn.Query(ctx, query)
	if err != nil {
		return Done{}, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	d := Done{Statements: map[int64]StatementDone{}}
	var id int64
	var s StatementDone
	_, err = pgx.ForEachRow(rows, []any{&id, &s.Calls, &s.Rows, &s.Buffers, &s.WAL}, func() error {
		d.Statements[id] = s
		return nil
	})
	if err != nil {
		return Done{}, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	if err := c.markNew(ctx, len(d.Statements)); err != nil {
		return Done{}, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	for _, id := range c.marks {
		delete(d.Statements, id)
	}
	return d, nil
}

// markNew looks up again which statements only begin and end transactions, when there are more than there were.
func (c *postgresCounting) markNew(ctx context.Context, statements int) error {
	if c.marks != nil && float64(statements) == c.entries {
		return nil
	}
	c.entries = float64(statements)
	return c.mark(ctx)
}

func (c *postgresCounting) texts(ctx context.Context) (map[int64]string, error) {
	rows, err := c.conn.Query(ctx, "SELECT DISTINCT ON (queryid) queryid, query FROM "+c.schema+".pg_stat_statements(true) WHERE queryid IS NOT NULL ORDER BY queryid, query")
	if err != nil {
		return nil, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	texts := map[int64]string{}
	var id int64
	var text string
	_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		texts[id] = strings.Join(strings.Fields(text), " ")
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read pg_stat_statements: %w", err)
	}
	return texts, nil
}

// redisTally asks for two sections of INFO, and takes off the bytes that this took. They are counted before the answer is written.
type redisTally struct {
	redisSession
	bytes int // of ours, by the time that the next INFO is answered
}

// tallied is how long a server may take to answer.
const tallied = 5 * time.Second

func (c *redisTally) done(ctx context.Context) (Done, error) {
	ctx, cancel := context.WithTimeout(ctx, tallied)
	defer cancel()
	d := Done{Commands: map[string]int64{}}
	told := map[string]string{}
	for _, section := range []string{"stats", "commandstats"} {
		c.bytes += len("*2\r\n$4\r\ninfo\r\n$\r\n\r\n") + len(strconv.Itoa(len(section))) + len(section)
		if section == "stats" {
			d.Bytes = -int64(c.bytes)
		}
		text, err := c.client.Info(ctx, section).Result()
		if err != nil {
			return Done{}, fmt.Errorf("redis at %s does not answer: %w", c.client.Options().Addr, err)
		}
		c.bytes += len(text) + infoFrame + len(strconv.Itoa(len(text)+len("txt:")))
		maps.Copy(told, parseInfo(text))
	}
	for _, field := range []string{"total_net_input_bytes", "total_net_output_bytes"} {
		n, err := strconv.ParseInt(told[field], 10, 64)
		if err != nil {
			return Done{}, fmt.Errorf("redis at %s does not tell its %s", c.client.Options().Addr, field)
		}
		d.Bytes += n
	}
	for field, value := range told {
		name, ok := strings.CutPrefix(field, "cmdstat_")
		if !ok || name == "info" {
			continue
		}
		calls, _, _ := strings.Cut(strings.TrimPrefix(value, "calls="), ",")
		n, err := strconv.ParseInt(calls, 10, 64)
		if err != nil {
			return Done{}, fmt.Errorf("redis at %s tells of %s: %q", c.client.Options().Addr, field, value)
		}
		d.Commands[strings.ToUpper(strings.ReplaceAll(name, "|", " "))] = n
	}
	return d, nil
}
