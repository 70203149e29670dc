package topology

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// addresses hands out loopback addresses that belong to one run: 127.a.b.c with a in 64..127, so that every node and every
// proxied link can keep its original port. Where a run begins in that space follows from its id; an address that somebody
// else listens on is passed over.
type addresses struct {
	mu   sync.Mutex
	next uint32 // offset into 64 × 256 × 254 addresses
}

// Bounds of the space: 127.64.0.1 to 127.127.255.254, without the ends of each /24, which read as network and broadcast.
const (
	firstBlock   = 64
	blocks       = 64
	perNet       = 254
	addressSpace = blocks * 256 * perNet
	// attempts bounds how many addresses are tried for one port: when so many are taken, one listener holds them all.
	attempts = 16
)

func newAddresses(runID string) *addresses {
	h := fnv.New32a()
	_, _ = h.Write([]byte(runID))
	// A run begins at a /24 of its own.
	return &addresses{next: h.Sum32() % (blocks * 256) * perNet}
}

// PortTakenError says that a port can't be listened on at any loopback address of the run.
type PortTakenError struct {
	Port int
	Err  error // of the last attempt
}

func (e *PortTakenError) Error() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this system has no loopback addresses beside 127.0.0.1, and port %d needs one: %v", e.Port, e.Err)
	case errors.Is(e.Err, syscall.EACCES):
		return fmt.Sprintf("port %d may not be listened on by this user: %v", e.Port, e.Err)
	}
	return fmt.Sprintf("port %d is in use on every loopback address: another program listens on 0.0.0.0:%d", e.Port, e.Port)
}

func (e *PortTakenError) Unwrap() error { return e.Err }

// take returns the next address of the run on which port can be listened on. Its error is a *PortTakenError.
func (a *addresses) take(port int) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var last error
	for range attempts {
		address := net.JoinHostPort(ipAt(a.next), strconv.Itoa(port))
		a.next = (a.next + 1) % addressSpace
		if last = bindable(address); last == nil {
			return address, nil
		}
	}
	return "", &PortTakenError{Port: port, Err: last}
}

// takeAny is take, but gives another port, chosen by the system, when port is held on all addresses.
func (a *addresses) takeAny(port int) (address string, moved bool, err error) {
	address, err = a.take(port)
	if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
		return address, false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := net.Listen("tcp4", net.JoinHostPort(ipAt(a.next), "0"))
	if err != nil {
		return "", false, &PortTakenError{Port: port, Err: err}
	}
	a.next = (a.next + 1) % addressSpace
	return l.Addr().String(), true, l.Close()
}

func ipAt(offset uint32) string {
	network, host := offset/perNet, offset%perNet+1
	return net.IPv4(127, byte(firstBlock+network/256), byte(network%256), byte(host)).String()
}

func bindable(address string) error {
	l, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	return l.Close()
}
