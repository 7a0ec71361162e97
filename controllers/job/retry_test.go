package job

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// A failed pod may succeed between the read and the deletion for its retry.
func TestARetryDoesNotDeleteWorkThatIsDone(t *testing.T) {
	retried := theJob().Status(v1beta1.JobStatus{RetryTime: new(metav1.NewTime(time.Now())), Gated: true}).Obj()
	ds := daemonSetFor(t, retried, 1)
	c := newCluster(t, retried, node("a"), ds, podFor(ds, "a", failing))
	done, ok := podFor(ds, "a", failing).(*corev1.Pod)
	c.g.Expect(ok).To(BeTrue())
	c.g.Expect(c.get(done)).To(BeTrue())
	done.Status.Conditions = append(done.Status.Conditions, corev1.PodCondition{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue})
	c.must(c.server.Status().Update(context.Background(), done))
	c.must(c.reconcile())
	c.g.Expect(c.get(done)).To(BeTrue(), "its work would run once more")
	c.sync()
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseComplete))
}
