package cronjob_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Where a crash finds a run.
const (
	notBegun     = "nothing is written"
	writtenAhead = "the run is pending"
	created      = "its Job is created"
	uidWritten   = "the Job's UID is written"
	cleared      = "the run is no longer pending"
)

// What happens to the Job until an operator starts again.
const (
	running       = "running"
	finished      = "finished"
	deletedByHand = "deleted by hand"
	// notKept is one that is finished, where history keeps none.
	notKept = "finished and not kept"
)

// crash is one of an operator, between two writes of the first run of a CronJob.
type crash struct {
	// writes took effect, and found is where the run then is.
	writes int
	found  string
	// child is what happens to the Job, empty if there is none.
	child string
	c     *v1beta1.CronJob
	first time.Time
}

// crashes are all of them.
func crashes() (all []*crash) {
	for writes, found := range []string{notBegun, writtenAhead, created, uidWritten, cleared} {
		children := []string{running, finished, notKept, deletedByHand}
		if writes < 2 {
			children = []string{""}
		}
		for _, child := range children {
			all = append(all, &crash{writes: writes, found: found, child: child})
		}
	}
	return all
}

func (c *crash) String() string {
	if c.child == "" {
		return c.found
	}
	return c.found + " and the Job is " + c.child
}

// unknown returns whether nothing is left of a Job that the crash let the operator forget.
func (c *crash) unknown() bool { return c.found == created && c.child == deletedByHand }

// place returns where the first run is.
func (c *crash) place() (string, error) {
	status, err := statusOf(c.c)()
	if err != nil {
		return "", err
	}
	first := new(metav1.NewTime(c.first))
	child, err := jobOf(c.c, c.first)
	exists, pending := !apierrors.IsNotFound(err), status.Pending
	scheduled := status.LastScheduleTime.Equal(first)
	switch ahead := pending != nil && scheduled && pending.Name == runName(c.c, c.first) && pending.ScheduledTime.Equal(first); {
	case pending == nil && !exists && status.LastScheduleTime == nil:
		return notBegun, nil
	case ahead && pending.UID == "" && !exists:
		return writtenAhead, nil
	case ahead && pending.UID == "":
		return created, nil
	case ahead && pending.UID == child.UID:
		return uidWritten, nil
	case pending == nil && exists && scheduled:
		return cleared, nil
	}
	return fmt.Sprintf("last schedule time %v, pending %v, the Job exists: %v", status.LastScheduleTime, pending, exists), client.IgnoreNotFound(err)
}

// crashAll starts an operator for as many CronJobs as there are crashes. It can write no more
// for a CronJob once it should have crashed. When it is stopped, what happens to the Jobs
// happens.
func (w *world) crashAll(all []*crash) time.Time {
	GinkgoHelper()
	o, byName := w.start(), map[string]*crash{}
	for i, one := range all {
		one.c = hourly(w.ns, fmt.Sprint("c", i))
		if one.child == notKept {
			one.c.Spec.SuccessfulJobsHistoryLimit = new(int32(0))
		}
		w.create(one.c)
		byName[one.c.Name] = one
	}
	for _, one := range all {
		one.first = w.observed(one.c)
	}
	w.settle()
	o.wire.setFate(func(one write, before int) fate {
		switch last := byName[one.cronJob()].writes; {
		case before >= last:
			return lost
		case before == last-1:
			return unanswered
		}
		return passes
	})
	w.setTime(all[0].first)
	for _, one := range all {
		Eventually(one.place).Should(Equal(one.found), one.String())
	}
	w.settle()
	o.stop()
	for _, one := range all {
		Expect(one.place()).To(Equal(one.found))
		switch one.child {
		case finished, notKept:
			finish(job(one.c, one.first), v1beta1.JobComplete, one.first.Add(time.Minute))
		case deletedByHand:
			Expect(k8s.Delete(ctx, job(one.c, one.first))).To(Succeed())
		}
	}
	return all[0].first
}
