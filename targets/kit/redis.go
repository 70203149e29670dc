package kit

import (
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Cache is a client of one Redis server.
type Cache = redis.Client

// IsMiss reports whether err says that a key does not exist, which is an answer and not a failure.
func IsMiss(err error) bool { return errors.Is(err, redis.Nil) }

// OpenCache makes a client of REDIS_URL, which connects when it is first used. Each dial, read and write takes at most
// timeout and is tried once; a timeout of zero waits for ever, as a client without settings of its own may.
func OpenCache(env Environment, timeout time.Duration) (*Cache, error) {
	url, err := env.Require("REDIS_URL")
	if err != nil {
		return nil, err
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	options.MaxRetries = -1 // 0 would mean three
	options.PoolSize = PoolSize
	options.ReadTimeout, options.WriteTimeout = -1, -1
	options.PoolTimeout = time.Minute
	if timeout > 0 {
		options.ContextTimeoutEnabled = true
		options.DialTimeout = timeout
		options.DialerRetries = 1
		options.ReadTimeout = timeout
		options.WriteTimeout = timeout
		options.PoolTimeout = timeout
	}
	return redis.NewClient(options), nil
}
