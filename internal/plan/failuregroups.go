package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// maxFailureGroups is how many groups a status has, and maxGroupNodes how many nodes of
	// each it names.
	maxFailureGroups, maxGroupNodes = 10, 5
	// maxLine is how much of a line is compared, and maxGroupMessage how much of what is
	// compared a status shows, in bytes.
	maxLine, maxGroupMessage = 512, 256
)

// failedAlike is what the nodes of a group have in common.
type failedAlike struct {
	reason, message string
	exitCode        int32
	// ended says that a container ended, with exitCode.
	ended bool
}

// failureGroups returns the groups of nodes that failed alike, those of most nodes first. A
// status has the first of them. Its count of failed nodes has the rest too.
func (s *State) failureGroups(t *tally) []v1beta1.FailureGroup {
	if len(t.failures) == 0 {
		return nil
	}
	index, groups := map[failedAlike]int{}, []v1beta1.FailureGroup{}
	for i := range t.failures {
		f := &t.failures[i]
		key := failedAlike{reason: f.Reason, message: s.sharedMessage(f)}
		if f.ExitCode != nil {
			key.exitCode, key.ended = *f.ExitCode, true
		}
		at, known := index[key]
		if !known {
			at = len(groups)
			index[key] = at
			groups = append(groups, v1beta1.FailureGroup{Reason: f.Reason, ExitCode: f.ExitCode, Message: key.message})
		}
		group := &groups[at]
		if group.Count++; len(group.Nodes) < maxGroupNodes {
			group.Nodes = append(group.Nodes, f.Node)
		}
	}
	slices.SortFunc(groups, compareGroups)
	return slices.Clip(groups[:min(len(groups), maxFailureGroups)])
}

// sharedMessage returns the message of the group of a failed node. It is the recorded one once
// there is one, since the pod is deleted after that.
func (s *State) sharedMessage(f *failure) string {
	if entry := f.member.entry; entry != nil && entry.Message != "" {
		return entry.Message
	}
	varying := varying{isNode: s.hasNode, podPrefix: v1beta1.DaemonSetName(s.Job.Name) + "-"}
	return Shorten(varying.replace(f.firstLine(), f.Node), maxGroupMessage)
}

// compareGroups orders groups in one way only, so that the same failures make the same status.
func compareGroups(a, b v1beta1.FailureGroup) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message),
		// No node is in two groups.
		slices.Compare(a.Nodes, b.Nodes))
}

// firstLine returns the first line that the node's containers printed last, or else of what
// happened.
func (f *failure) firstLine() string {
	what, printed, found := strings.Cut(f.Message, lastLines)
	if entry := f.member.entry; !found && entry != nil {
		printed = entry.Output
	}
	line, _, _ := strings.Cut(cmp.Or(strings.TrimSpace(printed), what), "\n")
	return strings.ToValidUTF8(line[:min(len(line), maxLine)], "")
}
