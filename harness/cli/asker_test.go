package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// asking answers by asking a dependency: .../seq/3 one after another, .../par/10 at once.
func asking(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/") // "", redis, seq, 3
		n, _ := strconv.Atoi(parts[len(parts)-1])
		failed := make([]error, n)
		if strings.Contains(r.URL.Path, "/par/") {
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { failed[i] = ask() })
			}
			all.Wait()
		} else {
			for i := range n {
				failed[i] = ask()
			}
		}
		if err := errors.Join(failed...); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "done")
	}
}

// asker asks a Redis, which has timeout for each answer, each time on one of size connections.
type asker struct {
	address string
	timeout time.Duration
	free    chan net.Conn // nil: not dialled yet
}

func newAsker(address string, timeout time.Duration, size int) *asker {
	a := &asker{address: address, timeout: timeout, free: make(chan net.Conn, size)}
	for range size {
		a.free <- nil
	}
	return a
}

// ask makes one round trip.
func (a *asker) ask() (err error) {
	conn := <-a.free
	defer func() { a.free <- conn }()
	if conn == nil {
		if conn, err = net.DialTimeout("tcp", a.address, a.timeout); err != nil {
			conn = nil
			return err
		}
	}
	err = conn.SetDeadline(time.Now().Add(a.timeout))
	if err == nil {
		_, err = io.WriteString(conn, "PING\r\n")
	}
	if err == nil {
		_, err = bufio.NewReader(conn).ReadSlice('\n')
	}
	if err != nil {
		err = errors.Join(err, conn.Close())
		conn = nil
	}
	return err
}

// dialAndAsk makes one round trip on a connection of its own.
func (a *asker) dialAndAsk() error {
	once := newAsker(a.address, a.timeout, 1)
	err := once.ask()
	if conn := <-once.free; conn != nil {
		err = errors.Join(err, conn.Close())
	}
	return err
}

// querying asks the Postgres of DATABASE_URL, each time on one of size pooled connections, which are there from the beginning.
// Without the variable it answers nothing.
func querying(size int) http.HandlerFunc {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return http.NotFound
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		panic(err)
	}
	config.MinConns, config.MaxConns = int32(size), int32(size)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		panic(err)
	}
	return asking(func() error {
		_, err := pool.Exec(context.Background(), "SELECT 1")
		return err
	})
}
