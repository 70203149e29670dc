package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// answering is a server that answers each line, and its address.
func answering(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewReader(conn)
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						_, _ = io.WriteString(conn, "bye\n")
						return
					}
					_, _ = io.WriteString(conn, strings.ToUpper(line))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// caller is a client on a link.
type caller struct {
	*testing.T
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, address string) caller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return caller{t, conn, bufio.NewReader(conn)}
}

func (c caller) send(text string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.Fatal(err)
	}
}

func (c caller) hear(want string) {
	c.Helper()
	if got, err := c.lines.ReadString('\n'); err != nil || got != want+"\n" {
		c.Fatalf("heard %q (%v), not %q", got, err, want)
	}
}

func TestExchangesAreWhatAClientWaitsFor(t *testing.T) {
	t.Parallel()
	var e Exchanges
	address, err := e.Open(t.Context(), "api->db", "127.0.0.1:0", answering(t))
	if err != nil {
		t.Fatal(err)
	}
	a, b := dial(t, address), dial(t, address)
	check := func(what string, want int64) {
		t.Helper()
		if got := e.Count(); got != want {
			t.Errorf("%s: %d exchanges, not %d", what, got, want)
		}
	}
	check("two connections that are silent", 0)
	for i := range 3 {
		a.send(fmt.Sprintln("a", i))
		a.hear(fmt.Sprint("A ", i))
	}
	check("three one after another", 3)
	a.send("a\n")
	b.send("b\n")
	a.hear("A")
	b.hear("B")
	check("one on each of two connections", 5)
	a.send("x\ny\nz\n") // one segment: all of it is there before the first is answered
	a.hear("X")
	a.hear("Y")
	a.hear("Z")
	check("three that are sent at once", 6)
	if err := b.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b.hear("bye") // the other direction stays open
	check("an end", 6)
	e.Close()
	if _, err := a.lines.ReadByte(); err == nil {
		t.Error("a connection outlived the link")
	}
	if _, err := e.Open(t.Context(), "api->db", "127.0.0.1:0", address); err == nil {
		t.Error("a link was opened after the end")
	}
}

// TestAnUpstreamThatIsGoneEndsTheConnection has nobody behind the link.
func TestAnUpstreamThatIsGoneEndsTheConnection(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upstream := gone.Addr().String()
	_ = gone.Close()
	var e Exchanges
	defer e.Close()
	address, err := e.Open(t.Context(), "api->db", "127.0.0.1:0", upstream)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, address)
	if _, err := c.lines.ReadByte(); err == nil {
		t.Error("it was answered")
	}
	if e.Count() != 0 {
		t.Errorf("%d exchanges", e.Count())
	}
}
