package cronjob_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// runName is the name of the Job of the run at t.
func runName(c *v1beta1.CronJob, t time.Time) string {
	return fmt.Sprintf("%s-%d", c.Name, t.Unix()/60)
}

// names returns the names of the Jobs of the runs at these times.
func names(c *v1beta1.CronJob, times ...time.Time) (names []string) {
	for _, t := range times {
		names = append(names, runName(c, t))
	}
	return names
}

// runs returns the names of all Jobs that the operators ever created, in order.
func (w *world) runs() []string { return w.runsOf(nil) }

// runsOf returns those of a CronJob, of all with nil.
func (w *world) runsOf(c *v1beta1.CronJob) (names []string) {
	w.mu.Lock()
	all := slices.Clone(w.all)
	w.mu.Unlock()
	for _, o := range all {
		for _, one := range o.wire.sent("POST jobs") {
			if one.tookEffect() && (c == nil || one.cronJob() == c.Name) {
				names = append(names, one.name)
			}
		}
	}
	return names
}

// attempts returns how often the operators asked to create a Job.
func (w *world) attempts() (n int) {
	for _, o := range w.operators() {
		n += len(o.wire.sent("POST jobs"))
	}
	return n
}

// jobOf returns the Job of the run at t.
func jobOf(c *v1beta1.CronJob, t time.Time) (*v1beta1.Job, error) {
	j := &v1beta1.Job{}
	return j, k8s.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: runName(c, t)}, j)
}

// job returns the Job of the run at t, once it exists.
func job(c *v1beta1.CronJob, t time.Time) (j *v1beta1.Job) {
	GinkgoHelper()
	Eventually(func() (err error) {
		j, err = jobOf(c, t)
		return err
	}).Should(Succeed())
	return j
}

// jobsIn returns the names of the Jobs in a namespace.
func jobsIn(ns string) func() ([]string, error) {
	return func() (names []string, err error) {
		list := &v1beta1.JobList{}
		err = k8s.List(ctx, list, client.InNamespace(ns))
		for i := range list.Items {
			names = append(names, list.Items[i].Name)
		}
		return names, err
	}
}

// finish ends a Job, as the operator's other controller does.
func finish(j *v1beta1.Job, conditionType string, at time.Time) {
	GinkgoHelper()
	phase := map[string]v1beta1.JobPhase{v1beta1.JobComplete: v1beta1.PhaseComplete, v1beta1.JobFailed: v1beta1.PhaseFailed}[conditionType]
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": phase, "completed": "2/2", "observedGeneration": j.Generation, "completionTime": at.UTC().Format(time.RFC3339),
		"conditions": []metav1.Condition{{
			Type: conditionType, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonAllNodesDone, Message: "2 of 2", LastTransitionTime: metav1.NewTime(at),
		}},
	}})
	Expect(err).NotTo(HaveOccurred())
	Expect(k8s.Status().Patch(ctx, j, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
}

// byHand creates a Job that the CronJob controls, as the plugin does.
func byHand(c *v1beta1.CronJob, change ...func(*v1beta1.Job)) *v1beta1.Job {
	GinkgoHelper()
	j := wrappers.Job(c.Namespace, c.Name+"-manual-abcde").Label(v1beta1.LabelCronJob, c.Name).Obj()
	j.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(c, v1beta1.GroupVersion.WithKind("CronJob"))}
	for _, one := range change {
		one(j)
	}
	Expect(k8s.Create(ctx, j)).To(Succeed())
	return j
}

// setFinalizers sets the finalizers of a Job.
func setFinalizers(j *v1beta1.Job, finalizers ...string) {
	GinkgoHelper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": finalizers}})
	Expect(err).NotTo(HaveOccurred())
	Expect(k8s.Patch(ctx, j, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
}
