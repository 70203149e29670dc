package load

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func TestTypeScriptImportsAndFilesWorkThroughTheWrapper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/a folder, with 100% odd 'names'"
	for name, text := range map[string]string{
		"script.ts": `
import http from 'k6/http';
import { greet } from './sub/greet.ts';
const data: { n: number } = JSON.parse(open('./data.json'));
export const options = { vus: 1, iterations: 3, tags: { team: 'x' } };
export function setup(): { url: string } { return { url: __ENV.URL }; }
export default function (d: { url: string }): void { http.get(d.url + '/' + greet(data.n), { tags: { name: 'ts' } }); }
export function teardown(d: { url: string }) { http.get(d.url + '/bye'); }`,
		"sub/greet.ts": `const suffix = open('../suffix.txt'); export const greet = (n: number): string => 'hi' + n + suffix;`,
		"suffix.txt":   "!",
		"data.json":    `{"n": 4}`,
	} {
		os.MkdirAll(dir+"/sub", 0o755)
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var greeted, bye atomic.Int64
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hi4!":
			greeted.Add(1)
		case "/bye":
			bye.Add(1)
		}
	})
	for _, row := range []struct {
		name   string
		script Script
		want   int64
	}{
		{"its own scenarios", Script{}, 3},
		{"a shape", Script{Shape: "smoke", Rate: 10, Duration: time.Second}, 10},
		{"bare", Script{Bare: true}, 3},
		{"bare with k6's flags", Script{Bare: true, Flags: []string{"--iterations", "5", "--vus=2"}}, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			greeted.Store(0)
			bye.Store(0)
			row.script.Path, row.script.Env = dir+"/script.ts", map[string]string{"URL": url}
			fitness, err, r := run(t, Options{Script: row.script})
			if err != nil {
				t.Fatal(err)
			}
			if greeted.Load() != row.want || bye.Load() != 1 || fitness.Served != row.want {
				t.Errorf("greeted %d, said bye %d, served %d", greeted.Load(), bye.Load(), fitness.Served)
			}
			if n := r.sum("http_reqs", -always, always, "name:ts"); int64(n) != row.want {
				t.Errorf("%v requests are recorded", n)
			}
			if n := r.sum("http_reqs", -always, always, "scenario:", "outcome:ok"); n != 1 {
				t.Errorf("%v requests of setup and teardown are recorded, want 1", n)
			}
		})
	}
}

// echo answers a WebSocket handshake and then repeats the first frame it gets. RFC 6455.
func echo(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	rw.Flush()
	for range 2 { // the message, then the close
		if !repeat(rw) {
			return
		}
	}
}

func repeat(rw *bufio.ReadWriter) bool {
	head := make([]byte, 6) // a masked frame of less than 126 bytes
	for i := range head {
		b, err := rw.ReadByte()
		if err != nil {
			return false
		}
		head[i] = b
	}
	rw.Write([]byte{head[0], head[1] & 0x7f})
	for i := range int(head[1] & 0x7f) {
		b, err := rw.ReadByte()
		if err != nil {
			return false
		}
		rw.WriteByte(b ^ head[2+i%4])
	}
	return rw.Flush() == nil
}

func TestWebSocketsAreMeasured(t *testing.T) {
	t.Parallel()
	url := serve(t, echo)
	script := write(t, "script.js", `
import ws from 'k6/ws';
import { Counter } from 'k6/metrics';
const echoed = new Counter('echoed');
export const options = { `+arrival(`{ rate: 10, duration: '1s' }`)+` };
export default function () {
  ws.connect(__ENV.URL.replace('http', 'ws'), null, (socket) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (m) => { if (m === 'hello') echoed.add(1); socket.close(); });
  });
}`)
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 10 || r.sum("echoed", 0, always) != 10 || r.sum("ws_sessions", 0, always) != 10 {
		t.Errorf("served %d, echoed %v, sessions %v", fitness.Served, r.sum("echoed", 0, always), r.sum("ws_sessions", 0, always))
	}
	if n := r.trend("ws_connecting", 0, always, "scenario:s").Count(); n != 10 {
		t.Errorf("%d times of connecting", n)
	}
}
