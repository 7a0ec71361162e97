package nodecache

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func readyNode() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "u", ResourceVersion: "1", CreationTimestamp: metav1.NewTime(time.Unix(2, 0)), Labels: map[string]string{"a": "b", "c": "d"}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

func TestNodesThatSayTheSame(t *testing.T) {
	taint := corev1.Taint{Key: "k", Effect: corev1.TaintEffectNoSchedule}
	for name, change := range map[string]func(*corev1.Node){
		"made again":          func(n *corev1.Node) { n.UID = "other" },
		"labelled":            func(n *corev1.Node) { n.Labels["a"] = "c" },
		"no longer labelled":  func(n *corev1.Node) { n.Labels = nil },
		"tainted":             func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{taint} },
		"no longer Ready":     func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionFalse },
		"NotReady since then": func(n *corev1.Node) { n.Status.Conditions[0].LastTransitionTime = metav1.NewTime(time.Unix(1, 0)) },
		"not reported":        func(n *corev1.Node) { n.Status.Conditions = nil },
	} {
		t.Run(name, func(t *testing.T) {
			g, after := NewWithT(t), readyNode()
			change(after)
			g.Expect(Of(readyNode()).SaysTheSame(Of(after))).To(BeFalse())
			g.Expect(Of(after).SaysTheSame(Of(readyNode()))).To(BeFalse())
		})
	}
	renewed := readyNode()
	renewed.ResourceVersion, renewed.Annotations = "2", map[string]string{"x": "y"}
	NewWithT(t).Expect(Of(readyNode()).SaysTheSame(Of(renewed))).To(BeTrue())
}

func TestWhatIsKeptOfANode(t *testing.T) {
	g, full := NewWithT(t), readyNode()
	full.Annotations = map[string]string{"large": "annotation"}
	full.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	full.Status.Conditions[0].LastHeartbeatTime = metav1.NewTime(time.Unix(3, 0))
	full.Status.Conditions = append(full.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeDiskPressure})
	full.Status.Images = []corev1.ContainerImage{{SizeBytes: 1}}
	want := readyNode()
	want.Spec.Taints = full.Spec.Taints

	stripped, err := Strip(full)
	g.Expect(err).NotTo(HaveOccurred())
	kept, node := stripped.(*Node), &corev1.Node{}
	kept.Into(node)
	g.Expect(node).To(Equal(want))
	g.Expect(kept.GetLabels()).To(Equal(want.Labels))
	g.Expect([]any{kept.GetName(), kept.GetUID(), kept.GetResourceVersion(), kept.GetCreationTimestamp()}).To(
		Equal([]any{want.Name, want.UID, want.ResourceVersion, want.CreationTimestamp}))
	g.Expect(Strip(kept)).To(BeIdenticalTo(kept))
	g.Expect(Strip("another object")).To(Equal("another object"))
}

// One node reads all others, and keeps nothing of the one before.
func TestANodeIsReadInto(t *testing.T) {
	g, node := NewWithT(t), &corev1.Node{}
	tainted := readyNode()
	tainted.Labels, tainted.Spec.Taints = map[string]string{"x": "y"}, []corev1.Taint{{Key: "k"}}
	Of(tainted).Into(node)
	Of(readyNode()).Into(node)
	g.Expect(node).To(Equal(readyNode()))
	bare := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "bare"}}
	Of(bare).Into(node)
	g.Expect(node.Name).To(Equal("bare"))
	g.Expect(node.Labels).To(BeEmpty())
	g.Expect(node.Status.Conditions).To(BeEmpty())
}
