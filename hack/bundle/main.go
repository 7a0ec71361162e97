// Command bundle makes the operator's OLM bundle and its catalogue, and checks them.
//
//	kustomize build config/manifests | bundle generate -version V …
//	opm render DIR -o yaml | bundle image -image IMAGE
//	opm render --migrate-level=… -o yaml IMAGE | bundle catalog …
//	opm render -o yaml CATALOGUE | bundle split -own FILE -others FILE
//	bundle validate DIR
//	bundle community -version V -bundle DIR -catalog FILE -output DIR …
//
// `generate` writes what `operator-sdk generate bundle` writes, and needs only Go modules.
// The same input gives the same bytes: the date of a release is part of the input.
package main

import (
	"fmt"
	"os"
)

// commands holds the program's commands by name.
var commands = map[string]func([]string) error{
	"generate":  generate,
	"catalog":   catalog,
	"community": submit,
	"image":     withImage,
	"split":     split,
	"validate":  validateDir,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bundle generate|image|catalog|split|validate|community …")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "bundle %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
