package job

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The verdict Failed is written before the pods are told to stop.
func TestARunWaitsForThePodsOfAFailedOne(t *testing.T) {
	verdict := func(conditionType string) v1beta1.JobStatus {
		return v1beta1.JobStatus{ObservedGeneration: 1, Conditions: []metav1.Condition{{Type: conditionType, Status: metav1.ConditionTrue}}}
	}
	remove := func(earlier *v1beta1.Job, _ *corev1.Node) { earlier.DeletionTimestamp = new(metav1.Now()) }
	for name, test := range map[string]struct {
		policy  v1beta1.ConcurrencyPolicy
		earlier v1beta1.JobStatus
		change  func(earlier *v1beta1.Job, node *corev1.Node)
		waits   bool
	}{
		"deleted in the background":          {v1beta1.ForbidConcurrent, v1beta1.JobStatus{}, remove, true},
		"deleted, and the policy is Replace": {v1beta1.ReplaceConcurrent, verdict(v1beta1.JobFailed), remove, true},
		"deleted, and runs may overlap":      {v1beta1.AllowConcurrent, verdict(v1beta1.JobFailed), remove, false},
		"deleted, of another CronJob": {v1beta1.ForbidConcurrent, v1beta1.JobStatus{}, func(earlier *v1beta1.Job, _ *corev1.Node) {
			earlier.Name, earlier.DeletionTimestamp = "weekly-report-1", new(metav1.Now())
		}, false},
		"failed":                            {v1beta1.ForbidConcurrent, verdict(v1beta1.JobFailed), nil, true},
		"failed, and the policy is Replace": {v1beta1.ReplaceConcurrent, verdict(v1beta1.JobFailed), nil, true},
		"failed, and runs may overlap":      {v1beta1.AllowConcurrent, verdict(v1beta1.JobFailed), nil, false},
		"complete: its pods have no work":   {v1beta1.ForbidConcurrent, verdict(v1beta1.JobComplete), nil, false},
		"at work: it was started by hand":   {v1beta1.ForbidConcurrent, v1beta1.JobStatus{}, nil, false},
		"of another CronJob": {v1beta1.ForbidConcurrent, verdict(v1beta1.JobFailed), func(earlier *v1beta1.Job, _ *corev1.Node) {
			earlier.OwnerReferences[0].UID = "other"
		}, false},
		"on a node that is away": {v1beta1.ForbidConcurrent, verdict(v1beta1.JobFailed), func(_ *v1beta1.Job, node *corev1.Node) {
			node.Status.Conditions[0].Status, node.Status.Conditions[0].LastTransitionTime = corev1.ConditionUnknown, metav1.Now()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cronJob := &v1beta1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "weekly", UID: "u"}}
			cronJob.Spec.ConcurrencyPolicy = test.policy
			earlier := wrappers.Job("ns", "weekly-1").UID("earlier").Generation(1).OfCronJob("weekly", "u").Status(test.earlier).Obj()
			on := node("a")
			if test.change != nil {
				test.change(earlier, on)
			}
			pod := owned(wrappers.Pod(earlier, "a", "h"))
			waitsFor := "weekly-1, which is deleted"
			objects := []client.Object{theJob().OfCronJob("weekly", "u").Obj(), cronJob, on, pod}
			if earlier.DeletionTimestamp.IsZero() {
				objects, waitsFor = append(objects, earlier), "weekly-1"
			}
			c := newCluster(t, objects...)
			r := New(c.server, c.server, c.recorder, c.clock, Options{})

			blocker, err := r.earlierRun(context.Background(), theJob().OfCronJob("weekly", "u").Obj())
			c.must(err)
			if !test.waits {
				c.g.Expect(blocker.Reason).To(BeEmpty())
				return
			}
			c.g.Expect(blocker.Reason).To(Equal(v1beta1.ReasonPredecessorStopping))
			c.g.Expect(blocker.Message).To(HavePrefix("1 pods of Job " + waitsFor + ", an earlier run, may still be at work: " + pod.GetName() + " on a"))
			c.must(c.server.Delete(context.Background(), pod, client.GracePeriodSeconds(0)))
			blocker, err = r.earlierRun(context.Background(), theJob().OfCronJob("weekly", "u").Obj())
			c.must(err)
			c.g.Expect(blocker.Reason).To(BeEmpty())
		})
	}
	c := newCluster(t, theJob().Obj())
	blocker, err := c.r.earlierRun(context.Background(), theJob().Obj())
	c.must(err)
	c.g.Expect(blocker.Reason).To(BeEmpty())
}

// The manager tells the CronJob that it cannot decode it, and starts its run.
func TestARunOfACronJobThatCannotBeDecoded(t *testing.T) {
	job := theJob().OfCronJob("weekly", "u").Obj()
	c := newCluster(t, job)
	cached := interceptor.NewClient(c.server, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
			return unstructured.SetNestedField(object.(*unstructured.Unstructured).Object, "every week", "spec", "failedJobsHistoryLimit")
		},
	})
	blocker, err := New(cached, c.server, c.recorder, c.clock, Options{}).earlierRun(context.Background(), job)
	c.must(err)
	c.g.Expect(blocker.Reason).To(BeEmpty())
}
