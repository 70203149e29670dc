package dependency

import (
	"context"
	"strconv"
	"strings"
	"sync"
)

// Counters reads what a running server counts by itself, over a connection of its own that it keeps, straight to the server and
// through no link. What it costs the server by asking is taken off.
//
// Of postgres (of PostgreSQL 13 and later):
//
//	postgres_queries_total             statements that pg_stat_statements counts, but for those that begin and end transactions and savepoints
//	postgres_rows_total                rows that they returned or changed
//	postgres_buffers_total             shared buffers that they asked for: found or read
//	postgres_buffers_read_total        those of them that were read
//	postgres_statements_evicted_total  entries that pg_stat_statements dropped for want of room; from then on the four above are too low
//	postgres_wal_bytes_total           by which the write-ahead log grew (pg_current_wal_lsn)
//	postgres_transactions_total        committed and rolled back
//	postgres_deadlocks_total
//	postgres_temp_bytes_total          written to temporary files
//	postgres_connections               clients
//	postgres_relation_bytes            on disk, of all tables and indexes of the databases that are not the server's own
//
// Transactions, deadlocks and temporary files come from pg_stat_database, to which a busy session adds once a second and an idle
// one after ten: of a short phase they say little. All else is exact at every moment, as far as no statement is under way.
//
// Of redis (INFO): redis_commands_total (commands processed, those in scripts and transactions included), redis_keyspace_hits_total,
// redis_keyspace_misses_total, redis_evicted_keys_total, redis_expired_keys_total, redis_connections_total (accepted),
// redis_net_input_bytes_total, redis_net_output_bytes_total, redis_memory_bytes (used_memory), redis_keys,
// redis_keys_without_ttl, redis_connected_clients, redis_blocked_clients.
type Counters struct {
	instance Instance
	own      func() float64

	mu      sync.Mutex
	session counting // nil while there is none
	epoch   string   // of the last reading
	highest map[string]float64
	lacks   string
}

// counting is a connection over which a server tells its counters.
type counting interface {
	read(ctx context.Context) (reading, error)
	close(ctx context.Context)
}

// reading is what a server tells at one moment.
type reading struct {
	epoch string // another one after a restart, which begins all counters anew
	lacks string // what can't be told here, and why; empty: nothing
	names []string
	told  map[string]float64
}

func (r *reading) tell(name string, v float64) {
	r.names = append(r.names, name)
	r.told[name] = v
}

// Counters makes a reader of the instance's counters. own says how many commands brunt itself has sent to the server by other
// connections, as probes of a fault's effect do; nil: none. They are taken off, where the server does not tell them apart.
func (i Instance) Counters(own func() float64) *Counters {
	if own == nil {
		own = func() float64 { return 0 }
	}
	return &Counters{instance: i, own: own, highest: map[string]float64{}}
}

// Tell is what the server counts now, in Prometheus's text format.
func (c *Counters) Tell(ctx context.Context) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		session, err := c.instance.engine.count(ctx, c.instance)
		if err != nil {
			return nil, err
		}
		c.session = session
	}
	own := c.own() // before the server is asked, so that what is taken off was counted
	r, err := c.session.read(ctx)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		c.session.close(ctx)
		c.session = nil
		return nil, err
	}
	if v, ok := r.told[redisCommands]; ok {
		r.told[redisCommands] = v - own
	}
	c.lacks = r.lacks
	return c.text(r), nil
}

// Lacks says what the server could not tell when it was last asked, and why; empty when it told everything.
func (c *Counters) Lacks() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lacks
}

// Close ends the connection.
func (c *Counters) Close(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		c.session.close(ctx)
		c.session = nil
	}
}

// text writes a reading. What is taken off, and what a server forgets, must not let a counter fall: that is what a restart looks
// like.
func (c *Counters) text(r reading) []byte {
	if r.epoch != c.epoch {
		c.epoch, c.highest = r.epoch, map[string]float64{}
	}
	var b []byte
	for _, name := range r.names {
		v, kind := r.told[name], "gauge"
		if strings.HasSuffix(name, "_total") {
			v, kind = max(v, c.highest[name]), "counter"
			c.highest[name] = v
		}
		b = append(b, "# TYPE "+name+" "+kind+"\n"+name+" "...)
		b = strconv.AppendFloat(b, v, 'f', -1, 64)
		b = append(b, '\n')
	}
	return b
}
