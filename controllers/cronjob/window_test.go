package cronjob_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Between the creation of a Job and the write of its UID nothing says that there was a Job.
// Without a crash, the operator knows it.
var _ = Describe("a Job that is deleted by hand before its UID is written", func() {
	for name, test := range map[string]struct {
		edited bool
		fate   fate
	}{
		"the CronJob is edited":   {true, passes},
		"the write is lost":       {false, lost},
		"the answer to it is":     {false, unanswered},
		"nothing else goes wrong": {false, passes},
	} {
		It("is one run if "+name, func() {
			w := newWorld()
			o := w.start()
			c := w.create(hourly(w.ns, "c"))
			first := w.observed(c)
			w.settle()
			met := false
			o.wire.setFate(func(one write, before int) fate {
				if met || before != 2 || one.what != "PATCH cronjobs/status" {
					return passes
				}
				defer GinkgoRecover()
				met = true
				if test.edited {
					Expect(k8s.Patch(ctx, c.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}},"spec":{"failedJobsHistoryLimit":2}}`)))).To(Succeed())
				}
				Expect(k8s.Delete(ctx, job(c, first))).To(Succeed())
				time.Sleep(100 * time.Millisecond) // The cache shows it.
				return test.fate
			})
			w.setTime(first)
			Eventually(func() []string { return w.runs() }).ShouldNot(BeEmpty())
			w.settle()
			w.step(time.Minute)
			w.settle()
			Expect(w.runs()).To(Equal(names(c, first)))
			Expect(statusOf(c)()).To(And(HaveField("Pending", BeNil()), HaveField("ActiveJobs", BeZero())))
			w.setTime(first.Add(time.Hour))
			job(c, first.Add(time.Hour))
			w.settle()
			Expect(w.runs()).To(Equal(names(c, first, first.Add(time.Hour))))
		})
	}
})
