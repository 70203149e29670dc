package topology

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// How often readiness is asked for: quickly at first, since most nodes are ready within milliseconds, then more slowly,
// since asking costs the node that is starting.
const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = 200 * time.Millisecond
	// attemptTimeout bounds one check.
	attemptTimeout = 5 * time.Second
)

// check is one way to tell that a node is ready.
type check struct {
	what  string // for people, such as "GET /healthz answers 2xx"
	probe func(ctx context.Context) error
}

// node is what a provider knows of a node that has just been started.
type starting struct {
	name    string
	timeout time.Duration
	ended   <-chan struct{} // closed when its process ends; nil when the provider can't tell
	ending  func() error    // how it ended
	log     func() string   // its last lines
}

// await returns nil as soon as c holds. A *NotReadyError says why it never did; ctx's own error is passed on as it is.
func (s starting) await(ctx context.Context, c check) error {
	deadline, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	began := time.Now()
	var last error
	for {
		attempt, done := context.WithTimeout(deadline, attemptTimeout)
		err := c.probe(attempt)
		done()
		if err == nil {
			return nil
		}
		if last == nil || deadline.Err() == nil {
			last = err // the one that the deadline cut off says less than the one before
		}
		// A wait of a quarter of the time so far: 5 ms after 20 ms, 200 ms from 0.8 s on.
		wait := min(max(firstPoll, time.Since(began)/4), lastPoll)
		select {
		case <-s.ended:
			return &NotReadyError{Node: s.name, Check: c.what, Last: s.ending(), Log: s.log()}
		case <-deadline.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &NotReadyError{Node: s.name, Check: c.what, After: s.timeout, Last: last, Log: s.log()}
		case <-time.After(wait):
		}
	}
}

// checkHTTP holds when GET path at address answers 2xx.
func checkHTTP(base, path string) check {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return check{fmt.Sprintf("GET %s answers 2xx", path), func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+strings.TrimPrefix(path, "/"), nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode/100 == 2 {
			return nil
		}
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // the status alone would do
		return fmt.Errorf("GET %s answered %s %s", path, answer.Status, strings.TrimSpace(string(body)))
	}}
}

// checkTCP holds when address accepts a connection.
func checkTCP(address string) check {
	return check{"accepts a connection at " + address, func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}}
}

// checkLog holds when the log has a line that contains text.
func checkLog(text string, log func(ctx context.Context) (string, error)) check {
	return check{fmt.Sprintf("logs %q", text), func(ctx context.Context) error {
		all, err := log(ctx)
		if err != nil {
			return err
		}
		if !strings.Contains(all, text) {
			return errors.New("no such line yet")
		}
		return nil
	}}
}

// checkCommand holds when the command ends with exit code 0.
func checkCommand(words []string, run func(ctx context.Context, words []string) error) check {
	return check{"command " + strings.Join(words, " "), func(ctx context.Context) error { return run(ctx, words) }}
}

// checkFor is the check that r asks for, of a node that listens at address.
func checkFor(r experiment.Ready, address string, log func(context.Context) (string, error), run func(context.Context, []string) error) check {
	switch {
	case r.HTTP != "":
		return checkHTTP("http://"+address, r.HTTP)
	case r.Log != "":
		return checkLog(r.Log, log)
	case len(r.Command) > 0:
		return checkCommand(r.Command, run)
	}
	return checkTCP(address)
}

// UnreachableError says that a service which should already run does not answer.
type UnreachableError struct {
	Service, URL string
	Err          error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("service %s at %s does not answer: %v", e.Service, e.URL, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// urlPatience is how long a service that should already run may take to answer.
const urlPatience = 5 * time.Second

// reach makes sure that a service which we do not start is there.
func reach(ctx context.Context, u urlService) error {
	c := checkTCP(u.address)
	if u.Ready.HTTP != "" {
		c = checkHTTP(u.url.Scheme+"://"+u.url.Host, u.Ready.HTTP)
	}
	timeout := urlPatience
	if u.Ready.Timeout > 0 {
		timeout = u.Ready.Timeout
	}
	err := starting{name: u.Name, timeout: timeout, log: func() string { return "" }}.await(ctx, c)
	var late *NotReadyError
	if errors.As(err, &late) {
		return &UnreachableError{u.Name, u.url.Redacted(), late.Last}
	}
	return err
}

// elsewhere is a remark for a service that listens on 127.0.0.1 and not on the address it was given.
func elsewhere(address string) string {
	host, text, err := net.SplitHostPort(address)
	port, portErr := strconv.Atoi(text)
	if err != nil || portErr != nil {
		return ""
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", text), time.Second)
	if err != nil {
		return ""
	}
	_ = conn.Close()
	return fmt.Sprintf("something listens on 127.0.0.1:%d: a service must listen on %s (its environment says so in HOST and PORT) or on all addresses", port, host)
}
