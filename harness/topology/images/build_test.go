package images_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/topology/images"
)

// engine returns a client of the real engine. Without one it announces the skip, which BRUNT_REQUIRE_DOCKER=1 forbids.
func engine(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.FromEnv)
	if err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	}
	if err != nil {
		if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and no engine answers: %v", err)
		}
		t.Skipf("SKIPPED, no Docker engine answers: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestImagesAreBuiltOnceFromPackages(t *testing.T) {
	docker := engine(t)
	if err := images.Able(); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	began := time.Now()
	built, err := images.Build(t.Context(), docker, images.Options{
		InitdbArgs: []string{"--encoding=UTF8", "--locale=C"},
		Progress:   func(text string) { t.Log(time.Since(began).Round(time.Millisecond), text) }, Force: os.Getenv("FORCE") == "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v in %s", built, time.Since(began))
}
