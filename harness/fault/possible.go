package fault

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// ImpossibleError says that this machine can't make faults of a kind.
type ImpossibleError struct {
	Kind string
	Err  error // why
}

func (e *ImpossibleError) Error() string {
	return fmt.Sprintf("faults of kind %s can't be made on this machine: %v", e.Kind, e.Err)
}

// Unwrap gives the reason.
func (e *ImpossibleError) Unwrap() error { return e.Err }

// Possible is nil when this machine can make faults of the kind, else an *ImpossibleError. Those that let a socket drop packets
// need Linux. Most kernels let everybody filter what a socket hears; some ask for CAP_NET_ADMIN, of TCP alone (seen with 6.18).
func (k Kind) Possible() error {
	if !k.drops {
		return nil
	}
	config := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error { return lose(socket, 1) }}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return &ImpossibleError{Kind: k.Name, Err: err}
	}
	_ = listener.Close()
	return nil
}

// Possible is nil when this machine can make all those faults, else an *ImpossibleError of the first that it can't.
func Possible(faults []experiment.Fault) error {
	for _, f := range faults {
		if k, ok := KindNamed(f.Kind); ok {
			if err := k.Possible(); err != nil {
				return err
			}
		}
	}
	return nil
}
