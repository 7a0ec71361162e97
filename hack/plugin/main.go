// Command plugin packs the builds of the kubectl plugin for a release: an archive a platform,
// their checksums, and the manifest by which krew installs it. The same builds give the same
// bytes.
//
// Usage: plugin -version v1.2.3 -url URL DIST BUILD…
//
// DIST gets the files. Each BUILD is a folder that is named after its platform, as linux_amd64.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	version := flag.String("version", "", "the version, as v1.2.3")
	url := flag.String("url", "", "where the archives can be downloaded")
	flag.Parse()
	if flag.NArg() < 2 || *version == "" || *url == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := release(flag.Args()[1:], flag.Arg(0), *version, *url); err != nil {
		fmt.Fprintf(os.Stderr, "plugin: %v\n", err)
		os.Exit(1)
	}
}
