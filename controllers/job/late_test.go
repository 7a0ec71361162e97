package job

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// A live list that takes minutes leaves time to suspend the Job, or to make it again.
func TestALatePlanIsDecidedAgain(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	change := func(change func(*v1beta1.Job)) *v1beta1.Job {
		job := aJob.DeepCopy()
		change(job)
		return job
	}
	for name, test := range map[string]struct {
		cached *v1beta1.Job
		guard  plan.Guard
		took   time.Duration
		late   bool
	}{
		"in time":                {change(func(j *v1beta1.Job) { j.Generation++ }), plan.Guard{}, lateAfter - 1, false},
		"nothing changed":        {change(func(j *v1beta1.Job) { j.Status.Succeeded++ }), plan.Guard{}, time.Minute, false},
		"the cache is behind":    {change(func(j *v1beta1.Job) { j.Generation-- }), plan.Guard{}, time.Minute, false},
		"it was suspended":       {change(func(j *v1beta1.Job) { j.Generation++ }), plan.Guard{}, time.Minute, true},
		"it was made again":      {change(func(j *v1beta1.Job) { j.UID = "another" }), plan.Guard{}, time.Minute, true},
		"it is being deleted":    {change(func(j *v1beta1.Job) { j.DeletionTimestamp, j.Finalizers = new(metav1.Now()), []string{"a/b"} }), plan.Guard{}, time.Minute, true},
		"it is gone":             {nil, plan.Guard{}, time.Minute, true},
		"the policy came back":   {aJob.DeepCopy(), plan.Guard{Missing: "it was"}, time.Minute, true},
		"the policy is enforced": {aJob.DeepCopy(), plan.Guard{Since: now}, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, known := NewWithT(t), runtime.NewScheme()
			g.Expect(v1beta1.AddToScheme(known)).To(Succeed())
			server := fake.NewClientBuilder().WithScheme(known)
			if test.cached != nil {
				server.WithObjects(test.cached)
			}
			c := server.Build()
			r := New(c, c, events.NewFakeRecorder(1), testingclock.NewFakePassiveClock(now.Add(test.took)), Options{})
			err := r.checkLate(t.Context(), &plan.State{Job: aJob, Now: now, Guard: test.guard})
			if test.late {
				g.Expect(err).To(MatchError(errLate))
			} else {
				g.Expect(err).NotTo(HaveOccurred())
			}
		})
	}
}
