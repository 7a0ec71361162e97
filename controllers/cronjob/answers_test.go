package cronjob_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The operator goes on when a write fails: it reads what became of it.
var _ = Describe("a write that fails", func() {
	It("makes one run, whichever it is, and whether it took effect or not", func() {
		w := newWorld()
		o := w.start()
		type row struct {
			nth       int
			what, met string
			fate      fate
			c         *v1beta1.CronJob
		}
		rows, byName := []*row{}, map[string]*row{}
		for nth, what := range []string{"PATCH cronjobs/status", "POST jobs", "PATCH cronjobs/status", "PATCH cronjobs/status"} {
			for _, fate := range []fate{lost, unanswered} {
				row := &row{nth: nth, what: what, fate: fate, c: w.create(hourly(w.ns, fmt.Sprint("c", len(rows))))}
				rows, byName[row.c.Name] = append(rows, row), row
			}
		}
		var first time.Time
		for _, row := range rows {
			first = w.observed(row.c)
		}
		w.settle()
		o.wire.setFate(func(one write, before int) fate {
			row := byName[one.cronJob()]
			if before != row.nth || row.met != "" {
				return passes
			}
			row.met = one.what
			return row.fate
		})
		w.setTime(first)
		for _, row := range rows {
			Eventually(statusOf(row.c)).Should(And(HaveField("Pending", BeNil()), HaveField("ActiveJobs", int32(1))), row.c.Name)
		}
		w.settle()
		Expect(len(w.eventsOf("SuccessfulCreate"))).To(BeNumerically("<=", len(rows)))
		second := first.Add(time.Hour)
		for _, row := range rows {
			Expect(row.met).To(Equal(row.what), row.c.Name)
			Expect(w.runsOf(row.c)).To(Equal(names(row.c, first)), row.c.Name)
			finish(job(row.c, first), v1beta1.JobComplete, first.Add(time.Minute))
		}
		w.setTime(second)
		for _, row := range rows {
			job(row.c, second)
		}
		w.settle()
		for _, row := range rows {
			Expect(w.runsOf(row.c)).To(Equal(names(row.c, first, second)), row.c.Name)
		}
	})

	It("makes one run while no answer comes", func() {
		w := newWorld()
		o := w.start()
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		w.settle()
		o.wire.setFate(func(_ write, before int) fate {
			if before < 4 {
				return unanswered
			}
			return passes
		})
		w.setTime(first)
		Eventually(statusOf(c)).Should(And(HaveField("Pending", BeNil()), HaveField("ActiveJobs", int32(1))))
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first)))
	})
})
