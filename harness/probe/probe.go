// Package probe reads what nodes tell while load runs, once a second, in step with it, and once more at its end: a service its
// Prometheus metrics and its Go profiles, a dependency what it counts, and the machine what the processes of a node use of it.
//
// Scraping is meant to be too small to matter. Of a service in Go with 14 kB of metrics (BenchmarkTake, on 2 shared cores) a scrape
// costs brunt 0.5 ms of CPU and the service 0.6 ms: about a thousandth of a core together. What is kept of it under load is 14 kB a
// minute, because only what changed is written. A Postgres answers in 0.15 ms and a Redis in 0.07 ms, brunt's part and the
// server's together (BenchmarkCounters in package topology), and the process table of 148 processes takes 2.9 ms, once for all nodes
// and at most once more for what the run uses altogether (BenchmarkProcesses): three thousandths of a core each. All of it under a
// light load, a Postgres, a Redis, a link and three nodes, took 8.5 ms of each second from question to answer
// (TestWorkPerRequestIsCounted).
package probe

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	patience = 5 * time.Second
	most     = 16 << 20 // bytes
)

// Fetch is what url answers, at most 16 MiB of it. A status other than 200 is an error.
func Fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var body []byte
	err := Stream(ctx, url, func(r io.Reader) (err error) {
		body, err = io.ReadAll(io.LimitReader(r, most))
		return err
	})
	return body, err
}

// Stream hands over what url answers as it comes, however much it is. A status other than 200 is an error.
func Stream(ctx context.Context, url string, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("read %s: status %s", url, response.Status)
	}
	if err := read(response.Body); err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	return nil
}
