// Package podcache makes cached pods small. The informer caches hold thousands of pods, of which
// the controllers read a few fields, and whoever may create pods anywhere can write the others: an
// entry has a bounded size, whatever the pod holds.
package podcache

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// maxName is longer than any name, UID or time that Kubernetes writes, in bytes.
	maxName = 256
	// largeSize is how many bytes make a pod a large one. Most pods have fewer.
	largeSize = 8 << 10
	// maxSize is more than etcd stores of an object.
	maxSize = 2 << 20
)

// boundName returns at most the first maxName bytes of s. It copies what it cuts, so that Go
// can free the rest.
func boundName(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.Clone(s[:maxName])
}

// sizeOf returns how many bytes the API server holds of a pod, 0 unless it is a large one.
func sizeOf(pod *corev1.Pod) int {
	if size := pod.Size(); size > largeSize {
		return min(size, maxSize)
	}
	return 0
}
