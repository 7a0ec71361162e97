package plan

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Expectations are what the informer cache must show of one Job's pods before the
// manager ungates another one. A stale cache hides that a node started, and its
// slot would be given to a second node. It also hides that a pod is terminating: the pod of a failed node
// holds no slot while the kubelet restarts it. Once it is deleted, it holds one until it has stopped.
//
// The zero value is unknown: this process has not confirmed yet that the cache
// shows what an earlier process wrote, or it lost the answer to a
// write. The pods are then listed live.
type Expectations struct {
	known bool
	// ungated has the resourceVersion of each pod that was ungated, by its UID.
	ungated map[types.UID]string
	// deleted has the UIDs of the pods that were deleted.
	deleted map[types.UID]bool
}

// Known returns whether the cache and the expectations together show which pods
// were ungated and deleted.
func (e *Expectations) Known() bool { return e.known }

// Forget makes the expectations unknown.
func (e *Expectations) Forget() { *e = Expectations{} }

// Confirm makes the expectations known from a live list, or unknown if the list has a pod
// that is not cached. Each pod must be cached, in any version: with hundreds of pods
// changing, no cache is ever as new as a list. Where the cache still shows a gate that is
// removed, or a pod that is terminating as if it were not, the pod is expected like one that this process
// ungated or deleted. Pods that the cache has, or had, as they are listed may be left out: a cache only moves on, and
// shows that version, a later one or the deletion.
//
// A pod that only the cache has is deleted by now, and holds no slot. One that only
// the list has may be ungated next, and would then seem deleted.
func (e *Expectations) Confirm(cached, live []Pod) {
	byUID := make(map[types.UID]*Pod, len(cached))
	for i := range cached {
		byUID[cached[i].UID] = &cached[i]
	}
	e.Forget()
	confirmed := Expectations{known: true}
	for i := range live {
		pod := &live[i]
		switch seen := byUID[pod.UID]; {
		case seen == nil:
			return
		case pod.Terminating && !seen.Terminating:
			confirmed.ExpectDeleted(pod.UID)
		case seen.State == Gated && pod.State != Gated:
			confirmed.Expect(pod.UID, pod.ResourceVersion)
		}
	}
	*e = confirmed
}

// Expect adds a pod that was ungated, with the resourceVersion that the API server
// returned. It adds nothing while the expectations are unknown, since Confirm will
// see the pod.
func (e *Expectations) Expect(pod types.UID, resourceVersion string) {
	if !e.known {
		return
	}
	if e.ungated == nil {
		e.ungated = map[types.UID]string{}
	}
	e.ungated[pod] = resourceVersion
}

// ExpectDeleted adds a pod that was deleted. It adds nothing while the expectations are unknown.
func (e *Expectations) ExpectDeleted(pod types.UID) {
	if !e.known {
		return
	}
	if e.deleted == nil {
		e.deleted = map[types.UID]bool{}
	}
	e.deleted[pod] = true
}

// Met returns whether the expectations are known, and the cached pods show each
// pod that was ungated, and none that was deleted unless it is terminating. Such pods were cached before, so that
// their absence means that they are deleted. What was met once is not expected any more.
func (e *Expectations) Met(cached []Pod) bool {
	if !e.known || len(e.ungated)+len(e.deleted) == 0 {
		return e.known
	}
	stale := Expectations{known: true}
	for i := range cached {
		pod := &cached[i]
		if expected, ok := e.ungated[pod.UID]; ok && !isAtLeast(pod.ResourceVersion, expected) {
			stale.Expect(pod.UID, expected)
		}
		if e.deleted[pod.UID] && !pod.Terminating {
			stale.ExpectDeleted(pod.UID)
		}
	}
	*e = stale
	return len(stale.ungated)+len(stale.deleted) == 0
}

// isAtLeast returns whether a resourceVersion is the other one or a later one.
func isAtLeast(version, other string) bool {
	order, err := resourceversion.CompareResourceVersion(version, other)
	return err == nil && order >= 0
}
