// Package version holds the release that the program was built from.
package version

import (
	"fmt"
	"runtime"
)

// Version is the release. The linker sets it with
//
//	-ldflags "-X github.com/darkowlzz/daemonset-job/internal/version.Version=v0.1.0"
var Version = "dev"

// Line returns what --version prints for the program called name.
func Line(name string) string {
	return fmt.Sprintf("%s %s (%s %s/%s)", name, Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
