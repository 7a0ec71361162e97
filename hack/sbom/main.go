// Command sbom writes the list of all modules that are in a program, as CycloneDX has it. The
// program is given as it was built for each platform, and says itself what is in it.
//
// Usage: sbom -name NAME -version VERSION -time SECONDS FILE PROGRAM...
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	var r release
	flag.StringVar(&r.name, "name", "", "what is released")
	flag.StringVar(&r.version, "version", "", "its version, as v0.1.0")
	seconds := flag.Int64("time", 0, "the time of the release, in seconds since 1970")
	flag.Parse()
	if r.name == "" || r.version == "" || flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: sbom -name NAME -version VERSION -time SECONDS FILE PROGRAM...")
		os.Exit(2)
	}
	r.time = time.Unix(*seconds, 0).UTC()
	if err := write(r, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "sbom: %v\n", err)
		os.Exit(1)
	}
}

func write(r release, file string, paths []string) error {
	var programs []program
	for _, path := range paths {
		p, err := read(path)
		if err != nil {
			return err
		}
		programs = append(programs, p)
	}
	var text bytes.Buffer
	// Version 1.6 of the format: scanners follow a new one late.
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(r.bom(programs), cdx.SpecVersion1_6); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}
