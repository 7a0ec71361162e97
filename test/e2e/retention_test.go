//go:build e2e

package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stopOperator scales the operator to 0, and waits until its last process has ended.
func stopOperator() {
	GinkgoHelper()
	scale(0)
	Eventually(func() ([]corev1.Pod, error) {
		list := &corev1.PodList{}
		err := k8s.List(ctx, list, client.InNamespace(operatorNamespace))
		return list.Items, err
	}).Should(BeEmpty())
}

// pageOf returns the Job's JobRecord, and nil if there is none.
func pageOf(j *v1beta1.Job) func() (*v1beta1.JobRecord, error) {
	return func() (*v1beta1.JobRecord, error) {
		list := &v1beta1.JobRecordList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels{v1beta1.LabelJobUID: string(j.UID)})
		switch len(list.Items) {
		case 0:
			return nil, err
		case 1:
			return &list.Items[0], err
		}
		return nil, fmt.Errorf("%d pages", len(list.Items))
	}
}

// exists returns an error if the Job is gone.
func exists(j *v1beta1.Job) func() error {
	return func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(j), &v1beta1.Job{}) }
}

// lastEndOf returns when the last node of a page ended.
func lastEndOf(page *v1beta1.JobRecord) time.Time {
	var last time.Time
	for _, entry := range page.Spec.Nodes {
		if entry.EndTime != nil && entry.EndTime.After(last) {
			last = entry.EndTime.Time
		}
	}
	return last
}

var _ = Describe("an operator that is down", Label("local"), Serial, func() {
	BeforeEach(requireLocalCluster)

	// One spec, since the operator takes seconds to start.
	It("deletes when it is back what expired in the meantime, and nothing before its time", func() {
		ns := newNamespace()
		retained := func(name string, seconds int32) *v1beta1.Job {
			w := shell(ns, name, "true").Exit().TTL(600)
			w.Spec.Results = &v1beta1.Results{RetainSeconds: new(seconds)}
			return create(w)
		}
		short, long := retained("short", 1), retained("long", 20)
		expiring := create(shell(ns, "expiring", "true").Exit().TTL(600))
		for _, j := range []*v1beta1.Job{short, long, expiring} {
			Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseComplete))
		}
		page, err := pageOf(long)()
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Spec.Nodes).To(HaveLen(len(nodes)))

		DeferCleanup(scale, 1)
		stopOperator()
		Expect(k8s.Delete(ctx, short)).To(Succeed())
		Expect(k8s.Delete(ctx, long)).To(Succeed())
		// The time of a Job with a short TTL could be over before the operator is down.
		change(expiring, func(spec *v1beta1.JobSpec) { spec.TTLSecondsAfterFinished = new(int32(1)) })
		Consistently(func(g Gomega) {
			g.Expect(pageOf(short)()).NotTo(BeNil())
			g.Expect(pageOf(long)()).NotTo(BeNil())
			g.Expect(exists(expiring)()).To(Succeed())
		}, "2s").Should(Succeed())

		scale(1)
		Eventually(pageOf(short)).Should(BeNil(), "it was to be kept for a second")
		Eventually(exists(expiring)).Should(MatchError(apierrors.IsNotFound, "IsNotFound"))
		Eventually(pageOf(long)).Should(BeNil())
		Expect(time.Now()).To(BeTemporally(">=", lastEndOf(page).Add(20*time.Second)))
	})
})
