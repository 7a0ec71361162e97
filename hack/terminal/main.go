// Command terminal draws what a program shows on a terminal, as an SVG picture whose text is
// text. It runs the program in a pseudo-terminal.
//
// Usage: terminal -out FILE [flags] -- PROGRAM ARG…
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

func main() {
	o := options{}
	flag.StringVar(&o.prompt, "prompt", "", "the command line that stands above the output")
	flag.IntVar(&o.width, "width", 90, "columns of the terminal")
	flag.IntVar(&o.height, "height", 30, "lines of the terminal; empty ones at its end are not drawn")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long to wait for the picture")
	until := flag.String("until", "", "draw as soon as the screen matches this regular expression, and not when the program ends")
	out := flag.String("out", "", "the picture")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := draw(o, *until, *out, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "terminal: %v\n", err)
		os.Exit(1)
	}
}

func draw(o options, until, out string, command []string) error {
	if until != "" {
		var err error
		if o.until, err = regexp.Compile(until); err != nil {
			return err
		}
	}
	lines, err := record(o, command)
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(picture(lines, o.width)), 0o644)
}
