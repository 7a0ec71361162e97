package main

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestOnlyTheGarbageCollectorLeavesGarbage(t *testing.T) {
	leave := func(owner *metav1.OwnerReference, absent, deleted bool) *leftover {
		l := &leftover{&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, owner, absent}
		if deleted {
			l.DeletionTimestamp = new(metav1.Now())
		}
		return l
	}
	owner := &metav1.OwnerReference{Kind: "Job", Name: "j", UID: "u"}
	garbage := leave(owner, true, false)
	for name, test := range map[string]struct {
		counts map[string]int
		left   []*leftover
		want   bool
	}{
		"the API server was killed":       {map[string]int{"API server killed": 1}, []*leftover{garbage}, true},
		"the CRD changed":                 {map[string]int{"undecodable": 1}, []*leftover{garbage}, true},
		"no watch ended":                  {nil, []*leftover{garbage}, false},
		"the operator set no owner":       {map[string]int{"API server killed": 1}, []*leftover{garbage, leave(nil, false, false)}, false},
		"the owner is there":              {map[string]int{"API server killed": 1}, []*leftover{garbage, leave(owner, false, false)}, false},
		"it is deleted, and does not end": {map[string]int{"API server killed": 1}, []*leftover{garbage, leave(owner, true, true)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &soak{counts: test.counts}
			NewWithT(t).Expect(s.isGarbage(test.left)).To(Equal(test.want))
		})
	}
}

// testWhatIsLeft tests that what is left says whether its owners exist, on an API server.
func testWhatIsLeft(t *testing.T, s *soak, job *soakJob) {
	g, ctx, k8s := NewWithT(t), t.Context(), s.env.client
	present := &v1beta1.Job{}
	g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespaceSoak, Name: job.name}, present)).To(Succeed())
	absent := wrappers.Job(namespaceSoak, job.name).UID("absent").Obj()
	pod := func(name string, owner *v1beta1.Job) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: name, OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(owner, v1beta1.GroupVersion.WithKind("Job")),
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: image}}},
		}
	}
	for _, p := range []*corev1.Pod{pod("of-present", present), pod("of-absent", absent)} {
		g.Expect(k8s.Create(ctx, p)).To(Succeed())
	}
	g.Expect(s.nothingLeft(ctx)).To(MatchError(And(
		MatchRegexp(`^3 objects are left: Job soak/%[1]s \(\S+\) of \S+, without an owner; `, job.name),
		MatchRegexp(`Pod soak/of-absent \(\S+\) of \S+, of the absent Job %s \(absent\); `, job.name),
		MatchRegexp(`Pod soak/of-present \(\S+\) of \S+, of the present Job %s \(\S+\), for 0s$`, job.name),
	)))
	for _, name := range []string{"of-present", "of-absent"} {
		g.Expect(k8s.Delete(ctx, pod(name, present), client.GracePeriodSeconds(0))).To(Succeed())
	}
}
