// Command gocheck fails if a program was built by a Go that is older than the toolchain
// of go.mod. The standard library of an older one may have known vulnerabilities, and
// GOTOOLCHAIN=local builds with it silently.
//
// Usage: gocheck PROGRAM…, in the folder of go.mod.
package main

import (
	"debug/buildinfo"
	"fmt"
	"go/version"
	"os"

	"golang.org/x/mod/modfile"
)

func main() {
	if err := check("go.mod", os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "gocheck: %v\n", err)
		os.Exit(1)
	}
}

// check compares the Go of each program with the toolchain of a go.mod.
func check(goMod string, programs []string) error {
	data, err := os.ReadFile(goMod)
	if err != nil {
		return err
	}
	module, err := modfile.Parse(goMod, data, nil)
	if err != nil {
		return err
	}
	if module.Toolchain == nil {
		return fmt.Errorf("%s has no toolchain line: add one with the newest Go, as in toolchain go1.26.8", goMod)
	}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return fmt.Errorf("reading the Go of %s: %w", program, err)
		}
		// A version that is not one of a release, as of a fork, compares as older.
		if version.Compare(info.GoVersion, module.Toolchain.Name) < 0 {
			return fmt.Errorf("%s was built by %s, and %s asks for %s or newer: install it, or unset GOTOOLCHAIN", program, info.GoVersion, goMod, module.Toolchain.Name)
		}
	}
	return nil
}
