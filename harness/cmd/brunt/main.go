// Command brunt asks whether a build still holds its SLOs, under load and under failure, and whether it is worse than
// the last one.
package main

import (
	"fmt"
	"os"

	"github.com/devcraft-studio/brunt/harness/cli"
)

func main() {
	exe, err := os.Executable()
	if err == nil {
		var dir string
		if dir, err = os.Getwd(); err == nil {
			os.Exit(cli.Main(cli.Process{
				Args: os.Args[1:], Environ: os.Environ(), Dir: dir, Exe: exe,
				Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			}))
		}
	}
	fmt.Fprintf(os.Stderr, "brunt: %v\n", err)
	os.Exit(3)
}
