package job

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Garbage collection never takes the DaemonSet of a Job that was deleted and created again
// while its watch of Jobs was interrupted.
func TestTheDaemonSetOfAnEarlierJobIsDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		// change changes the cluster after the cache was synced.
		change func(c *cluster)
		// owner is the UID of the Job that controls the DaemonSet, and left says whether it stays.
		owner types.UID
		left  bool
	}{
		"its Job is gone": {func(*cluster) {}, "other", false},
		"the cached Job is stale, and it is that of the present one": {func(c *cluster) {
			c.job.UID = "other"
		}, theJob().Obj().UID, true},
		"the user orphaned it in the meantime": {func(c *cluster) {
			ds := c.ds.DeepCopy()
			ds.OwnerReferences = nil
			c.must(c.server.Update(context.Background(), ds))
		}, "other", true},
	} {
		t.Run(name, func(t *testing.T) {
			ds := ownedBy(t, func(o *metav1.OwnerReference) { o.UID = test.owner })
			c := newCluster(t, theJob().Obj(), node("a"), ds)
			test.change(c)
			c.must(c.reconcile())
			c.g.Expect(c.get(ds.DeepCopy())).To(Equal(test.left))
			if test.left {
				return
			}
			c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonPredecessorStopping))
			c.sync()
			c.must(c.reconcile())
			c.g.Expect(c.get(ds)).To(BeTrue())
			c.g.Expect(metav1.IsControlledBy(ds, theJob().Obj())).To(BeTrue())
		})
	}
}

// Garbage collection would never delete the pods of a DaemonSet that was deleted and created
// again while its watch of DaemonSets was interrupted.
func TestADaemonSetWaitsUntilThePodsOfAnEarlierOneAreCollected(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	controlledBy := func(kind, name string) *metav1.OwnerReference {
		return &metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, UID: "absent", Controller: new(true)}
	}
	for name, test := range map[string]struct {
		owner *metav1.OwnerReference
		// deleted says that the pod is being deleted.
		deleted bool
		waits   bool
	}{
		"of the earlier DaemonSet":       {controlledBy("DaemonSet", ds.Name), false, true},
		"of one that is being deleted":   {controlledBy("DaemonSet", ds.Name), true, false},
		"of a DaemonSet of another name": {controlledBy("DaemonSet", "other"), false, false},
		"of another kind":                {controlledBy("ReplicaSet", ds.Name), false, false},
		"of nobody":                      {nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podFor(ds, "a", completed)
			pod.SetOwnerReferences(nil)
			if test.owner != nil {
				pod.SetOwnerReferences([]metav1.OwnerReference{*test.owner})
			}
			pod.SetFinalizers([]string{"example.com/slow"})
			c := newCluster(t, theJob().Obj(), node("a"), pod)
			if test.deleted {
				c.must(c.server.Delete(context.Background(), pod.DeepCopyObject().(client.Object)))
				c.sync()
			}
			c.must(c.reconcile())
			c.g.Expect(c.sent["Delete"]).To(BeZero(), "the DaemonSet controller may make it again")
			if test.waits {
				c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonPredecessorStopping))
				c.g.Expect(c.sent["Apply"]).To(BeZero())
				return
			}
			c.g.Expect(c.sent["Apply"]).To(Equal(1))
		})
	}
}
