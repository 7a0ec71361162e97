package cronjob_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// One run is made twice: its Job was created, its UID was not written, and a deletion by hand
// left no trace of it.
var _ = Describe("a crash of the operator", func() {
	It("makes each run once when it starts again at once, but for one window", func() {
		w, all := newWorld(), crashes()
		first := w.crashAll(all)
		w.setTime(first.Add(2 * time.Minute))
		w.start()
		w.settle()
		for _, one := range all {
			want := names(one.c, first)
			if one.unknown() {
				want = names(one.c, first, first)
			}
			Expect(w.runsOf(one.c)).To(Equal(want), one.String())
			status, err := statusOf(one.c)()
			Expect(err).NotTo(HaveOccurred())
			Expect(status).To(And(HaveField("Pending", BeNil()), HaveField("LastScheduleTime.Time", BeTemporally("==", first))), one.String())
			switch {
			case one.child == finished, one.child == notKept:
				_, err := jobOf(one.c, first)
				Expect(apierrors.IsNotFound(err)).To(Equal(one.child == notKept), one.String())
				Expect(status).To(And(HaveField("Active", BeEmpty()), HaveField("LastSuccessfulTime.Time", BeTemporally("==", first.Add(time.Minute))),
					HaveField("LastRun.Phase", v1beta1.RunPhase("Complete")), HaveField("LastRun.Completed", "2/2")), one.String())
			case one.child == deletedByHand && !one.unknown():
				Expect(status).To(And(HaveField("Active", BeEmpty()), HaveField("LastSuccessfulTime", BeNil())), one.String())
			default:
				Expect(status).To(HaveField("Active", ConsistOf(HaveField("Name", runName(one.c, first)))), one.String())
				finish(job(one.c, first), v1beta1.JobFailed, first.Add(time.Minute))
			}
		}
		w.settle()
		second := first.Add(time.Hour)
		w.setTime(second)
		w.settle()
		for _, one := range all {
			want := append(names(one.c, first), runName(one.c, second))
			if one.unknown() {
				want = names(one.c, first, first, second)
			}
			Expect(w.runsOf(one.c)).To(Equal(want), one.String())
		}
	})

	It("makes the latest run alone, once, when it starts again after three more", func() {
		w, all := newWorld(), crashes()
		first := w.crashAll(all)
		latest := first.Add(3 * time.Hour)
		w.setTime(latest.Add(10 * time.Minute))
		w.start()
		w.settle()
		dropped := 0
		for _, one := range all {
			if one.found == writtenAhead || one.unknown() {
				dropped++
			}
			if one.child == running {
				Expect(condition(one.c, v1beta1.CronJobReady)()).To(Equal("True RunWaiting"), one.String())
				Expect(w.runsOf(one.c)).To(Equal(names(one.c, first)), one.String())
				finish(job(one.c, first), v1beta1.JobComplete, first.Add(time.Minute))
			}
		}
		Expect(w.eventsOf("RunDropped")).To(HaveLen(dropped))
		w.settle()
		for _, one := range all {
			want := names(one.c, first, latest)
			if one.child == "" {
				want = names(one.c, latest)
			}
			Expect(w.runsOf(one.c)).To(Equal(want), one.String())
			Expect(statusOf(one.c)()).To(And(HaveField("Pending", BeNil()), HaveField("LastScheduleTime.Time", BeTemporally("==", latest)),
				HaveField("Active", ConsistOf(HaveField("Name", runName(one.c, latest))))), one.String())
		}
		Expect(w.eventsOf("RunDropped")).To(HaveLen(dropped))
	})
})
