package job

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

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

// Garbage collection never deletes the pods of a DaemonSet that was deleted and created again
// while its watch of DaemonSets was interrupted.
func TestThePodsOfAnAbsentDaemonSetAreDeleted(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	controlledBy := func(kind, name string) *metav1.OwnerReference {
		return &metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, UID: "absent", Controller: new(true)}
	}
	for name, test := range map[string]struct {
		owner *metav1.OwnerReference
		// created says that the DaemonSet is created after it was read.
		created bool
		left    bool
	}{
		"of the absent DaemonSet":        {controlledBy("DaemonSet", ds.Name), false, false},
		"of a DaemonSet of another name": {controlledBy("DaemonSet", "other"), false, true},
		"of another kind":                {controlledBy("ReplicaSet", ds.Name), false, true},
		"of nobody":                      {nil, false, true},
		"of one created in the meantime": {controlledBy("DaemonSet", ds.Name), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podFor(ds, "a", completed)
			pod.SetOwnerReferences(nil)
			if test.owner != nil {
				pod.SetOwnerReferences([]metav1.OwnerReference{*test.owner})
			}
			c := newCluster(t, theJob().Obj(), node("a"), pod)
			lists := 0
			c.fault = func(verb string, before bool) error {
				if verb != "List" || before {
					return nil
				}
				if lists++; lists == 2 && test.created {
					return c.server.Create(context.Background(), ds.DeepCopy())
				}
				return nil
			}
			c.must(c.reconcile())
			c.g.Expect(c.get(pod)).To(Equal(test.left))
			if !test.left {
				c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonPredecessorStopping))
				c.g.Expect(c.sent["Apply"]).To(BeZero())
			}
		})
	}
}
