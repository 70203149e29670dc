package dependency

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// dialTimeout bounds one attempt to reach a server on loopback.
const dialTimeout = 2 * time.Second

// errNoSQL refuses setup steps that only a database can take.
var errNoSQL = errors.New("redis takes neither SQL nor data sets: put a postgres dependency under `on`")

type redisEngine struct{}

func (redisEngine) url(address string, params map[string]string) string {
	u := url.URL{Scheme: "redis", Host: address, Path: "/0"}
	if password := params[ParamPassword]; password != "" {
		u.User = url.UserPassword("", password)
	}
	return u.String()
}

// open dials by itself, since go-redis writes every failed dial of its own to standard error.
func (redisEngine) open(ctx context.Context, i Instance) (session, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", i.Address)
	if err != nil {
		return nil, fmt.Errorf("redis at %s does not answer: %w", i.Address, err)
	}
	client := redis.NewClient(&redis.Options{
		Addr: i.Address, Password: i.Params[ParamPassword],
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, PoolSize: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return redisSession{client}, nil
}

type redisSession struct{ client *redis.Client }

func (s redisSession) version(ctx context.Context) (string, error) {
	info, err := s.client.Info(ctx, "server").Result()
	if err != nil {
		return "", fmt.Errorf("redis at %s does not answer: %w", s.client.Options().Addr, err)
	}
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			return v, nil
		}
	}
	return "", fmt.Errorf("redis at %s does not tell its version", s.client.Options().Addr)
}

func (s redisSession) command(ctx context.Context, words []string) (string, error) {
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	reply, err := s.client.Do(ctx, args...).Result()
	if errors.Is(err, redis.Nil) {
		return "(nil)", nil
	}
	if err != nil {
		return "", fmt.Errorf("redis: %s: %w", strings.Join(words, " "), err)
	}
	return fmt.Sprint(reply), nil
}

func (s redisSession) reset(ctx context.Context) error {
	if err := s.client.FlushAll(ctx).Err(); err != nil {
		return fmt.Errorf("redis: flush all: %w", err)
	}
	return nil
}

func (s redisSession) close(context.Context) { _ = s.client.Close() }
