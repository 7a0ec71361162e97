package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// A Failed Job starts over for the nodes that are not done, and for no other.
func TestAFailedJobIsResumed(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(annotated(job(), "old"), daemonSet(2, 2), pod("a").Completed(), crashing("b"))
	p := Compute(s)
	g.Expect(*p.Status.Status.Resume).To(Equal("old"))
	s.Records = s.Records.Written(p.Pages, p.Later, now)
	s.Job.Status, s.DaemonSet, s.Pods = p.Status.Status, nil, nil
	g.Expect(stepsOf(Compute(s))).To(Equal(steps{}), "the annotation was there before")

	s.Job.Annotations[v1beta1.AnnotationResume] = "new"
	p = Compute(s)
	g.Expect(stepsOf(p)).To(Equal(steps{status: true, again: immediately}))
	status := p.Status.Status
	g.Expect(status.Conditions).NotTo(ContainElement(HaveField("Type", v1beta1.JobFailed)))
	g.Expect(status.Gated).To(BeTrue())
	g.Expect(status.RunGeneration).To(Equal(s.Job.Status.RunGeneration), "the run is the same")
	g.Expect(meta.IsStatusConditionFalse(status.Conditions, v1beta1.JobReady)).To(BeTrue())

	again := stateWith(annotated(job(), "new"), gatedDaemonSet(2, 2), pod("a").Gated(), pod("b").Gated())
	again.Records = s.Records
	again.Job.Status = status
	p = Compute(again)
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"b"}))
	g.Expect(p.Status.Status.Completed).To(Equal("1/2"))
	g.Expect(p.Status.Status.Failed).To(BeZero())
}

func TestAJobThatFailedWithoutRecordsIsNotResumed(t *testing.T) {
	g := NewWithT(t)
	status := ended(v1beta1.JobFailed, v1beta1.PhaseFailed, 9)
	status.TemplateHash, status.Resume = hash, new("")
	s := stateWith(annotated(job().Status(status), "1"), nil)
	p := Compute(s)
	g.Expect(p.Status.Events).To(ConsistOf(HaveField("Reason", v1beta1.ReasonRetryNotPossible)))
	g.Expect(meta.IsStatusConditionTrue(p.Status.Status.Conditions, v1beta1.JobFailed)).To(BeTrue())
	s.Job.Status = p.Status.Status
	g.Expect(Compute(s).Status).To(BeNil(), "it is said once")
}

// A failed pod of a Job that never ends holds no slot. One that is deleted to be made again does, until it has stopped.
func TestARetriedPodHoldsItsSlotUntilItHasStopped(t *testing.T) {
	g := NewWithT(t)
	status := started(10)
	status.RetryTime = new(metav1.NewTime(now))
	s := stateWith(job().Status(status).BackoffLimit(0).Parallelism("1").Never(), gatedDaemonSet(2, 2), crashing("a"), pod("b").Gated())
	p := Compute(s)
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Ungate).To(BeEmpty())
	s.Job.Spec.Parallelism = new(intstr.FromInt(2))
	g.Expect(nodesOf(Compute(s).Ungate)).To(Equal([]string{"b"}), "two may work")
}
