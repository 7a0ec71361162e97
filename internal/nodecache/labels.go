package nodecache

import (
	"slices"
	"strings"
	"unique"

	"k8s.io/apimachinery/pkg/labels"
)

// Labels returns the node's labels for a selector, and builds no map: a Job on ten nodes of a large
// cluster looks at thousands.
func (n *Node) Labels() labels.Labels { return (*sortedLabels)(n) }

// sortedLabels are a Node's, which are ordered by their keys.
type sortedLabels Node

// Has implements labels.Labels.
func (s *sortedLabels) Has(key string) bool {
	_, ok := s.Lookup(key)
	return ok
}

// Get implements labels.Labels.
func (s *sortedLabels) Get(key string) string {
	value, _ := s.Lookup(key)
	return value
}

// Lookup implements labels.Labels.
func (s *sortedLabels) Lookup(key string) (value string, exists bool) {
	i, found := slices.BinarySearchFunc(s.labels, key, func(handle unique.Handle[label], key string) int {
		return strings.Compare(handle.Value().key, key)
	})
	if !found {
		return "", false
	}
	return s.labels[i].Value().value, true
}
