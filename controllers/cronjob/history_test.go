package cronjob_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("the history of a CronJob", func() {
	recorded := And(HaveField("Pending", BeNil()), HaveField("Active", BeEmpty()), HaveField("LastSuccessfulTime", Not(BeNil())),
		HaveField("LastRun", HaveValue(And(HaveField("Phase", v1beta1.RunPhase("Complete")), HaveField("Completed", "2/2"), HaveField("CompletionTime", Not(BeNil()))))))

	// Each row is the fate of the first write of a kind, for a CronJob that keeps no Job.
	It("is right whatever becomes of a write", func() {
		w := newWorld()
		o := w.start()
		type row struct {
			name, what string
			fate       fate
			c          *v1beta1.CronJob
		}
		rows := []*row{
			{"the result is lost", "PATCH cronjobs/status", lost, nil}, {"the result is unanswered", "PATCH cronjobs/status", unanswered, nil},
			{"the deletion is lost", "DELETE jobs", lost, nil}, {"the deletion is unanswered", "DELETE jobs", unanswered, nil},
		}
		byName, met, early := map[string]*row{}, map[string]bool{}, []string{}
		for i, row := range rows {
			row.c = hourly(w.ns, fmt.Sprint("c", i))
			row.c.Spec.SuccessfulJobsHistoryLimit = new(int32(0))
			byName[w.create(row.c).Name] = row
		}
		var first time.Time
		for _, row := range rows {
			first = w.observed(row.c)
		}
		w.setTime(first)
		w.settle()
		o.wire.setFate(func(one write, _ int) fate {
			row := byName[one.cronJob()]
			if status, err := statusOf(row.c)(); one.what == "DELETE jobs" && (err != nil || status.LastRun.CompletionTime == nil) {
				early = append(early, row.name)
			}
			if one.what != row.what || met[row.name] {
				return passes
			}
			met[row.name] = true
			return row.fate
		})
		for _, row := range rows {
			finish(job(row.c, first), v1beta1.JobComplete, first.Add(time.Minute))
		}
		Eventually(jobsIn(w.ns)).Should(BeEmpty())
		w.settle()
		for _, row := range rows {
			Expect(statusOf(row.c)()).To(recorded, row.name)
			Expect(w.runsOf(row.c)).To(Equal(names(row.c, first)), row.name)
			Expect(met[row.name]).To(BeTrue(), row.name)
		}
		Expect(early).To(BeEmpty(), "the result is written before the Job is deleted")
		Expect(len(w.eventsOf("SawCompletedJob"))).To(BeNumerically("<=", len(rows)))
	})

	It("is right after a crash between the result and the deletion", func() {
		w := newWorld()
		o := w.start()
		c := hourly(w.ns, "c")
		c.Spec.SuccessfulJobsHistoryLimit = new(int32(0))
		first := w.observed(w.create(c))
		w.setTime(first)
		w.settle()
		o.wire.setFate(func(one write, _ int) fate {
			if one.what == "DELETE jobs" {
				return lost
			}
			return passes
		})
		finish(job(c, first), v1beta1.JobComplete, first.Add(time.Minute))
		Eventually(statusOf(c)).Should(recorded)
		w.settle()
		Expect(jobsIn(w.ns)()).To(HaveLen(1))
		o.stop()
		w.start()
		Eventually(jobsIn(w.ns)).Should(BeEmpty())
		w.settle()
		Expect(statusOf(c)()).To(recorded)
		Expect(w.runs()).To(Equal(names(c, first)))
	})

	It("keeps the latest Jobs of each kind, and no manual one longer", func() {
		w := newWorld()
		w.start()
		c := hourly(w.ns, "c")
		c.Spec.SuccessfulJobsHistoryLimit, c.Spec.FailedJobsHistoryLimit = new(int32(2)), new(int32(1))
		w.create(c)
		at := w.observed(c)
		finish(byHand(c), v1beta1.JobComplete, w.clock.Now())
		time.Sleep(1100 * time.Millisecond) // Of two Jobs of a second, the name says which is older.
		var all []time.Time
		for i := range 5 {
			w.setTime(at)
			kind := v1beta1.JobComplete
			if i%2 == 1 {
				kind = v1beta1.JobFailed
			}
			finish(job(c, at), kind, at.Add(time.Minute))
			all = append(all, at)
			at = at.Add(time.Hour)
			w.settle()
		}
		Eventually(jobsIn(w.ns)).Should(ConsistOf(names(c, all[2], all[3], all[4])))
		Expect(w.eventsOf("SuccessfulDelete")).To(HaveLen(3))
		Expect(statusOf(c)()).To(HaveField("LastRun.Name", runName(c, all[4])))
	})

	It("forgets no result when somebody deletes the Job", func() {
		w := newWorld()
		o := w.start()
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		w.setTime(first)
		child := job(c, first)
		w.settle()
		finish(child, v1beta1.JobFailed, first.Add(time.Minute))
		Eventually(statusOf(c)).Should(HaveField("LastRun.Phase", v1beta1.RunPhase("Failed")))
		Expect(k8s.Delete(ctx, child)).To(Succeed())
		w.settle()
		Expect(statusOf(c)()).To(And(HaveField("LastRun.Phase", v1beta1.RunPhase("Failed")), HaveField("LastRun.CompletionTime", Not(BeNil())), HaveField("LastSuccessfulTime", BeNil())))
		second := first.Add(time.Hour)
		w.setTime(second)
		child = job(c, second)
		w.settle()
		Expect(k8s.Delete(ctx, child)).To(Succeed())
		Eventually(statusOf(c)).Should(And(HaveField("LastRun.Name", runName(c, second)), HaveField("LastRun.Phase", v1beta1.RunDeleted), HaveField("Active", BeEmpty())))
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, second)))
		Expect(o.wire.sent("DELETE")).To(BeEmpty())
	})
})
