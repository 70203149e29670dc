package sockets

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPlansThatCantBeFollowed(t *testing.T) {
	t.Parallel()
	const local = "http://127.0.0.1:1/"
	elsewhere := func(string) (net.IP, error) { return net.IPv4(192, 0, 2, 1), nil }
	for _, row := range []struct {
		name, says string
		plan       Plan
	}{
		{"another machine", "sockets are held on loopback addresses only, and 192.0.2.7 is at 192.0.2.7", Plan{Kind: Slowloris, URL: "http://192.0.2.7/", For: time.Second}},
		{"another machine by its name", "loopback addresses only, and shop is at 192.0.2.1", Plan{Kind: WebSocket, URL: "ws://shop/", For: time.Second, Resolve: elsewhere}},
		{"every address of this one", "and 0.0.0.0 is at 0.0.0.0", Plan{Kind: WebSocket, URL: "ws://0.0.0.0:80/", For: time.Second}},
		{"no kind", `unknown kind ""`, Plan{URL: local, For: time.Second}},
		{"no URL", `"shop" is no URL such as`, Plan{Kind: Slowloris, URL: "shop", For: time.Second}},
		{"another protocol", "is no URL such as", Plan{Kind: Slowloris, URL: "ftp://127.0.0.1/", For: time.Second}},
		{"a port past the last", `"70000" is no port`, Plan{Kind: Slowloris, URL: "http://127.0.0.1:70000/", For: time.Second}},
		{"too many", "sockets is 10001: from 1 to 10000", Plan{Kind: Slowloris, URL: local, For: time.Second, Sockets: 10001}},
		{"fewer than none", "sockets is -1", Plan{Kind: Slowloris, URL: local, For: time.Second, Sockets: -1}},
		{"no time", "for is 0s", Plan{Kind: Slowloris, URL: local}},
		{"too long", "for is 2h0m0s: sockets are held for up to 1h0m0s", Plan{Kind: Slowloris, URL: local, For: 2 * time.Hour}},
		{"opened after the end", "over is 2s", Plan{Kind: Slowloris, URL: local, For: time.Second, Over: 2 * time.Second}},
		{"a flood of bytes", "every is 1ms: a byte follows another after 10ms at least", Plan{Kind: Slowloris, URL: local, For: time.Second, Every: time.Millisecond}},
		{"an unknown end", `end is "bang"`, Plan{Kind: WebSocket, URL: local, For: time.Second, End: "bang"}},
		{"a close frame of HTTP", "only a WebSocket has a close frame", Plan{Kind: Slowloris, URL: local, For: time.Second, End: Close}},
		{"half-open and mute", "mute is of WebSockets", Plan{Kind: Slowloris, URL: local, For: time.Second, Mute: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := new(Holder).Hold(context.Background(), row.plan, ignore); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %s", err, row.says)
			}
		})
	}
}

func TestAllCallsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	s, h := serve(t, 0, nil), &Holder{}
	first := make(chan struct{}, MostSockets)
	cancel, report := started(t, h, Plan{Kind: Slowloris, URL: s.URL, Sockets: MostSockets - 1, Over: time.Hour, For: time.Hour}, func(e Event) {
		if e.What == Opened {
			first <- struct{}{}
		}
	})
	<-first
	two := Plan{Kind: Slowloris, URL: s.URL, Sockets: 2, For: time.Minute}
	if _, err := h.Hold(context.Background(), two, ignore); err == nil || !strings.Contains(err.Error(), "10001 sockets would be held at a time") {
		t.Errorf("got %v", err)
	}
	cancel()
	if r := report(); r.Held < 1 {
		t.Errorf("%+v", r)
	}
	if h.asked.Load() != 0 {
		t.Errorf("%d are still asked for", h.asked.Load())
	}
}

// TestTooFewFilesAreThisMachinesFault lowers the bound of this process, and so runs beside nothing else.
func TestTooFewFilesAreThisMachinesFault(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // whose backlog takes connections without a file of ours
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	r, err := new(Holder).Hold(context.Background(), Plan{Kind: Slowloris, URL: "http://" + l.Addr().String(), Sockets: 100, For: time.Hour}, ignore)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.Contains(err.Error(), "raise ulimit -n") || r.Refused != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
