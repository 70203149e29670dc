package dependency

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scripted is a server whose readings are given.
type scripted struct {
	readings []reading
	failing  bool
}

func (scripted) url(string, map[string]string) string                 { return "" }
func (scripted) open(context.Context, Instance) (session, error)      { return nil, errors.New("not asked") }
func (s *scripted) count(context.Context, Instance) (counting, error) { return s, nil }
func (s *scripted) close(context.Context)                             {}
func (s *scripted) read(context.Context) (reading, error) {
	if s.failing {
		s.failing = false
		return reading{}, errors.New("gone")
	}
	r := s.readings[0]
	s.readings = s.readings[1:]
	return r, nil
}

func at(epoch string, commands, keys float64) reading {
	r := reading{epoch: epoch, told: map[string]float64{}}
	r.tell(redisCommands, commands)
	r.tell("redis_keys", keys)
	return r
}

func TestCountersDoNotFallButForARestart(t *testing.T) {
	own := 0.0
	server := &scripted{readings: []reading{at("a", 10, 5), at("a", 13, 4), at("a", 13, 4), at("b", 3, 0)}}
	c := Instance{Server: Server{engine: server}}.Counters(func() float64 { return own })
	var got []string
	for _, ours := range []float64{0, 1, 2, 2} {
		own = ours
		text, err := c.Tell(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var values []string
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				_, v, _ := strings.Cut(strings.TrimSpace(line), " ")
				values = append(values, v)
			}
		}
		got = append(got, strings.Join(values, " "))
	}
	// In the third reading more is taken off than was added: a probe was counted by us before the server told of it.
	if diff := cmp.Diff([]string{"10 5", "12 4", "12 4", "1 0"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAConnectionThatBrokeIsMadeAnew(t *testing.T) {
	server := &scripted{readings: []reading{at("a", 1, 1)}, failing: true}
	c := Instance{Server: Server{engine: server}}.Counters(nil)
	if _, err := c.Tell(t.Context()); err == nil {
		t.Error("a broken connection tells nothing, and that was no error")
	}
	text, err := c.Tell(t.Context())
	if want := "# TYPE redis_commands_total counter\nredis_commands_total 1\n# TYPE redis_keys gauge\nredis_keys 1\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
}

func TestKeysWithoutTTL(t *testing.T) {
	info := parseInfo("# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=0\r\ndb7:keys=10,expires=10,avg_ttl=5,subexpiry=0\r\ndbs:keys=9\r\n")
	if keys, expires := keyspace(info); keys != 13 || expires != 11 {
		t.Errorf("%v keys, %v with a TTL", keys, expires)
	}
}
