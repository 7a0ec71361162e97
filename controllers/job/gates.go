package job

import (
	"cmp"
	"slices"
	"strings"
)

// gatesToOpen are the nodes that may start now, in a fixed order: limit is how
// many may be working at once, or unlimited.
//
// The order is that of the pods' creation, so that a decision on a stale view
// picks the same pods again, and a pod that is new in the meantime comes last.
func podsToUngate(nodes []observedPod, limit int) []observedPod {
	var waiting []observedPod
	taken := 0
	for _, n := range nodes {
		switch {
		case n.takesSlot():
			taken++
		case n.state == gated && n.upToDate && !n.terminating:
			waiting = append(waiting, n)
		}
	}
	slices.SortFunc(waiting, func(a, b observedPod) int {
		return cmp.Or(a.created.Compare(b.created), strings.Compare(a.name, b.name), strings.Compare(a.pod, b.pod))
	})
	if limit == unlimited {
		return waiting
	}
	return waiting[:min(len(waiting), max(0, limit-taken))]
}

// podsToReplace are the pods of earlier templates, which make way for new ones.
func podsToReplace(nodes []observedPod) []observedPod {
	return filter(nodes, func(n *observedPod) bool { return !n.upToDate && !n.terminating })
}

// podsToRetry are the pods of failed nodes, which make way for new ones when the Job is resumed.
func podsToRetry(nodes []observedPod) []observedPod {
	return filter(nodes, func(n *observedPod) bool { return n.upToDate && !n.terminating && n.state == failed })
}

// podsToStop are the pods that must go when a Job is over: a complete Job keeps
// those that are done, for their logs, and those that never start, since their
// gate stays closed.
func podsToStop(nodes []observedPod) []observedPod {
	return filter(nodes, func(n *observedPod) bool { return !n.terminating && n.state != succeeded && n.state != gated })
}

func filter(nodes []observedPod, keep func(*observedPod) bool) []observedPod {
	var kept []observedPod
	for i := range nodes {
		if keep(&nodes[i]) {
			kept = append(kept, nodes[i])
		}
	}
	return kept
}
