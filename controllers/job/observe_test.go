package job

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A Job that was suspended has gated pods. When it is resumed while no manager runs,
// the next one ungates them, although it does not know what an earlier one ungated.
func TestAManagerThatStartsUngatesTheNodesOfAResumedJob(t *testing.T) {
	g := NewWithT(t)
	cluster := fake.NewClientBuilder().WithIndex(&corev1.Event{}, eventsByUID, func(client.Object) []string { return nil }).Build()
	r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	r.podIndex.handler().Create(t.Context(), event.CreateEvent{Object: owned(pod("a").Gated())}, &delayed{})
	job, state := wrappers.Job("ns", "j").UID("j-uid").Obj(), &jobState{uid: "j-uid"}
	desired, err := state.desiredDaemonSet(job, "h1", Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	ds := desired.DeepCopy()
	ds.UID = theDaemonSet.UID
	s, err := r.observe(t.Context(), state, job, ds, plan.Blocker{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.ExpectationsMet).To(BeTrue())
	g.Expect(s.Pods).To(HaveLen(1))
}
