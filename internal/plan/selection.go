package plan

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// unscheduledTimeout is how long an ungated pod may be unschedulable before it
// gives its slot back.
const unscheduledTimeout = 30 * time.Second

// holdsSlot returns whether the pod counts against parallelism: its work may still
// run, whoever controls the pod and whichever template it is made from.
func (s *State) holdsSlot(pod *Pod) bool {
	switch state := s.stateOf(pod); {
	case pod.Gone:
		return false
	case state == Failed && !pod.Terminating && !s.stopsFailures() && !s.isStopped(pod):
		// The kubelet keeps restarting it, as the API documents.
		return false
	case state != Active && state != Failed:
		return false
	case pod.Node != "" && pod.on == nil && !s.isStale(pod.Node) && (pod.Started || !pod.ScheduledAt.IsZero()):
		// One that is not scheduled yet starts when a node of that name joins again.
		return false
	}
	// A pod that is bound to a dead node stays. Its kubelet had its grace period to
	// report that a container runs.
	return !pod.Terminating || pod.Started || s.Now.Before(pod.DeletionTime)
}

// podsToUngate returns the pods whose node may start now, in a fixed order, and the
// time after which a node's back-off lets another one start, 0 for none.
//
// The order is that of creation. A decision on a stale State then picks the same
// pods again, and a pod that was made in the meantime comes last.
//
// deleted are the pods that the Plan deletes. A failed one holds no slot, but does from then
// on until it has stopped.
func (s *State) podsToUngate(m *membership, deleted []Pod) (ungate []Pod, retry time.Duration) {
	free := slots(&s.Job.Spec, len(m.members))
	stopping := map[types.UID]bool{}
	for i := range deleted {
		stopping[deleted[i].UID] = s.stateOf(&deleted[i]) == Failed
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; s.holdsSlot(pod) || stopping[pod.UID] {
			free--
		}
	}
	waiting := s.podsThatWait(m)
	if free <= 0 || len(waiting) == 0 {
		return nil, 0
	}
	slices.SortFunc(waiting, func(a, b *Pod) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Node, b.Node), strings.Compare(a.Name, b.Name))
	})
	occupied := s.occupiedNodes()
	for _, pod := range waiting {
		switch until := s.Backoff[pod.Node]; {
		case free <= 0:
			return ungate, retry
		case occupied[pod.Node]:
			// A node never works for two pods of a Job's name.
		case s.Now.Before(until):
			retry = soonest(retry, until.Sub(s.Now))
		default:
			occupied[pod.Node] = true
			free--
			ungate = append(ungate, *pod)
		}
	}
	return ungate, retry
}

// podsThatWait returns the gated pods of the Job's nodes that have not started, or are tried again.
func (s *State) podsThatWait(m *membership) []*Pod {
	var gated []*Pod
	for i := range s.Pods {
		// The work of a pod with too many containers would never count, and hold its slot until the
		// user changes the template.
		if pod := &s.Pods[i]; pod.State == Gated && pod.Blocker.Reason != v1beta1.ReasonTooManyContainers && s.counts(pod) {
			gated = append(gated, pod)
		}
	}
	if len(gated) == 0 {
		return nil
	}
	placed, triesFailed := map[*Node]bool{}, s.triesFailedNodes(m)
	for i := range m.members {
		if node := m.members[i].node; node.Placement == daemonset.Placed {
			placed[node] = true
		}
	}
	return slices.DeleteFunc(gated, func(pod *Pod) bool {
		if !placed[pod.on] || s.isStale(pod.Node) {
			return true
		}
		entry := s.entryOf(pod.on)
		return entry != nil && (!triesFailed || !s.isTriedAgain(entry))
	})
}

// occupiedNodes returns the names of the nodes with a pod that is not gated. The DaemonSet controller made
// a second pod if it got no answer for the first, and a new DaemonSet makes one beside an
// orphan. The kubelet runs the work of the other pod again after a reboot, or a failure.
func (s *State) occupiedNodes() map[string]bool {
	occupied := map[string]bool{}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.State != Gated && pod.State != Lost && !pod.Gone {
			occupied[pod.Node] = true
		}
	}
	return occupied
}

// podsToReclaim returns the ungated pods that cannot be scheduled and hold slots that
// other nodes could use, and the time after which there may be more. They are
// made again, gated, so that this is only done under a gated template.
func (s *State) podsToReclaim() (reclaim []Pod, retry time.Duration) {
	if s.Job.Spec.Parallelism == nil || !daemonset.HasGate(&s.DaemonSet.Spec.Template.Spec) {
		return nil, 0
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !pod.Unschedulable || pod.Preempting || pod.Terminating || pod.State != Active || !s.owned(pod) {
			continue
		}
		since := pod.UngatedAt
		if since.After(s.Now.Add(clockSkew)) {
			// Whoever may write pods forged it, and the slot would never be free.
			since = pod.Created
		}
		if wait := since.Add(unscheduledTimeout).Sub(s.Now); wait > 0 {
			retry = soonest(retry, wait)
			continue
		}
		reclaim = append(reclaim, *pod)
	}
	return reclaim, retry
}

// podsToReplace returns the pods of earlier templates. The DaemonSet controller
// makes new ones in their place.
func (s *State) podsToReplace() []Pod {
	return s.filter(func(pod *Pod) bool { return s.owned(pod) && pod.TemplateHash != s.TemplateHash && !pod.Terminating })
}

// podsToStop returns the pods that must go when a Job is Complete. It keeps those
// whose work is done, for their logs, and those that stay gated.
func (s *State) podsToStop() []Pod {
	return s.filter(func(pod *Pod) bool {
		return s.owned(pod) && !pod.Terminating && pod.State != Succeeded && pod.State != Gated
	})
}

// filter returns the pods to keep. Those that are gone are none.
func (s *State) filter(keep func(*Pod) bool) []Pod {
	var kept []Pod
	for i := range s.Pods {
		if !s.Pods[i].Gone && keep(&s.Pods[i]) {
			kept = append(kept, s.Pods[i])
		}
	}
	return kept
}

// AnyNode is a pod template that every node matches.
var AnyNode corev1.PodTemplateSpec

// PodsOfPredecessor returns the pods that may still run the work of an earlier
// DaemonSet, and that the next one would not adopt. However often a pod failed, the
// kubelet keeps restarting it.
func PodsOfPredecessor(pods []Pod, nodes []Node, now time.Time) []Pod {
	tireless := &v1beta1.Job{Spec: v1beta1.JobSpec{BackoffLimit: new(int32(math.MaxInt32))}}
	s := State{Job: tireless, Nodes: nodes, Pods: pods, Now: now}
	s.index()
	return s.filter(func(pod *Pod) bool {
		return (pod.Terminating || pod.Owner != "") && s.holdsSlot(pod)
	})
}
