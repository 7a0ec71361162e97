package verdict

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// withStatus is a Job whose status is about its generation.
func withStatus(failed int32, conditions ...metav1.Condition) *v1beta1.Job {
	return wrappers.Job("ns", "j").Generation(2).Status(v1beta1.JobStatus{
		ObservedGeneration: 2, Completed: "3/5", Failed: failed, Conditions: conditions,
	}).Obj()
}

func isTrue(conditionType, reason string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: "because"}
}

func edited(job *v1beta1.Job, edit func(*v1beta1.Job)) *v1beta1.Job {
	edit(job)
	return job
}

func TestVerdicts(t *testing.T) {
	complete, failed := isTrue(v1beta1.JobComplete, v1beta1.ReasonAllNodesDone), isTrue(v1beta1.JobFailed, v1beta1.ReasonMaxFailedNodesExceeded)
	running := Verdict{Message: "3/5 of the nodes are done"}
	notObserved := Verdict{Message: "the operator has not observed the last change yet"}
	gone := Verdict{Over: true, Code: NodeFailed, Message: "deleted before it was over: 3/5 of the nodes were done"}
	for name, test := range map[string]struct {
		job           *v1beta1.Job
		want, deleted Verdict
	}{
		"running":                 {withStatus(1), running, gone},
		"complete":                {withStatus(0, complete), Verdict{true, OK, "Complete: because"}, Verdict{true, OK, "Complete: because"}},
		"complete, with failures": {withStatus(1, complete), Verdict{true, NodeFailed, "Complete: because"}, Verdict{true, NodeFailed, "Complete: because"}},
		"failed":                  {withStatus(1, failed), Verdict{true, NodeFailed, "Failed: because"}, Verdict{true, NodeFailed, "Failed: because"}},
		"failed by its deadline":  {withStatus(1, isTrue(v1beta1.JobFailed, v1beta1.ReasonDeadlineExceeded)), Verdict{true, Timeout, "Failed: because"}, Verdict{true, Timeout, "Failed: because"}},
		"complete after a deadline": {edited(withStatus(1, complete), func(j *v1beta1.Job) {
			j.Status.FailureGroups = []v1beta1.FailureGroup{{Reason: v1beta1.ReasonDeadlineExceeded}}
		}), Verdict{true, Timeout, "Complete: because"}, Verdict{true, Timeout, "Complete: because"}},
		"suspended":     {withStatus(0, isTrue(v1beta1.JobSuspended, v1beta1.ReasonSuspendedByUser)), Verdict{true, Suspended, "Suspended: because"}, gone},
		"changed since": {edited(withStatus(0, complete), func(j *v1beta1.Job) { j.Generation++ }), notObserved, gone},
		"resumed, and not seen yet": {edited(withStatus(1, failed), func(j *v1beta1.Job) {
			j.Status.Resume = new("")
			j.Annotations = map[string]string{v1beta1.AnnotationResume: "x"}
		}), notObserved, gone},
		"resumed before it failed": {edited(withStatus(1, failed), func(j *v1beta1.Job) {
			j.Status.Resume = new("x")
			j.Annotations = map[string]string{v1beta1.AnnotationResume: "x"}
		}), Verdict{true, NodeFailed, "Failed: because"}, Verdict{true, NodeFailed, "Failed: because"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(Of(test.job)).To(Equal(test.want))
			g.Expect(Deleted(test.job, false)).To(Equal(test.deleted))
		})
	}
}

func TestADeletionThatNobodySawSaysSo(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Deleted(withStatus(0), true)).To(Equal(Verdict{true, NodeFailed,
		"deleted while the API server could not be reached, and how it ended is unknown: 3/5 of the nodes were done before"}))
}
