package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("a JobRecord that a quota refuses", func() {
	It("delays the verdict that needs it, and stands on the Job", func() {
		ns := newNamespace()
		addNodes(ns, "a", "b")
		quota := &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "records"},
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/jobrecords.daemonset.darkowlzz.space": resource.MustParse("0")}},
		}
		Expect(k8s.Create(ctx, quota)).To(Succeed())
		j := create(retained(ns, 3600))
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True " + v1beta1.ReasonRecordRefused))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "2/2"))
		Consistently(condition(j, v1beta1.JobComplete)).Should(BeEmpty(), "it would come without its record")
		Expect(status(j)()).To(HaveField("Conditions", ContainElement(HaveField("Message", ContainSubstring("quota")))))

		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		Eventually(condition(j, v1beta1.JobComplete)).WithTimeout(45 * time.Second).Should(Equal("True AllNodesDone"))
		Expect(recordsOf(j)()).To(HaveExactElements(HaveField("Spec.Nodes", HaveLen(2))))
		Expect(condition(j, v1beta1.JobBlocked)()).To(Equal("False " + v1beta1.ReasonNotBlocked))
	})
})
