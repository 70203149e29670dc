package dependency

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const redisCommands = "redis_commands_total"

// What one INFO of ours costs, beside the length of its answer: *1 $4 info in, and the answer's own head and end.
const (
	infoAsked = len("*1\r\n$4\r\ninfo\r\n")
	infoFrame = len("=\r\ntxt:\r\n") // of a verbatim text, which RESP3 makes of it
)

// redisCounting asks INFO over one connection, and takes off what it asked itself: its first command is the greeting.
type redisCounting struct {
	redisSession
	commands, in, out float64 // of ours, by the time that the next INFO is answered
}

func (redisEngine) count(ctx context.Context, i Instance) (counting, error) {
	s, err := redisEngine{}.open(ctx, i)
	if err != nil {
		return nil, err
	}
	session, ok := s.(redisSession)
	if !ok {
		return nil, errors.New("redis: not a session of this engine")
	}
	return &redisCounting{redisSession: session, commands: 1}, nil
}

func (c *redisCounting) close(ctx context.Context) { c.redisSession.close(ctx) }

func (c *redisCounting) read(ctx context.Context) (reading, error) {
	text, err := c.client.Info(ctx).Result()
	if err != nil {
		return reading{}, fmt.Errorf("redis at %s does not answer: %w", c.client.Options().Addr, err)
	}
	info := parseInfo(text)
	c.in += float64(infoAsked) // is read before the command runs; the answer is written after
	r := reading{epoch: info["run_id"], told: map[string]float64{}}
	for _, n := range []struct {
		name, field string
		ours        float64
	}{
		{redisCommands, "total_commands_processed", c.commands},
		{"redis_keyspace_hits_total", "keyspace_hits", 0},
		{"redis_keyspace_misses_total", "keyspace_misses", 0},
		{"redis_evicted_keys_total", "evicted_keys", 0},
		{"redis_expired_keys_total", "expired_keys", 0},
		{"redis_connections_total", "total_connections_received", 0},
		{"redis_net_input_bytes_total", "total_net_input_bytes", c.in},
		{"redis_net_output_bytes_total", "total_net_output_bytes", c.out},
		{"redis_memory_bytes", "used_memory", 0},
		{"redis_connected_clients", "connected_clients", 1},
		{"redis_blocked_clients", "blocked_clients", 0},
	} {
		if v, err := strconv.ParseFloat(info[n.field], 64); err == nil {
			r.tell(n.name, v-n.ours)
		}
	}
	keys, expires := keyspace(info)
	r.tell("redis_keys", keys)
	r.tell("redis_keys_without_ttl", keys-expires)
	c.commands++
	c.out += float64(len(text) + infoFrame + len(strconv.Itoa(len(text)+len("txt:"))))
	return r, nil
}

// parseInfo reads the lines name:value of an INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// keyspace adds up the databases: db0:keys=3,expires=1,avg_ttl=0.
func keyspace(info map[string]string) (keys, expires float64) {
	for name, value := range info {
		if number, ok := strings.CutPrefix(name, "db"); !ok || strings.Trim(number, "0123456789") != "" {
			continue
		}
		for part := range strings.SplitSeq(value, ",") {
			field, digits, _ := strings.Cut(part, "=")
			n, err := strconv.ParseFloat(digits, 64)
			switch {
			case err != nil:
			case field == "keys":
				keys += n
			case field == "expires":
				expires += n
			}
		}
	}
	return keys, expires
}
