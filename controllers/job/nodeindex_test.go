package job

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

func TestNodesThatSayTheSame(t *testing.T) {
	taint := corev1.Taint{Key: "k", Effect: corev1.TaintEffectNoSchedule}
	for name, change := range map[string]func(*corev1.Node){
		"made again":          func(n *corev1.Node) { n.UID = "other" },
		"labelled":            func(n *corev1.Node) { n.Labels = map[string]string{"a": "b"} },
		"tainted":             func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{taint} },
		"no longer Ready":     func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionFalse },
		"NotReady since then": func(n *corev1.Node) { n.Status.Conditions[0].LastTransitionTime = metav1.NewTime(time.Unix(1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			after := node("a")
			change(after)
			NewWithT(t).Expect(sameNode(node("a"), after)).To(BeFalse())
		})
	}
	renewed := node("a")
	renewed.ResourceVersion = "2"
	NewWithT(t).Expect(sameNode(node("a"), renewed)).To(BeTrue())
}

// A heartbeat costs nothing, and each change of a node enqueues every Job.
func TestNodeIndexEnqueuesEveryJob(t *testing.T) {
	g, index, states := NewWithT(t), newNodeIndex(), newJobStates()
	states.of(client.ObjectKeyFromObject(aJob), aJob.UID)
	handler, tainted := index.handler(states), node("a")
	tainted.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	for _, test := range []struct {
		what   string
		change func(queue)
		jobs   []string
		nodes  int
	}{
		{"it joins", func(q queue) { handler.Create(t.Context(), event.CreateEvent{Object: node("a")}, q) }, []string{"j"}, 1},
		{"a heartbeat", func(q queue) { handler.Update(t.Context(), updated(node("a"), node("a")), q) }, nil, 1},
		{"it is tainted", func(q queue) { handler.Update(t.Context(), updated(node("a"), tainted), q) }, []string{"j"}, 1},
		{"it leaves", func(q queue) { handler.Delete(t.Context(), event.DeleteEvent{Object: tainted}, q) }, []string{"j"}, 0},
	} {
		q := &delayed{}
		_, before := index.snapshot()
		test.change(q)
		nodes, version := index.snapshot()
		g.Expect(q.jobs).To(Equal(test.jobs), test.what)
		g.Expect(nodes).To(HaveLen(test.nodes), test.what)
		g.Expect(version > before).To(Equal(test.jobs != nil), test.what)
	}
}

func TestStripNode(t *testing.T) {
	g, at := NewWithT(t), metav1.NewTime(time.Unix(1, 0))
	full := node("a")
	full.UID, full.ResourceVersion, full.CreationTimestamp = "u", "1", at
	full.Labels, full.Annotations = map[string]string{"a": "b"}, map[string]string{"large": "annotation"}
	full.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	full.Status.Conditions[0].LastTransitionTime, full.Status.Conditions[0].LastHeartbeatTime = at, at
	full.Status.Conditions = append(full.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeDiskPressure})
	full.Status.Images = []corev1.ContainerImage{{SizeBytes: 1}}

	want := node("a")
	want.UID, want.ResourceVersion, want.CreationTimestamp, want.Labels, want.Spec.Taints = "u", "1", at, full.Labels, full.Spec.Taints
	want.Status.Conditions[0].LastTransitionTime = at
	g.Expect(stripNode(full)).To(Equal(want))
	g.Expect(stripNode("another object")).To(Equal("another object"))
}

// The placement is computed again when a node or the template has changed. A desired
// DaemonSet and one that is there can have the same generation.
func TestPlace(t *testing.T) {
	g, index, state := NewWithT(t), newNodeIndex(), &jobState{}
	index.update(node("a"))
	place := func(onlyB bool) daemonset.Placement {
		ds := daemonSetFor(t, theJob().Obj(), 1)
		if ds.Generation = 1; onlyB {
			ds.Spec.Template.Spec.NodeName = "b"
		}
		template, generation := templateOf(state, ds)
		return index.place(&state.nodes, template, generation)[0].Placement
	}
	g.Expect(place(false)).To(Equal(daemonset.Placed))
	g.Expect(place(true)).To(Equal(daemonset.Placed), "nothing has changed")

	var err error
	state.desired, err = daemonset.Desired(theJob().Obj(), "h1", daemonset.Pause{})
	g.Expect(err).NotTo(HaveOccurred())
	state.desired.Spec.Template.Spec.NodeName, state.desiredGeneration = "b", 1
	template, generation := templateOf(state, nil)
	g.Expect(index.place(&state.nodes, template, generation)[0].Placement).To(Equal(daemonset.Excluded))
	g.Expect(place(false)).To(Equal(daemonset.Placed))

	tainted := node("a")
	tainted.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	index.update(tainted)
	g.Expect(place(false)).To(Equal(daemonset.Tainted))
}
