//go:build e2e

package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// everyMinute returns a CronJob of every minute, whose work counts its runs on each node.
func everyMinute(namespace string) *v1beta1.CronJob {
	work := shell(namespace, "", "echo run >> /basetarget/runs; echo ran > /dev/termination-log").Exit().Obj().Spec
	work.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll}
	return &v1beta1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "every-minute"},
		Spec: v1beta1.CronJobSpec{
			Schedule: "* * * * *", SuccessfulJobsHistoryLimit: new(int32(1)), JobTemplate: v1beta1.JobTemplateSpec{Spec: work},
		},
	}
}

func cronJobStatus(j *v1beta1.CronJob) func() (v1beta1.CronJobStatus, error) {
	return func() (v1beta1.CronJobStatus, error) {
		now := &v1beta1.CronJob{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
		return now.Status, err
	}
}

func patchSpec(j *v1beta1.CronJob, spec string) {
	GinkgoHelper()
	_, err := kubectl("patch", "dscj", j.Name, "-n", j.Namespace, "--type=merge", "-p", `{"spec":`+spec+`}`)
	Expect(err).NotTo(HaveOccurred())
}

// scheduledAfter returns the time of the first run that is written ahead after the given one,
// as soon as it is.
func scheduledAfter(j *v1beta1.CronJob, last time.Time) time.Time {
	GinkgoHelper()
	watcher, err := k8s.Watch(ctx, &v1beta1.CronJobList{}, client.InNamespace(j.Namespace))
	Expect(err).NotTo(HaveOccurred())
	defer watcher.Stop()
	for timeout := time.After(2 * time.Minute); ; {
		select {
		case event := <-watcher.ResultChan():
			now, ok := event.Object.(*v1beta1.CronJob)
			Expect(ok).To(BeTrue(), "the watch ended")
			if at := now.Status.LastScheduleTime; at != nil && at.After(last) {
				return at.Time
			}
		case <-timeout:
			Fail("no run was written ahead")
		}
	}
}

// namesIn returns the names of all objects of a list's kind in a namespace.
func namesIn(namespace string, list client.ObjectList) func() ([]string, error) {
	return func() ([]string, error) {
		if err := k8s.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
		var names []string
		err := meta.EachListItem(list, func(object runtime.Object) error {
			accessor, err := meta.Accessor(object)
			if err == nil {
				names = append(names, accessor.GetName())
			}
			return err
		})
		return names, err
	}
}

// nothingOnTheNodes waits until a namespace has no DaemonSet and no pod.
func nothingOnTheNodes(namespace string) {
	GinkgoHelper()
	Eventually(namesIn(namespace, &appsv1.DaemonSetList{})).Should(BeEmpty())
	Eventually(namesIn(namespace, &corev1.PodList{})).Should(BeEmpty())
}

var _ = Describe("a CronJob of every minute", Label("local"), Serial, func() {
	It("runs once on each node, also when the manager is killed at the minute, and keeps its history", func() {
		requireLocalCluster()
		DeferCleanup(renewOperator)
		ns := newNamespace()
		j := everyMinute(ns)
		Expect(k8s.Create(ctx, j)).To(Succeed())
		first := scheduledAfter(j, time.Time{})
		Eventually(runs(ns)).Should(Equal(eachNode("1")))

		By("killing the manager when the next run is written ahead, and changing the schedule, which leaves that run")
		second := scheduledAfter(j, first)
		pods, err := operatorPods()
		Expect(err).NotTo(HaveOccurred())
		kill(&pods[0], "manager")
		patchSpec(j, `{"schedule":"0 0 1 1 *"}`)
		Eventually(runs(ns)).Should(Equal(eachNode("2")))
		Expect(second.Sub(first) % time.Minute).To(BeZero())

		Eventually(cronJobStatus(j)).Should(And(HaveField("ActiveJobs", int32(0)), HaveField("Pending", BeNil()),
			HaveField("LastRun.Phase", v1beta1.RunPhase(v1beta1.PhaseComplete)), HaveField("LastRun.Completed", fmt.Sprintf("%d/%[1]d", len(nodes)))))
		name := fmt.Sprintf("every-minute-%d", second.Unix()/60)
		Eventually(namesIn(ns, &v1beta1.JobList{})).Should(HaveExactElements(name), "successfulJobsHistoryLimit is 1")
		nothingOnTheNodes(ns)
		Eventually(namesIn(ns, &v1beta1.JobRecordList{})).Should(HaveExactElements(HavePrefix(name+"-")), "they outlive the pods, and go with their Job")
		Expect(kubectl("get", "dscj", "-n", ns)).To(MatchRegexp(`every-minute +0 0 1 1 \* +Etc/UTC +false +0 +\d+\w+ +Complete +%d/%[1]d `, len(nodes)))
		Expect(runs(ns)()).To(Equal(eachNode("2")))

		By("deleting the CronJob, which leaves nothing")
		_, err = kubectl("delete", "dscj", "-n", ns, j.Name)
		Expect(err).NotTo(HaveOccurred())
		Eventually(namesIn(ns, &v1beta1.JobList{})).Should(BeEmpty())
		Eventually(namesIn(ns, &v1beta1.JobRecordList{})).Should(BeEmpty())
	})
})

var _ = Describe("a CronJob that forbids two runs at once", func() {
	It("waits for the pods of a run whose Job was deleted", func() {
		ns := newNamespace()
		j := everyMinute(ns)
		// The kubelet kills the work 30 s after it told the work to stop.
		j.Spec.JobTemplate.Spec = shell(ns, "", "trap '' TERM; echo run >> /basetarget/runs; sleep 3600").Exit().Obj().Spec
		j.Spec.ConcurrencyPolicy = v1beta1.ForbidConcurrent
		Expect(k8s.Create(ctx, j)).To(Succeed())
		first := scheduledAfter(j, time.Time{})
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		Eventually(cronJobStatus(j)).WithTimeout(2 * time.Minute).Should(HaveField("Conditions", ContainElement(HaveField("Reason", v1beta1.ReasonRunWaiting))))

		run := func(at time.Time) *v1beta1.Job { return named(ns, fmt.Sprintf("every-minute-%d", at.Unix()/60)) }
		Expect(k8s.Delete(ctx, run(first), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		second := scheduledAfter(j, first)
		patchSpec(j, `{"schedule":"0 0 1 1 *"}`)
		Eventually(status(run(second))).Should(HaveField("Blocked", v1beta1.ReasonPredecessorStopping))
		Eventually(func() (int, error) {
			counts, err := runs(ns)()
			if err != nil {
				return 0, err
			}
			left, err := podsOf(run(first))()
			if left > 0 {
				Expect(counts).To(Equal(eachNode("1")), "pods of the first run are still at work")
			}
			return left, err
		}).Should(BeZero())
		Eventually(runs(ns)).Should(Equal(eachNode("2")))
	})
})
