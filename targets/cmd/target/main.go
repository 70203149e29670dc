// Command target runs one reference target:
//
//	target restapi --variant=fixed --listen=127.0.0.1:8080
//
// Without --listen it listens on LISTEN_ADDR, else on 127.0.0.1:PORT, else on 127.0.0.1:8080. It ends in order on SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/devcraft-studio/brunt/targets"
	"github.com/devcraft-studio/brunt/targets/kit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr, os.LookupEnv)
	stop()
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: target NAME [--variant=naive|fixed] [--listen=HOST:PORT]")

// run serves the target that args name until ctx is done.
func run(ctx context.Context, args []string, logs io.Writer, lookup func(string) (string, bool)) error {
	if len(args) == 0 {
		return fmt.Errorf("%w\n%s", errUsage, names())
	}
	target, ok := find(args[0])
	if !ok {
		return fmt.Errorf("%w\nno target is called %q\n%s", errUsage, args[0], names())
	}
	flags := flag.NewFlagSet("target "+target.Name, flag.ContinueOnError)
	flags.SetOutput(logs)
	variantName := flags.String("variant", string(kit.Fixed), "the implementation: naive or fixed")
	listen := flags.String("listen", defaultListen(lookup), "the address to listen on, host:port")
	if err := flags.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	variant, err := kit.ParseVariant(*variantName)
	if err != nil {
		return fmt.Errorf("%w\n%w", errUsage, err)
	}
	env := kit.Environment{
		Variant:  variant,
		Lookup:   lookup,
		Logger:   slog.New(slog.NewJSONHandler(logs, nil)).With("target", target.Name),
		Registry: kit.NewRegistry(),
	}
	service, err := target.Open(ctx, env)
	if err != nil {
		return fmt.Errorf("%s: %w", target.Name, err)
	}
	return kit.Serve(ctx, *listen, env, service)
}

func find(name string) (kit.Target, bool) {
	for _, t := range targets.All() {
		if t.Name == name {
			return t, true
		}
	}
	return kit.Target{}, false
}

func names() string {
	s := "targets:"
	for _, t := range targets.All() {
		s += "\n  " + t.Name + "\t" + t.About
	}
	return s
}

func defaultListen(lookup func(string) (string, bool)) string {
	if address, ok := lookup("LISTEN_ADDR"); ok && address != "" {
		return address
	}
	if port, ok := lookup("PORT"); ok && port != "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return "127.0.0.1:8080"
}
