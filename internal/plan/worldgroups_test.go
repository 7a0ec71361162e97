package plan

import (
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// checkGroups checks that each failed node is in one group, and that no two groups look alike.
func (w *world) checkGroups(status *v1beta1.JobStatus) {
	sum, seen := int32(0), map[failedAlike]bool{}
	for i := range status.FailureGroups {
		group := &status.FailureGroups[i]
		sum += group.Count
		key := failedAlike{reason: group.Reason, message: group.Message}
		if group.ExitCode != nil {
			key.exitCode, key.ended = *group.ExitCode, true
		}
		switch {
		case seen[key]:
			w.breaks("two groups are %+v", key)
		case len(group.Nodes) != min(int(group.Count), maxGroupNodes):
			w.breaks("the group %+v of %d nodes names %v", key, group.Count, group.Nodes)
		case strings.ContainsAny(group.Message, digits):
			w.breaks("the group %+v depends on a node", key)
		case i > 0 && group.Count > status.FailureGroups[i-1].Count:
			w.breaks("the group %+v comes after a smaller one", key)
		}
		if seen[key] = true; group.Count > 1 {
			w.count[grouped]++
		}
	}
	if sum != status.Failed {
		w.breaks("%d nodes are in groups, and %d failed", sum, status.Failed)
	}
}
