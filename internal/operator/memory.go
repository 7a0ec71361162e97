package operator

import (
	"runtime/debug"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// goMemLimit is the variable by which a user sets the limit of Go's runtime. The runtime reads it
// at its start.
const goMemLimit = "GOMEMLIMIT"

// memoryLimit returns the soft limit of Go's runtime in a container with this much memory: nine
// tenths of it, so that garbage is collected more often before the kernel kills the process. The
// rest is for what the runtime does not count. ok is false if there is nothing to set: the user
// set a limit, or the container's memory is unknown.
//
// For a container without a limit, the kubelet reports what its node can allocate. That limit
// changes nothing until the node itself has no memory left.
func memoryLimit(container options.Bytes, lookup func(string) (string, bool)) (limit int64, ok bool) {
	if set, _ := lookup(goMemLimit); set != "" || container <= 0 {
		return 0, false
	}
	return int64(container) / 10 * 9, true
}

// limitMemory sets the soft limit of Go's runtime.
func limitMemory(container options.Bytes, lookup func(string) (string, bool)) {
	if limit, ok := memoryLimit(container, lookup); ok {
		debug.SetMemoryLimit(limit)
	}
}
