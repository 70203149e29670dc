package fault

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// child is the proxy process.
type child struct {
	ctx    context.Context
	log    *slog.Logger
	server *toxiproxy.ApiServer // only its metrics, which are off, are ever asked for
	echo   string
	alarm  *alarm

	writing sync.Mutex
	out     io.Writer

	mu     sync.Mutex
	relays map[string]*relay
}

// ProxyMain is the proxy child: it serves its parent's requests, one JSON object per line, until in ends, then lifts all
// faults, closes all links and returns the exit code. Its messages go to standard error.
func ProxyMain(ctx context.Context, in io.Reader, out io.Writer) int {
	// A Ctrl-C is the parent's to handle, and a closed terminal is no reason to leave a fault half lifted.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	zerolog.SetGlobalLevel(zerolog.Disabled) // Toxiproxy's toxics log to standard error for every chunk
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &child{
		ctx: ctx, out: out, relays: map[string]*relay{},
		log:    slog.New(slog.NewTextHandler(os.Stderr, nil)),
		server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.log.Error("no echo", "error", err)
		return 1
	}
	defer listener.Close()
	c.alarm = newAlarm()
	defer c.alarm.stop()
	c.echo = listener.Addr().String()
	go c.serveEcho(listener)
	c.say(response{Heartbeat: c.echo})

	var asked sync.WaitGroup
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var req request
		if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
			c.log.Error("request not understood", "error", err)
			continue
		}
		// No request waits for another: that is what the ladder relies on.
		asked.Go(func() { c.say(c.answer(req)) })
	}
	c.closeAll()
	asked.Wait()
	return 0
}

// serveEcho answers with what it gets. The watchdog's heartbeat and probes of the links alone come here. It takes the
// child's lock once for each, so that a child that hangs on it does not pass for one that lives.
func (c *child) serveEcho(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptGap)
			continue
		}
		go func() {
			defer conn.Close()
			c.mu.Lock()
			_ = len(c.relays)
			c.mu.Unlock()
			_, _ = io.Copy(conn, conn) // until the other side has had enough
		}()
	}
}

func (c *child) say(r response) {
	raw, err := json.Marshal(r)
	if err != nil {
		c.log.Error("response not encoded", "error", err)
		return
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, _ = c.out.Write(append(raw, '\n')) // a dead parent shows on the other pipe
}

func (c *child) closeAll() {
	c.mu.Lock()
	relays := c.relays
	c.relays = map[string]*relay{}
	c.mu.Unlock()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, r := range relays {
			r.close()
			r.work.Wait()
		}
	}()
	select {
	case <-over:
	case <-time.After(patience): // what has not ended by now ends with the process
	}
}

// answer does what is asked.
func (c *child) answer(req request) response {
	done, err := c.do(req)
	done.ID = req.ID
	if err != nil {
		done.Error = err.Error()
		if errors.Is(err, syscall.EADDRINUSE) {
			done.Code = codeInUse
		}
	}
	return done
}

func (c *child) do(req request) (response, error) {
	switch req.Op {
	case opPing:
		return response{}, nil
	case opState:
		return response{Links: c.state()}, nil
	case opOpen:
		return c.open(req)
	}
	c.mu.Lock()
	r := c.relays[req.Link]
	if req.Op == opClose {
		delete(c.relays, req.Link)
	}
	c.mu.Unlock()
	if r == nil {
		return response{}, fmt.Errorf("no link %s", req.Link)
	}
	switch req.Op {
	case opClose:
		r.close()
		return response{}, nil
	case opDisable:
		r.disable()
		return response{}, nil
	case opEnable:
		return response{}, r.enable()
	case opApply:
		if req.Once {
			return r.strike().response(), nil
		}
		done, err := r.apply(req.Fault, req.Strength, time.Unix(0, req.Expires))
		return done.response(), err
	case opLift:
		done, err := r.lift(req.Fault)
		return done.response(), err
	}
	return response{}, fmt.Errorf("unknown operation %q", req.Op)
}

func (d change) response() response {
	return response{At: d.at.UnixNano(), Cut: d.cut, Pending: d.pending, Hits: d.hits, Refused: d.refused, Toll: d.toll}
}

func (c *child) open(req request) (response, error) {
	ctx, cancel := context.WithCancel(c.ctx)
	r := &relay{
		name: req.Link, address: req.Listen, upstream: req.Upstream,
		ctx: ctx, cancel: cancel, server: c.server, echo: c.echo, alarm: c.alarm, log: c.log,
		faults: map[string]*inForce{}, conns: map[*connection]bool{},
		report: func(fault string, at time.Time) {
			c.say(response{Expired: fault, At: at.UnixNano()})
		},
	}
	r.burden.Store(burdenOf(nil))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.relays[req.Link] != nil {
		cancel()
		return response{}, fmt.Errorf("link %s is already open", req.Link)
	}
	if err := r.open(); err != nil {
		cancel()
		return response{}, err
	}
	c.relays[req.Link] = r
	return response{Address: r.address}, nil
}

func (c *child) state() []linkState {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]linkState, 0, len(c.relays))
	for _, r := range c.relays {
		states = append(states, r.state())
	}
	slices.SortFunc(states, func(a, b linkState) int { return strings.Compare(a.Name, b.Name) })
	return states
}
