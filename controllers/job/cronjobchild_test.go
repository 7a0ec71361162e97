package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var _ = Describe("a Job that a CronJob controls", func() {
	var ns string
	var owner *v1beta1.CronJob
	BeforeEach(func() {
		ns = newNamespace()
		addNodes(ns, "a", "b")
		owner = &v1beta1.CronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "c"},
			Spec:       v1beta1.CronJobSpec{Schedule: "@yearly", Suspend: new(true), JobTemplate: v1beta1.JobTemplateSpec{Spec: pooled(ns, "j").Spec}},
		}
		Expect(k8s.Create(ctx, owner)).To(Succeed())
	})
	child := func(w *wrappers.JobWrapper) *v1beta1.Job {
		GinkgoHelper()
		w.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1beta1.GroupVersion.WithKind("CronJob"))}
		return create(w)
	}
	withResults := func(retainSeconds *int32) *wrappers.JobWrapper {
		w := pooled(ns, "j")
		w.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll, RetainSeconds: retainSeconds}
		return w
	}
	complete := func(j *v1beta1.Job) {
		GinkgoHelper()
		finish(ns, j.Name, "a")
		finish(ns, j.Name, "b")
		Eventually(condition(j, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))
	}

	for name, retain := range map[string]*int32{"retained": new(int32(3600)), "its own": nil} {
		It("is history when it is complete: nothing on the nodes, its status and JobRecords kept, "+name, func() {
			j := child(withResults(retain))
			complete(j)
			Eventually(notFound(j)).Should(BeTrue())
			Eventually(podNames(j)).Should(BeEmpty())
			Consistently(func(g Gomega) {
				g.Expect(status(j)()).To(phaseAnd(v1beta1.PhaseComplete, "2/2"))
				g.Expect(recordsOf(j)()).To(HaveExactElements(HaveField("Spec.Nodes", HaveLen(2))))
				g.Expect(notFound(j)()).To(BeTrue())
			}).WithTimeout(2 * time.Second).Should(Succeed())
			Expect(condition(j, v1beta1.JobReady)()).To(Equal("True AllNodesDone"))
			Expect(status(j)()).To(HaveField("Conditions", ContainElement(And(HaveField("Type", v1beta1.JobComplete),
				Not(HaveField("Message", ContainSubstring("would apply it again")))))), "no GitOps tool has it")
		})
	}

	It("goes with its CronJob, and all that was made for it", func() {
		j := child(withResults(nil))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/2"))
		Expect(k8s.Delete(ctx, owner, client.PropagationPolicy(metav1.DeletePropagationForeground))).To(Succeed())
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(owner), &v1beta1.CronJob{}))
		}).Should(BeTrue())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), &v1beta1.Job{})).To(Satisfy(apierrors.IsNotFound), "the CronJob waits for it")
		Eventually(notFound(j)).Should(BeTrue())
		Eventually(recordsOf(j)).Should(BeEmpty())
	})
})
