package jobcache

import "sigs.k8s.io/controller-runtime/pkg/event"

// MadeAgain returns whether an update is of two objects: the first one was deleted, and the second one created under its
// name, while the watch was interrupted. No event tells of the deletion, and their generations may be the same.
func MadeAgain(e event.UpdateEvent) bool { return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() }
