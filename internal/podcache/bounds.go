package podcache

import (
	"strings"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

const (
	// maxName is longer than any name, UID or time that Kubernetes writes, in bytes.
	maxName = 256
	// maxPath is longer than any name with a prefix that Kubernetes accepts.
	maxPath = 512
	// maxMessages is how much is kept of the messages of a pod's containers together, without an
	// output that the pod asks for. The status of a Job shows less of one pod.
	maxMessages = 4 * plan.MaxLog
)

// first returns at most the first limit bytes of s. It copies what it cuts, so that Go can
// free the rest.
func first(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.Clone(s[:limit])
}

// boundLists keeps the first containers of both lists. It keeps one more than are
// observed, which tells plan.ReadPod that the pod has too many.
func boundLists[T any](init, rest []T) (keptInit, keptRest []T) {
	keptInit = init[:min(len(init), plan.MaxContainers+1)]
	return keptInit, rest[:min(len(rest), plan.MaxContainers+1-len(keptInit))]
}

// boundEach bounds each element. It keeps a nil slice nil.
func boundEach[T any](full []T, bound func(*T) T) []T {
	if len(full) == 0 {
		return nil
	}
	bounded := make([]T, len(full))
	for i := range full {
		bounded[i] = bound(&full[i])
	}
	return bounded
}
