package topology

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

func TestAddressesAreOfTheirRunAndUnique(t *testing.T) {
	pool, seen := newAddresses("run-1"), map[string]bool{}
	for range 600 { // more than one /24 holds
		address, err := pool.take(5432)
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(address)
		ip := net.ParseIP(host).To4()
		if err != nil || port != "5432" || ip == nil || ip[0] != 127 || ip[1] < 64 || ip[1] > 127 || ip[3] == 0 || ip[3] == 255 {
			t.Fatalf("address %s", address)
		}
		if seen[address] {
			t.Fatalf("%s was given out twice", address)
		}
		seen[address] = true
	}
	a, _ := newAddresses("run-1").take(5432)
	b, _ := newAddresses("run-2").take(5432)
	if a == b {
		t.Errorf("two runs begin at %s", a)
	}
}

func TestAddressesThatAreTakenArePassedOver(t *testing.T) {
	first, err := newAddresses("taken").take(0)
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(first)
	l, err := net.Listen("tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	got, err := newAddresses("taken").take(port)
	if err != nil || strings.HasPrefix(got, host+":") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAPortThatIsHeldOnEveryAddress(t *testing.T) {
	o, _ := options(t, experiment.Experiment{})
	port := holdEverywhere(t, o.RunID)

	var taken *PortTakenError
	_, err := newAddresses(o.RunID).take(port)
	if !errors.As(err, &taken) || taken.Port != port || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	address, moved, err := newAddresses(o.RunID).takeAny(port)
	if err != nil || !moved || strings.HasSuffix(address, ":"+strconv.Itoa(port)) {
		t.Errorf("got %s, %v, %v", address, moved, err)
	}
	o.Experiment.Services = []experiment.Service{{Name: "api", Command: []string{"true"}, Port: port}}
	if _, err := Start(t.Context(), o); !errors.As(err, &taken) || !strings.Contains(err.Error(), "service api: port") {
		t.Errorf("got %v", err)
	}
}

// holdEverywhere listens on one port of every address that a run tries, as a listener on all addresses would.
func holdEverywhere(t *testing.T, runID string) int {
	t.Helper()
	first, port := newAddresses(runID).next, 0
	for i := range uint32(attempts) {
		l, err := net.Listen("tcp4", net.JoinHostPort(ipAt((first+i)%addressSpace), strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		port = l.Addr().(*net.TCPAddr).Port
	}
	return port
}
