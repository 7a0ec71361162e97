package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// TestStepsOfARun is what a reconcile after the other does: a crash can fall between any two.
func TestStepsOfARun(t *testing.T) {
	g, at := NewWithT(t), utc(t, "2026-06-01 03:00")
	c := theCronJob("0 3 * * *", observedBefore)
	decide := func(s State) Decision {
		t.Helper()
		s.CronJob, s.Now = c, at.Add(700*time.Millisecond)
		d, flaws := flawsOf(&s)
		g.ExpectWithOffset(1, flaws).To(BeEmpty())
		if d.Status != nil {
			c = c.DeepCopy()
			c.Status = *d.Status
		}
		return d
	}
	run := Run{Name: nameAt(c, at), ScheduledTime: at}
	pending := func(uid types.UID) *v1beta1.PendingRun {
		return &v1beta1.PendingRun{Name: run.Name, ScheduledTime: metav1.NewTime(at), UID: uid}
	}

	d := decide(State{})
	g.Expect(d.Create).To(BeNil(), "the record is not written yet")
	g.Expect(c.Status.Pending).To(Equal(pending("")))
	g.Expect(c.Status.LastScheduleTime.Time).To(Equal(at))

	d = decide(State{})
	g.Expect(d.Create).To(Equal(&run))
	g.Expect(decide(State{}).Create).To(Equal(&run), "after a crash before the create")

	job := childAt(c, at, notObserved)
	d = decide(State{Named: metadataOf(job)})
	g.Expect(d.Create).To(BeNil())
	g.Expect(c.Status.Pending).To(Equal(pending(job.UID)), "after a crash before the uid was written")

	d = decide(State{Named: metadataOf(job)})
	g.Expect(c.Status.Pending).To(Equal(pending(job.UID)), "the cache does not have it")
	g.Expect(d.Create).To(BeNil())
	g.Expect(d.RequeueAfter).To(BeNumerically(">", 0))

	decide(State{Children: []*v1beta1.Job{job}})
	g.Expect(c.Status.Pending).To(BeNil())
	g.Expect(c.Status.Active).To(HaveLen(1))
	g.Expect(c.Status.Active[0].ScheduledTime.UTC()).To(Equal(at))
	g.Expect(decide(State{Children: []*v1beta1.Job{job}}).Status).To(BeNil())
}

// TestPendingWithItsJob is for what the API server or the cache has under the name of the pending run.
func TestPendingWithItsJob(t *testing.T) {
	at := utc(t, "2026-06-01 03:00")
	for name, test := range map[string]struct {
		uid          types.UID
		child, named func(*v1beta1.Job) // nil if there is none
		foreign      bool
		pending      types.UID
		cleared      bool
		results      []Result
		active       int
		create       bool
		wasActive    bool
		created      types.UID
	}{
		"not created": {create: true},
		"deleted by hand, and this manager created it":  {created: "uid", pending: "uid"},
		"created by this manager":                       {created: "uid", named: notObserved, pending: "uid"},
		"created by this manager, in the cache":         {created: "uid", child: running, pending: "uid", active: 1},
		"created by this manager, its name taken since": {created: "uid", named: running, foreign: true, pending: "uid"},
		"created, and the uid is not written":           {named: notObserved, pending: "uid"},
		"in the cache, and the uid is not written":      {child: notObserved, pending: "uid", active: 1},
		"finished, and the uid is not written":          {child: completed, pending: "uid"},
		"deleting, and the uid is not written":          {named: deleting, pending: "uid"},
		"the uid is written, and the cache lags":        {uid: "uid", named: notObserved, pending: "uid"},
		"the uid is written, running in the cache":      {uid: "uid", child: notObserved, cleared: true, active: 1},
		"the uid is written, complete in the cache":     {uid: "uid", child: completed, cleared: true, results: []Result{Complete}},
		"the uid is written, failed in the cache":       {uid: "uid", child: failed, cleared: true, results: []Result{Failed}},
		"deleted by hand before the uid was known":      {create: true},
		"deleted by hand after the uid was known":       {uid: "uid", cleared: true, results: []Result{Deleted}},
		"deleted by hand after it was active":           {uid: "uid", wasActive: true, cleared: true, results: []Result{Deleted}},
		"complete after it was active":                  {uid: "uid", wasActive: true, child: completed, cleared: true, results: []Result{Complete}},
		"deleted by hand, and its name taken":           {uid: "uid", named: running, foreign: true, cleared: true, results: []Result{Deleted}},
	} {
		t.Run(name, func(t *testing.T) {
			g, c := NewWithT(t), theCronJob("0 3 * * *", observedBefore, withPending(at, test.uid))
			s := &State{CronJob: c, CreatedUID: test.created, Now: at.Add(5 * time.Minute)}
			if test.wasActive {
				c.Status.Active, c.Status.ActiveJobs = []v1beta1.ActiveRun{{Name: nameAt(c, at), UID: "uid"}}, 1
			}
			named := func(change func(*v1beta1.Job)) *v1beta1.Job {
				job := childAt(c, at)
				job.UID = "uid"
				change(job)
				if test.foreign {
					job.UID, job.OwnerReferences = "foreign", nil
				}
				return job
			}
			if test.child != nil {
				s.Children = []*v1beta1.Job{named(test.child)}
			}
			if test.named != nil {
				s.Named = metadataOf(named(test.named))
			}
			d, flaws := flawsOf(s)
			g.Expect(flaws).To(BeEmpty())
			status := c.Status
			if d.Status != nil {
				status = *d.Status
			}
			if test.cleared {
				g.Expect(status.Pending).To(BeNil())
			} else {
				g.Expect(status.Pending).NotTo(BeNil())
				g.Expect(status.Pending.UID).To(Equal(test.pending))
			}
			g.Expect(d.Create != nil).To(Equal(test.create))
			g.Expect(d.Results).To(Equal(test.results))
			g.Expect(status.Active).To(HaveLen(test.active))
		})
	}
}

// running changes nothing: so a Job is made.
func running(*v1beta1.Job) {}
