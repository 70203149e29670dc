package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print brunt's version and those of what is built in",
		Example: "  brunt version",
		Args:    exactArgs(0),
		RunE: func(*cobra.Command, []string) error {
			tools := builtIn()
			return a.print(fmt.Sprintf("brunt %s (k6 %s, toxiproxy %s, testcontainers %s, %s)\n",
				tools["brunt"], tools["k6"], tools["toxiproxy"], tools["testcontainers"], tools["go"]))
		},
	}
}

// builtIn are the versions of brunt and of what is linked into it.
func builtIn() map[string]string {
	const unknown = "unknown" // as in a binary that was built without module information
	tools := map[string]string{
		"brunt": Version, "go": runtime.Version(), "k6": unknown, "toxiproxy": unknown, "testcontainers": unknown,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return tools
	}
	names := map[string]string{
		"go.k6.io/k6":                                 "k6",
		"github.com/Shopify/toxiproxy/v2":             "toxiproxy",
		"github.com/testcontainers/testcontainers-go": "testcontainers",
	}
	for _, dep := range info.Deps {
		if name, ok := names[dep.Path]; ok {
			tools[name] = strings.TrimPrefix(dep.Version, "v")
		}
	}
	return tools
}
