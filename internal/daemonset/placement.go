package daemonset

import (
	"iter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
)

// Placement is what the DaemonSet controller does with a node.
type Placement string

const (
	// Excluded nodes do not match the node selector, affinity or name of the pods.
	Excluded Placement = ""
	// Placed nodes get a pod, and keep it.
	Placed Placement = "placed"
	// NotReady nodes match, but for the taint of a node that is not ready. They keep
	// a pod that they have, and get none.
	NotReady Placement = "notReady"
	// Tainted nodes match, and have another taint that the pods do not tolerate.
	Tainted Placement = "tainted"
)

// Placer tells the Placement of nodes for the pods of one template, as the
// DaemonSet controller of Kubernetes decides it (its nodeShouldRunDaemonPod).
type Placer struct {
	nodeName     string
	affinity     nodeaffinity.RequiredNodeAffinity
	tolerations  []corev1.Toleration
	nodeSelector map[string]string
	// terms are those of the affinity, of which a node must match one.
	terms []corev1.NodeSelectorTerm
}

// NewPlacer returns the Placer of a DaemonSet's pod template.
func NewPlacer(template *corev1.PodTemplateSpec) *Placer {
	pod := &template.Spec
	tolerations := append([]corev1.Toleration(nil), pod.Tolerations...)
	for _, taint := range toleratedTaints {
		tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpExists, Effect: taint.Effect})
	}
	if pod.HostNetwork {
		tolerations = append(tolerations, corev1.Toleration{
			Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
	}
	p := &Placer{
		nodeName: pod.NodeName, tolerations: tolerations, nodeSelector: pod.NodeSelector,
		affinity: nodeaffinity.NewRequiredNodeAffinity(pod.NodeSelector, pod.Affinity),
	}
	if a := pod.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		p.terms = a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	}
	return p
}

// toleratedTaints are those that the DaemonSet controller lets all of its pods tolerate.
var toleratedTaints = []corev1.Taint{
	{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeDiskPressure, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeMemoryPressure, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodePIDPressure, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule},
}

// Place returns the Placement of a node.
func (p *Placer) Place(node *corev1.Node) Placement {
	if p.nodeName != "" && p.nodeName != node.Name {
		return Excluded
	}
	// The DaemonSet controller ignores errors of the affinity as well: it matches nothing then.
	if matches, _ := p.affinity.Match(node); !matches {
		return Excluded
	}
	placement := Placed
	for taint := range p.untolerated(node) {
		if !isOfReadiness(taint) {
			return Tainted
		}
		placement = NotReady
	}
	return placement
}

// untolerated yields the taints of a node that keep the pods away.
func (p *Placer) untolerated(node *corev1.Node) iter.Seq[*corev1.Taint] {
	return func(yield func(*corev1.Taint) bool) {
		for i := range node.Spec.Taints {
			taint := &node.Spec.Taints[i]
			if taint.Effect == corev1.TaintEffectPreferNoSchedule ||
				corev1helpers.TolerationsTolerateTaint(klog.Background(), p.tolerations, taint, true) {
				continue
			}
			if !yield(taint) {
				return
			}
		}
	}
}

// isOfReadiness returns whether Kubernetes sets the taint on a node that is not Ready.
func isOfReadiness(taint *corev1.Taint) bool {
	return taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable
}
