package plan

import (
	"cmp"
	"slices"
	"strings"
)

// podsToUngate returns the pods whose node may start now, in a fixed order.
//
// The order is that of creation. A decision on a stale State then picks the same
// pods again, and a pod that was made in the meantime comes last.
func (s *State) podsToUngate() []Pod {
	limit, waiting, taken := slots(&s.Job.Spec, s.desiredNodes()), []Pod(nil), 0
	for i := range s.Pods {
		switch pod := &s.Pods[i]; s.stateOf(pod) {
		case Active:
			// The work of a terminating pod, or of an earlier template, is still work.
			taken++
		case Gated:
			if s.upToDate(pod) && !pod.Terminating {
				waiting = append(waiting, *pod)
			}
		}
	}
	slices.SortFunc(waiting, func(a, b Pod) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Node, b.Node), strings.Compare(a.Name, b.Name))
	})
	if limit == unlimited {
		return waiting
	}
	return waiting[:min(len(waiting), max(0, limit-taken))]
}

// podsToReplace returns the pods of earlier templates. The DaemonSet controller
// makes new ones in their place.
func (s *State) podsToReplace() []Pod {
	return s.filter(func(pod *Pod) bool { return !s.upToDate(pod) && !pod.Terminating })
}

// podsToRetry returns the pods of failed nodes.
func (s *State) podsToRetry() []Pod {
	return s.filter(func(pod *Pod) bool { return s.upToDate(pod) && !pod.Terminating && s.stateOf(pod) == Failed })
}

// withoutFailed returns the pods of all nodes that have not failed.
func (s *State) withoutFailed() []Pod {
	return s.filter(func(pod *Pod) bool { return s.stateOf(pod) != Failed })
}

// podsToStop returns the pods that must go when a Job is Complete. It keeps those
// whose work is done, for their logs, and those that stay gated.
func (s *State) podsToStop() []Pod {
	return s.filter(func(pod *Pod) bool { return !pod.Terminating && pod.State != Succeeded && pod.State != Gated })
}

func (s *State) filter(keep func(*Pod) bool) []Pod {
	var kept []Pod
	for i := range s.Pods {
		if keep(&s.Pods[i]) {
			kept = append(kept, s.Pods[i])
		}
	}
	return kept
}
