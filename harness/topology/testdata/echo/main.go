// Command echo is a reference target for tests. It answers /healthz, /env/NAME with a variable, and /ping/HOST:PORT with
// what a Redis there answers to PING.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	listen := ""
	for _, a := range os.Args[1:] {
		if v, ok := strings.CutPrefix(a, "--listen="); ok {
			listen = v
		}
		if a == "--variant=broken" {
			fmt.Println("cannot start: planted")
			os.Exit(3)
		}
	}
	if listen == "" {
		listen = ":" + os.Getenv("FIXED_PORT")
	}
	fmt.Println("listens on", listen)
	http.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/env/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(strings.TrimPrefix(r.URL.Path, "/env/")))
	})
	http.HandleFunc("/ping/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(r.URL.Path, "/ping/"), time.Second)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "PING\r\n")
		reply, err := bufio.NewReader(conn).ReadString('\n')
		fmt.Fprint(w, strings.TrimSpace(reply), err)
	})
	fmt.Println(http.ListenAndServe(listen, nil))
	os.Exit(1)
}
