package load

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"go.k6.io/k6/cmd"

	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Main turns this process into k6 with brunt's extension: the child of a Process, or k6 by itself. args are k6's. k6 exits
// by itself; Main returns only when it could not be started, having said why on standard error.
func Main(args []string) {
	if err := prepare(); err != nil {
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error(fmt.Sprintf("start k6: %v", err))
		return
	}
	os.Args = append([]string{"k6"}, args...)
	cmd.Execute()
}

// prepare connects to the parent, if there is one, and registers the extension.
func prepare() error {
	if os.Getenv("K6_AUTO_EXTENSION_RESOLUTION") == "" {
		if err := os.Setenv("K6_AUTO_EXTENSION_RESOLUTION", "false"); err != nil {
			return err
		}
	}
	text := os.Getenv(wireVariable)
	if text == "" {
		return xk6ext.Register(nil)
	}
	if err := os.Unsetenv(wireVariable); err != nil { // it is no business of the script
		return err
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return fmt.Errorf("%s is no descriptor: %q", wireVariable, text)
	}
	conn, err := wire.FromFile(os.NewFile(uintptr(fd), "wire"))
	if err != nil {
		return err
	}
	if err := conn.Send(wire.Hello{PID: os.Getpid()}); err != nil {
		return err
	}
	return xk6ext.Register(conn)
}
