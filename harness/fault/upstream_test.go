package fault

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// blackHole is an address that answers no SYN: a listener whose backlog is full.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 77, 0, 9}}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.77.0.9", itoa(name.(*unix.SockaddrInet4).Port))
	for range 20 {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the backlog does not fill")
	return ""
}

func TestAnUpstreamThatDoesNotAnswerBlocksNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: blackHole(t)})
	other, err := b.proxy.Open(t.Context(), "load->other", "127.77.1.2:0", server(t, echo))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dial(t, b.link.Address) // each of them is accepted, and waits for the upstream
	}
	start := time.Now()
	f := b.fault(experiment.Fault{Kind: "latency", Latency: time.Millisecond})
	b.apply(t, f)
	b.lift(t, f)
	f = b.fault(experiment.Fault{Kind: "down"})
	b.apply(t, f)
	b.lift(t, f)
	roundTrip(t, dial(t, other))
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestALinkIsTransparent(t *testing.T) {
	t.Parallel()
	t.Run("a client that closes its side still gets the answer", func(t *testing.T) {
		b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
			defer conn.Close()
			all, _ := io.ReadAll(conn)
			time.Sleep(50 * time.Millisecond)
			_, _ = conn.Write(all)
		})})
		conn := dial(t, b.link.Address)
		_, _ = conn.Write([]byte("question"))
		_ = conn.CloseWrite()
		if answer, err := io.ReadAll(conn); err != nil || string(answer) != "question" {
			t.Errorf("got %q, %v", answer, err)
		}
	})
	t.Run("a reset by the upstream is a reset", func(t *testing.T) {
		b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.SetLinger(0)
			_ = conn.Close()
		})})
		if err := ping(dial(t, b.link.Address), time.Second); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an upstream that refuses is a reset", func(t *testing.T) {
		b := newBench(t, &site.Node{Address: "127.77.0.8:" + freePort(t, "127.77.0.8")})
		conn, err := net.Dial("tcp", b.link.Address)
		if err == nil { // else the reset was faster than the dial's return
			defer conn.Close()
			err = ping(conn.(*net.TCPConn), time.Second)
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("64 MiB arrive as they were sent", func(t *testing.T) {
		b := newBench(t, &site.Node{Address: server(t, echo)})
		conn := dial(t, b.link.Address)
		const chunks, size = 64, 1 << 20
		go func() {
			for n := range chunks {
				chunk := make([]byte, size)
				for i := range chunk {
					chunk[i] = byte(n + i%251)
				}
				_, _ = conn.Write(chunk)
			}
			_ = conn.CloseWrite()
		}()
		buf := make([]byte, size)
		for n := range chunks {
			if _, err := io.ReadFull(conn, buf); err != nil {
				t.Fatal(err)
			}
			for i, b := range buf {
				if b != byte(n+i%251) {
					t.Fatalf("byte %d of chunk %d differs", i, n)
				}
			}
		}
	})
}
