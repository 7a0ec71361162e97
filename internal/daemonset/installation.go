package daemonset

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// askAfter is how long an installation observes another one's DaemonSet before it asks
	// whether that one is still there.
	askAfter = 30 * time.Second
	// answerTime is how long it waits for the answer. A manager that crashed is started
	// again, and leads again, in less.
	answerTime = 30 * time.Second
)

// Ownership says which installation of the operator runs a DaemonSet's Job. At most one
// writes for a Job: two versions, or two settings, would undo each other's writes.
//
// The API server's record of the last write does not tell whether the owner is there: an
// apply that changes nothing does not move its time, and a quiet Job is not written to for
// hours. So another installation asks, and an owner that is there answers.
type Ownership struct {
	// Owner is the installation that applied the DaemonSet, empty if an earlier version did.
	Owner string
	// Asker is an installation that asks for the DaemonSet, empty once it is answered.
	Asker string
}

// OwnershipOf returns what the DaemonSet's annotations say.
func OwnershipOf(ds *appsv1.DaemonSet) Ownership {
	return Ownership{Owner: ds.Annotations[v1beta1.AnnotationInstallation], Asker: ds.Annotations[v1beta1.AnnotationAskedBy]}
}

// IsOthers returns whether another installation than me owns the DaemonSet. An installation
// without a name knows no others.
func (o Ownership) IsOthers(me string) bool { return me != "" && o.Owner != "" && o.Owner != me }

// OwnershipStep is what an installation does about the Ownership of a DaemonSet.
type OwnershipStep string

const (
	// Own runs the Job.
	Own OwnershipStep = "own"
	// Answer runs the Job, and first removes the other installation's question.
	Answer OwnershipStep = "answer"
	// KeepOff writes nothing for the Job.
	KeepOff OwnershipStep = "keep off"
	// Ask writes nothing but the question whether the owner is still there.
	Ask OwnershipStep = "ask"
	// TakeOver makes this installation the owner.
	TakeOver OwnershipStep = "take over"
)

// Next returns the step of the installation me, which has observed this Ownership for so
// long by its own clock, and after which time the step is another one, 0 for never.
func (o Ownership) Next(me string, observed time.Duration) (OwnershipStep, time.Duration) {
	step, after := Ask, askAfter
	switch {
	case !o.IsOthers(me) && (me == "" || o.Asker == ""):
		return Own, 0
	case !o.IsOthers(me):
		return Answer, 0
	case o.Asker == me:
		step, after = TakeOver, answerTime
	case o.Asker != "":
		// The asker goes first. One that is gone by itself must not block the Job.
		after = askAfter + answerTime
	}
	if wait := after - observed; wait > 0 {
		return KeepOff, wait
	}
	return step, 0
}
