package main

import (
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// revision orders all writes of a cluster: its etcd counts them, whatever the kind of their
// objects.
type revision uint64

// revisionOf returns the revision at which an object, or a list, was as it is.
func revisionOf(version string) revision {
	r, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return 0 // It proves nothing.
	}
	return revision(r)
}

// moment is when something happened, as far as a watch tells: after one revision, and at the
// latest with another. It did not happen yet if by is 0.
type moment struct{ after, by revision }

func (m moment) happened() bool { return m.by > 0 }

// surelyBefore returns whether it happened before the other, whatever the watch did not see.
func (m moment) surelyBefore(other moment) bool {
	return m.happened() && other.happened() && m.by <= other.after
}

// maybeBefore returns whether it may have happened before the other.
func (m moment) maybeBefore(other moment) bool {
	return m.happened() && other.happened() && m.after < other.by
}

// life is what a watch tells of the existence of an object.
type life struct {
	created, gone moment
	// seen is the last revision at which the object was seen.
	seen revision
}

// see records that the object was seen, and returns when it became what it is. An event of
// the watch tells that. A list tells that it did so after the object was last seen.
func (l *life) see(object client.Object, listed bool) moment {
	now := revisionOf(object.GetResourceVersion())
	became := moment{after: now - 1, by: now}
	if listed {
		became.after = l.seen
	}
	if !l.created.happened() {
		l.created = became
	}
	l.seen = max(l.seen, now)
	return became
}

// end records when the object was deleted.
func (l *life) end(at moment) {
	if !l.gone.happened() {
		l.gone = at
	}
}

// throughout returns whether the object surely existed from one moment to the other.
func (l *life) throughout(from, to moment) bool {
	return l.created.happened() && l.created.by <= from.after && l.outlives(to)
}

// outlives returns whether the object surely still existed then.
func (l *life) outlives(at moment) bool { return !l.gone.happened() || at.by <= l.gone.after }
